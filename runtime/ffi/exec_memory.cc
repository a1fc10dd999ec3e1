#include "runtime/ffi/exec_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>

#include "runtime/exec/machine_code.h"
#include "runtime/ffi/arguments.h"

namespace smf::ffi {
namespace {

using Protection = os::MapOptions::Protection;

static_assert(static_cast<int>(Protection::kRead) == PROT_READ);
static_assert(static_cast<int>(Protection::kWrite) == PROT_WRITE);
static_assert(static_cast<int>(Protection::kExecute) == PROT_EXEC);

constexpr std::uint64_t kLine = 64;  // a multiple of every processor's trap

std::uint64_t page_size() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::byte* pointer(std::uint64_t address) { return reinterpret_cast<std::byte*>(address); }

std::uint64_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

}  // namespace

ExecMemory::Block::Block(Kind made_of, std::int64_t bytes)
    : kind(made_of),
      size(static_cast<std::uint64_t>(bytes)),
      protection(made_of == Kind::kCode ? Protection::kReadExecute : Protection::kReadWrite),
      has_been_executable(made_of == Kind::kCode) {}

bool ExecMemory::Block::is_executable() const { return has(protection, Protection::kExecute); }

// A block, and a place in it.
struct ExecMemory::Spot {
  Blocks::iterator found;
  std::uint64_t offset = 0;

  std::uint64_t begin() const { return found->first; }
  Block& block() const { return found->second; }
  bool is_code() const { return block().kind == Block::Kind::kCode; }
  std::uint64_t page_bytes() const { return align_up(block().size, page_size()); }

  Result<void> check_range(std::uint64_t from, std::uint64_t length) const {
    if (in_range(from, length, block().size - offset)) return {};
    return refuse(fmt::format("{} bytes from 0x{:x} + {} lead out of the {} allocated at 0x{:x}",
                              length, begin() + offset, from, block().size, begin()));
  }

  Result<void> check_idle() const {
    // Later calls need the lock. What earlier ones did is done before what follows.
    const std::uint64_t calls = block().calls.load(std::memory_order_acquire);
    if (calls == 0) return {};
    return fail(ErrorCode::kUnsupported,
                fmt::format("the code allocated at 0x{:x} is being called: calls under way: {}",
                            begin(), calls));
  }
};

ExecMemory::ExecMemory(const Options& options)
    : options_(options),
      calls_(options.calls != nullptr ? options.calls : &os::SystemCalls::kernel()) {}

ExecMemory::~ExecMemory() {
  for (auto found = blocks_.begin(); found != blocks_.end(); ++found) {
    const Spot spot{.found = found};
    if (!spot.is_code()) calls_->munmap(pointer(spot.begin()), spot.page_bytes());
  }
}

// ---- Allocating and freeing ----

Result<CodeMemory*> ExecMemory::code_memory() {
  const std::lock_guard lock(mutex_);
  if (!code_) {
    SMF_ASSIGN(CodeMemory made,
               CodeMemory::create({.protection = options_.protection, .calls = calls_}));
    code_.emplace(std::move(made));
  }
  return &*code_;
}

// A node, so that there is nothing left to allocate once the memory is there.
Result<std::int64_t> ExecMemory::add(Blocks::node_type block) {
  const std::uint64_t begin = block.key();
  const auto size = static_cast<std::int64_t>(block.mapped().size);
  const std::lock_guard lock(mutex_);
  // Somebody else unmapped ours, and the system gave the address away again.
  if (!blocks_.insert(std::move(block)).inserted)
    return refuse(fmt::format("the memory at 0x{:x} was unmapped by other means", begin));
  total_ += size;
  return static_cast<std::int64_t>(begin);
}

Result<std::int64_t> ExecMemory::alloc_code(std::int64_t size) {
  SMF_TRY(check_size(size));
  SMF_ASSIGN(CodeMemory* const memory, code_memory());
  SMF_ASSIGN(CodeWriter writer, memory->begin(align_up(static_cast<std::uint64_t>(size), kLine)));
  Blocks made;
  made.try_emplace(number(writer.address()), Block::Kind::kCode, size);
  SMF_ASSIGN(const void* const code, writer.commit("rt_alloc_exec_memory"));
  auto added = add(made.extract(made.begin()));
  if (!added) SMF_TRY(memory->free(code));
  return added;
}

Result<std::int64_t> ExecMemory::alloc_pages(std::int64_t size) {
  SMF_TRY(check_size(size));
  Blocks made;
  made.try_emplace(0, Block::Kind::kPages, size);
  auto block = made.extract(made.begin());
  const std::uint64_t mapped = align_up(static_cast<std::uint64_t>(size), page_size());
  void* const pages =
      calls_->mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return fail_system(fmt::format("map {} bytes", mapped), {}, errno);
  block.key() = number(pages);
  auto added = add(std::move(block));
  if (!added) calls_->munmap(pages, mapped);
  return added;
}

Result<void> ExecMemory::free(std::int64_t address, std::int64_t size) {
  // Under the lock until the block is out of the table: the memory may be another's before.
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find_whole(address, size));
  SMF_TRY(spot.check_idle());
  Result<void> freed;
  if (spot.is_code()) {
    freed = code_->free(pointer(spot.begin()));
  } else if (calls_->munmap(pointer(spot.begin()), spot.page_bytes()) != 0) {
    freed = fail_system(fmt::format("unmap 0x{:x}", spot.begin()), {}, errno);
  }
  if (!freed && freed.error().code != ErrorCode::kSystem) return freed;
  total_ -= size;
  blocks_.erase(spot.found);
  return freed;
}

