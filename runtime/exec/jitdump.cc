#include "runtime/exec/jitdump.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <new>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/exec/code_name.h"
#include "runtime/exec/elf_machine.h"

namespace smf {
namespace {

constexpr std::uint64_t kMarkerAt = std::uint64_t{1} << 40;  // bytes

struct FileHeader {
  std::uint32_t magic = 0x4a695444;  // "JiTD", in the processor's byte order
  std::uint32_t version = 1;
  std::uint32_t total_size = sizeof(FileHeader);
  std::uint32_t elf_machine = internal::kElfMachine;
  std::uint32_t reserved = 0;
  std::uint32_t pid = 0;
  std::uint64_t timestamp_ns = 0;
  std::uint64_t flags = 0;
};
static_assert(sizeof(FileHeader) == 40);

enum class RecordKind : std::uint32_t { kLoad = 0, kClose = 3 };

struct RecordHeader {
  RecordKind kind{};
  std::uint32_t total_size = 0;  // with this header
  std::uint64_t timestamp_ns = 0;
};
static_assert(sizeof(RecordHeader) == 16);

// Followed by the name, a NUL and the code.
struct LoadRecord {
  RecordHeader header{};
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::uint64_t virtual_address = 0;
  std::uint64_t code_address = 0;
  std::uint64_t code_size = 0;
  std::uint64_t code_index = 0;
};
static_assert(sizeof(LoadRecord) == 56);

std::uint64_t now_ns() {
  struct timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

// Asked for once a thread: it is a system call.
std::uint32_t thread_id() {
  thread_local const auto id = static_cast<std::uint32_t>(::gettid());
  return id;
}

template <typename T>
Bytes bytes_of(const T& record) {
  return std::as_bytes(std::span(&record, 1));
}

}  // namespace

Result<std::shared_ptr<JitDump>> JitDump::create(const JitDumpOptions& options) try {
  os::SystemCalls& calls = options.calls != nullptr ? *options.calls : os::SystemCalls::kernel();
  SMF_ASSIGN(auto file, internal::ProfileFile::create(
                            fmt::format("{}/jit-{}.dump", options.folder, ::getpid()), calls));
  std::shared_ptr<JitDump> dump(new JitDump(std::move(file), calls));
  const auto begun = dump->begin();
  if (!begun) {
    calls.unlink(dump->path().c_str());
    return std::unexpected(begun.error());
  }
  return dump;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a jitdump");
}

JitDump::JitDump(internal::ProfileFile file, os::SystemCalls& calls)
    : calls_(calls),
      page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
      file_(std::move(file)) {
  name_.reserve(internal::kMaxNameBytes);
  head_.reserve(sizeof(LoadRecord) + internal::kMaxNameBytes + 1);
}

// The header is in the file before perf can hear of it.
Result<void> JitDump::begin() {
  FileHeader header;
  header.pid = static_cast<std::uint32_t>(::getpid());
  header.timestamp_ns = now_ns();
  file_.append(bytes_of(header));
  SMF_TRY(flush());
  void* const marker = calls_.mmap(nullptr, page_, PROT_READ | PROT_EXEC, MAP_PRIVATE,
                                   file_.descriptor(), static_cast<off_t>(kMarkerAt));
  if (marker == MAP_FAILED) return fail_system("map a page for perf", path(), errno);
  marker_ = marker;
  return {};
}

JitDump::~JitDump() {
  if (marker_ == nullptr) return;
  RecordHeader close{.kind = RecordKind::kClose, .total_size = sizeof close};
  close.timestamp_ns = now_ns();
  file_.append(bytes_of(close));
  calls_.munmap(marker_, page_);
}

void JitDump::published(std::span<const std::byte> code, std::string_view name) noexcept {
  const std::uint32_t thread = thread_id();
  const std::lock_guard lock(mutex_);
  name_.clear();
  internal::append_name(name_, name, code.data());
  LoadRecord record;
  record.header = {
      .kind = RecordKind::kLoad,
      .total_size = static_cast<std::uint32_t>(sizeof record + name_.size() + 1 + code.size()),
      .timestamp_ns = now_ns()};
  record.pid = static_cast<std::uint32_t>(::getpid());
  record.tid = thread;
  record.virtual_address = record.code_address = reinterpret_cast<std::uintptr_t>(code.data());
  record.code_size = code.size();
  record.code_index = next_index_++;
  head_.clear();
  append(head_, record);
  append_bytes(head_, as_bytes(std::string_view(name_.c_str(), name_.size() + 1)));
  file_.append(head_, code);
}

Result<void> JitDump::flush() {
  const std::lock_guard lock(mutex_);
  file_.flush();
  return file_.status();
}

Result<void> JitDump::status() const {
  const std::lock_guard lock(mutex_);
  return file_.status();
}

}  // namespace smf
