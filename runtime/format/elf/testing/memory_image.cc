#include "runtime/format/elf/testing/memory_image.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/format/elf/testing/apply.h"

// libgcc's, and libunwind's: what a JIT tells unwinders.
extern "C" void __register_frame(void*);
extern "C" void __deregister_frame(void*);

namespace smf::elf::testing {
namespace {

constexpr std::size_t kStubSize = 16;
constexpr std::size_t kSlotSize = 8;

std::size_t page_aligned(std::size_t size) {
  return align_up(size, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
}

// A jump through the 8 bytes that end the stub.
void write_stub(Machine machine, std::byte* stub, std::uint64_t target) {
  if (machine == Machine::kX86_64) {
    const unsigned char jump[8] = {0xFF, 0x25, 2, 0, 0, 0, 0x90, 0x90};  // jmp *2(%rip)
    std::memcpy(stub, jump, sizeof jump);
  } else {
    const std::uint32_t jump[2] = {0x58000050, 0xD61F0200};  // ldr x16, .+8; br x16
    std::memcpy(stub, jump, sizeof jump);
  }
  std::memcpy(stub + 8, &target, sizeof target);
}

}  // namespace

Result<MemoryImage> MemoryImage::load(const ImportedObject& object) {
  MemoryImage image(object);
  image.reserve_addresses();
  void* memory =
      mmap(nullptr, image.size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_system("map memory", "", errno);
  image.memory_ = static_cast<std::byte*>(memory);
  for (std::size_t i = 0; i < object.sections.size(); ++i)
    std::ranges::copy(object.sections[i].bytes, image.memory_ + image.offsets_[i]);
  SMF_TRY(image.resolve_symbols());
  image.write_slots();
  SMF_TRY(image.apply_all());
  SMF_TRY(image.protect());
  image.register_unwind_tables();
  return image;
}

MemoryImage::MemoryImage(MemoryImage&& other) noexcept
    : object_(other.object_),
      memory_(std::exchange(other.memory_, nullptr)),
      size_(other.size_),
      stubs_(other.stubs_),
      slots_(other.slots_),
      offsets_(std::move(other.offsets_)),
      addresses_(std::move(other.addresses_)),
      unwind_table_(std::exchange(other.unwind_table_, nullptr)) {}

MemoryImage::~MemoryImage() {
  if (unwind_table_ != nullptr) __deregister_frame(unwind_table_);
  if (memory_ != nullptr) munmap(memory_, size_);
}

// Each section starts a page, so that protections can differ; a word of zeros follows each, which
// ends a table of unwind records.
void MemoryImage::reserve_addresses() {
  std::size_t end = 0;
  for (const auto& section : object_->sections) {
    end = align_up(end, section.alignment);
    offsets_.push_back(end);
    end = page_aligned(end + section.size + sizeof(std::uint64_t));
  }
  stubs_ = end;
  slots_ = page_aligned(stubs_ + object_->symbols.size() * kStubSize);
  size_ = page_aligned(slots_ + object_->symbols.size() * kSlotSize + 1);
}

Result<void> MemoryImage::resolve_symbols() {
  for (const auto& symbol : object_->symbols) {
    if (symbol.section) {
      addresses_.push_back(
          reinterpret_cast<std::uint64_t>(memory_ + offsets_[*symbol.section] + symbol.value));
      continue;
    }
    void* found = dlsym(RTLD_DEFAULT, symbol.name.c_str());
    if (found == nullptr && symbol.binding != Binding::kWeak)
      return fail(ErrorCode::kNotFound, "nobody defines " + symbol.name);
    addresses_.push_back(reinterpret_cast<std::uint64_t>(found));
  }
  return {};
}

void MemoryImage::write_slots() {
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    write_stub(object_->machine, memory_ + stubs_ + i * kStubSize, addresses_[i]);
    std::memcpy(memory_ + slots_ + i * kSlotSize, &addresses_[i], kSlotSize);
  }
}

Result<void> MemoryImage::apply_all() {
  for (const auto& relocation : object_->relocations) {
    const auto index = relocation.symbol;
    const bool is_call =
        relocation.type == RelocType::kPlt32 || relocation.type == RelocType::kBranch26;
    Addresses addresses{
        .symbol = addresses_[index],
        .slot = reinterpret_cast<std::uint64_t>(memory_ + slots_ + index * kSlotSize)};
    if (is_call && !object_->symbols[index].section)
      addresses.symbol = reinterpret_cast<std::uint64_t>(memory_ + stubs_ + index * kStubSize);
    if (!apply(relocation, addresses, memory_ + offsets_[relocation.section] + relocation.offset))
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("relocation type {} at {:#x} of {} does not reach {}",
                      static_cast<int>(relocation.type), relocation.offset,
                      object_->sections[relocation.section].name, object_->symbols[index].name));
  }
  return {};
}

Result<void> MemoryImage::protect() const {
  const auto set = [&](std::size_t offset, std::size_t size, int protection) -> Result<void> {
    if (mprotect(memory_ + offset, page_aligned(size), protection) == 0) return {};
    return fail_system("protect memory", "", errno);
  };
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    const auto& section = object_->sections[i];
    const auto size = section.size + sizeof(std::uint64_t);
    const auto begin = offsets_[i] & ~(page_aligned(1) - 1);
    if (section.kind == SectionKind::kCode) SMF_TRY(set(begin, size, PROT_READ | PROT_EXEC));
    if (section.kind == SectionKind::kRoData) SMF_TRY(set(begin, size, PROT_READ));
  }
  SMF_TRY(set(stubs_, slots_ - stubs_, PROT_READ | PROT_EXEC));
  __builtin___clear_cache(reinterpret_cast<char*>(memory_),
                          reinterpret_cast<char*>(memory_ + size_));
  return {};
}

void MemoryImage::register_unwind_tables() {
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    if (object_->sections[i].name != "eh_frame") continue;
    unwind_table_ = memory_ + offsets_[i];
    __register_frame(unwind_table_);
  }
}

void* MemoryImage::find(std::string_view name) const {
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    const auto& symbol = object_->symbols[i];
    if (symbol.section && symbol.binding != Binding::kLocal && symbol.name == name)
      return reinterpret_cast<void*>(addresses_[i]);
  }
  return nullptr;
}

}  // namespace smf::elf::testing