// ---- Finding ----

std::optional<ExecMemory::Spot> ExecMemory::look_for(std::int64_t address) {
  const auto wanted = static_cast<std::uint64_t>(address);
  const auto after = blocks_.upper_bound(wanted);
  if (after != blocks_.begin()) {
    const auto found = std::prev(after);
    const std::uint64_t offset = wanted - found->first;
    if (offset < found->second.size) return Spot{.found = found, .offset = offset};
  }
  return std::nullopt;
}

Result<ExecMemory::Spot> ExecMemory::find(std::int64_t address) {
  if (const auto spot = look_for(address)) return *spot;
  return refuse(fmt::format("0x{:x} is in no executable memory allocated here",
                            static_cast<std::uint64_t>(address)));
}

Result<ExecMemory::Spot> ExecMemory::find_whole(std::int64_t address, std::int64_t size) {
  const auto wanted = static_cast<std::uint64_t>(address);
  const auto found = blocks_.find(wanted);
  if (found == blocks_.end())
    return refuse(fmt::format("no executable memory allocated here begins at 0x{:x}", wanted));
  if (!std::in_range<std::uint64_t>(size) ||
      static_cast<std::uint64_t>(size) != found->second.size) {
    return refuse(fmt::format("{} bytes are not all that was allocated at 0x{:x}: {}", size, wanted,
                              found->second.size));
  }
  return Spot{.found = found};
}

Result<void> ExecMemory::check_executable(const Spot& spot) {
  if (spot.block().is_executable()) return {};
  return refuse(fmt::format("the memory allocated at 0x{:x} is not executable", spot.begin()));
}

// ---- Changing ----

Result<std::int64_t> ExecMemory::write(std::int64_t address, Bytes bytes, std::int64_t offset) {
  SMF_TRY(check_not_negative("offset", offset));
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find(address));
  const auto from = static_cast<std::uint64_t>(offset);
  SMF_TRY(spot.check_range(from, bytes.size()));
  SMF_TRY(spot.check_idle());
  if (!spot.is_code() && !has(spot.block().protection, Protection::kWrite)) {
    return refuse(
        fmt::format("the pages allocated at 0x{:x} are not writable{}", spot.begin(),
                    spot.block().has_been_executable ? ": they have been executable" : ""));
  }
  if (bytes.empty()) return 0;
  if (spot.is_code()) {
    SMF_TRY(write_code(spot, spot.offset + from, bytes));
  } else {
    std::memmove(pointer(spot.begin()) + spot.offset + from, bytes.data(), bytes.size());
  }
  return static_cast<std::int64_t>(bytes.size());
}

Result<void> ExecMemory::write_code(const Spot& spot, std::size_t offset, Bytes bytes) {
  Block& block = spot.block();
  const auto written = code_->write(pointer(spot.begin()), offset, bytes);
  if (written) {
    block.protection = Protection::kReadExecute;
    block.written = std::max<std::uint64_t>(block.written, offset + bytes.size());
  } else if (written.error().code == ErrorCode::kSystem) {
    block.protection = Protection::kNone;  // pages that may have stayed writable
  }
  return written;
}

Result<void> ExecMemory::protect(const Spot& spot, Protection wanted) {
  Block& block = spot.block();
  const std::span<std::byte> pages(pointer(spot.begin()), spot.page_bytes());
  if (calls_->mprotect(pages.data(), pages.size(), static_cast<int>(wanted)) != 0)
    return fail_system(fmt::format("protect 0x{:x}", spot.begin()), {}, errno);
  block.protection = wanted;
  if (!block.is_executable()) return {};
  block.has_been_executable = true;
  if (has(wanted, Protection::kRead)) synchronize_code(pages);
  return {};
}

Result<void> ExecMemory::make_executable(std::int64_t address, std::int64_t size) {
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find_whole(address, size));
  if (spot.block().is_executable()) return {};
  if (!spot.is_code()) return protect(spot, Protection::kReadExecute);
  return fail(ErrorCode::kUnsupported,
              fmt::format("the code allocated at 0x{:x} was not written as it should have been: "
                          "write it again",
                          spot.begin()));
}

