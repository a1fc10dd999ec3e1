// Puts an imported object into memory and applies its relocations, for tests: the smallest loader
// that can show an import to be right. What the object imports comes from the running process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"

namespace smf::elf::testing {

class MemoryImage {
 public:
  // Errors are texts for a failing test. The object outlives the image.
  static Result<MemoryImage> load(const ImportedObject& object);
  ~MemoryImage();
  MemoryImage(MemoryImage&& other) noexcept;
  MemoryImage(const MemoryImage&) = delete;
  MemoryImage& operator=(const MemoryImage&) = delete;

  // The address of a defined symbol that is not local; null where there is none.
  void* find(std::string_view name) const;

  template <typename Function>
  Function* function(std::string_view name) const {
    return reinterpret_cast<Function*>(find(name));
  }

 private:
  explicit MemoryImage(const ImportedObject& object) : object_(&object) {}

  void reserve_addresses();
  Result<void> resolve_symbols();
  void write_slots();
  Result<void> apply_all();
  Result<void> protect() const;
  void register_unwind_tables();

  const ImportedObject* object_;
  std::byte* memory_ = nullptr;
  std::size_t size_ = 0;
  std::size_t stubs_ = 0;                   // offset of the jumps to imports
  std::size_t slots_ = 0;                   // offset of the table of pointers
  std::vector<std::size_t> offsets_{};      // of the sections
  std::vector<std::uint64_t> addresses_{};  // of the symbols
  void* unwind_table_ = nullptr;
};

}  // namespace smf::elf::testing