Result<void> ExecMemory::set_protection(std::int64_t address, std::int64_t size,
                                        std::int64_t bits) {
  SMF_ASSIGN(const Protection wanted, protection_of(bits));
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find_whole(address, size));
  const Block& block = spot.block();
  if (block.protection == wanted) return {};
  if (has(wanted, Protection::kWrite) && block.has_been_executable) {
    return refuse(
        fmt::format("the memory allocated at 0x{:x} has been executable: it is not made writable",
                    spot.begin()));
  }
  if (spot.is_code()) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("the code allocated at 0x{:x} shares pages with other code: it stays "
                            "readable and executable",
                            spot.begin()));
  }
  if (!has(wanted, Protection::kExecute)) SMF_TRY(spot.check_idle());
  return protect(spot, wanted);
}

Result<void> ExecMemory::flush(std::int64_t address, std::int64_t size) {
  SMF_TRY(check_size(size));
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find(address));
  SMF_TRY(spot.check_range(0, static_cast<std::uint64_t>(size)));
  if (!has(spot.block().protection, Protection::kRead))
    return refuse(fmt::format("the memory allocated at 0x{:x} is not readable", spot.begin()));
  synchronize_code({pointer(spot.begin()) + spot.offset, static_cast<std::size_t>(size)});
  return {};
}

// ---- Asking and calling ----

Result<std::int64_t> ExecMemory::protection(std::int64_t address) {
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find(address));
  return static_cast<std::int64_t>(spot.block().protection);
}

Result<bool> ExecMemory::is_executable(std::int64_t address) {
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find(address));
  return spot.block().is_executable();
}

Result<std::int64_t> ExecMemory::function(std::int64_t address) {
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find(address));
  SMF_TRY(check_executable(spot));
  return address;
}

Result<ExecMemory::Call> ExecMemory::begin_call(std::int64_t address) {
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Spot spot, find(address));
  return begin_call(spot);
}

std::optional<Result<ExecMemory::Call>> ExecMemory::try_begin_call(std::int64_t address) {
  const std::lock_guard lock(mutex_);
  const auto spot = look_for(address);
  if (!spot) return std::nullopt;
  return begin_call(*spot);
}

Result<ExecMemory::Call> ExecMemory::begin_call(const Spot& spot) {
  SMF_TRY(check_executable(spot));
  const std::uint64_t function = spot.begin() + spot.offset;
  // Such addresses are where no instruction can begin; the trap is one of the shortest.
  if (function % kTrap.size() != 0)
    return refuse(fmt::format("0x{:x} is not aligned as instructions are", function));
  if (spot.is_code() && spot.offset >= spot.block().written)
    return refuse(fmt::format("no code was written at 0x{:x}", function));
  spot.block().calls.fetch_add(1, std::memory_order_relaxed);
  return Call(function, spot.block().calls);
}

std::int64_t ExecMemory::total() {
  const std::lock_guard lock(mutex_);
  return total_;
}

std::int64_t ExecMemory::count() {
  const std::lock_guard lock(mutex_);
  return std::ssize(blocks_);
}

std::string ExecMemory::statistics() {
  struct Sum {
    std::uint64_t count = 0, bytes = 0;
    void add(std::uint64_t size) { ++count, bytes += size; }
  };
  Sum all, code, pages, executable;
  std::uint64_t calls = 0;
  const std::lock_guard lock(mutex_);
  for (const auto& [begin, block] : blocks_) {
    all.add(block.size);
    (block.kind == Block::Kind::kCode ? code : pages).add(block.size);
    if (block.is_executable()) executable.add(block.size);
    calls += block.calls.load(std::memory_order_relaxed);
  }
  std::string protection = "not chosen yet: no code was allocated";
  std::uint64_t mapped = 0;
  if (code_) {
    const CodeMemoryStats stats = code_->stats();
    mapped = stats.mapped;
    protection = stats.protection == CodeProtection::kDualMapping
                     ? "dual mapping: code is written at another address than it runs at"
                     : "page protection: code is executable or writable, in turn";
    if (!stats.refusal.empty()) protection += fmt::format(" (no dual mapping: {})", stats.refusal);
  }
  return fmt::format(
      "=== Executable Memory Statistics ===\n"
      "allocated:   {} bytes in {}\n"
      "code:        {} bytes in {}, of {} mapped\n"
      "pages:       {} bytes in {}\n"
      "executable:  {} bytes in {}\n"
      "calls:       {} under way\n"
      "protection:  {}\n",
      all.bytes, all.count, code.bytes, code.count, mapped, pages.bytes, pages.count,
      executable.bytes, executable.count, calls, protection);
}

}  // namespace smf::ffi
