#include "smftool/native_functions.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

namespace smf::tool {
namespace {

struct Text {
  const char* data;
  std::uint64_t size;

  std::string_view view() const {
    return size == 0 ? std::string_view() : std::string_view(data, size);
  }
};

struct Memory {
  mir::Interpreter* values = nullptr;
  std::map<void*, std::uint64_t> allocated{};
};
Memory memory;

void* allocate(std::uint64_t size) {
  void* const made = std::calloc(1, std::max<std::uint64_t>(size, 1));
  if (made == nullptr || memory.values == nullptr) return made;
  memory.allocated[made] = size;
  memory.values->lend(made, size, true);
  return made;
}

// Only what was allocated: a function may hand over any address.
void release(void* made) {
  if (memory.allocated.erase(made) == 0) return;
  memory.values->take_back(made);
  std::free(made);
}

bool eq_text(Text a, Text b) { return a.view() == b.view(); }
bool ne_text(Text a, Text b) { return a.view() != b.view(); }
bool lt_text(Text a, Text b) { return a.view() < b.view(); }
bool le_text(Text a, Text b) { return a.view() <= b.view(); }
bool gt_text(Text a, Text b) { return a.view() > b.view(); }
bool ge_text(Text a, Text b) { return a.view() >= b.view(); }
std::uint64_t hash_text(Text text) { return XXH3_64bits(text.view().data(), text.view().size()); }

template <typename T>
std::uint64_t hash(T value) {
  return XXH3_64bits(&value, sizeof value);
}

template <typename T>
const void* address(T* function) {
  return reinterpret_cast<const void*>(function);
}

struct Named {
  std::string_view name;
  const void* function;
};

const Named kNamed[] = {
    {"allocate", address(&allocate)},
    {"release", address(&release)},
    {"eq$text", address(&eq_text)},
    {"ne$text", address(&ne_text)},
    {"lt$text", address(&lt_text)},
    {"le$text", address(&le_text)},
    {"gt$text", address(&gt_text)},
    {"ge$text", address(&ge_text)},
    {"hash$text", address(&hash_text)},
    {"hash$i8", address(&hash<std::int8_t>)},
    {"hash$i16", address(&hash<std::int16_t>)},
    {"hash$i32", address(&hash<std::int32_t>)},
    {"hash$i64", address(&hash<std::int64_t>)},
    {"hash$u8", address(&hash<std::uint8_t>)},
    {"hash$u16", address(&hash<std::uint16_t>)},
    {"hash$u32", address(&hash<std::uint32_t>)},
    {"hash$u64", address(&hash<std::uint64_t>)},
    {"hash$bool", address(&hash<bool>)},
    {"hash$char", address(&hash<std::uint16_t>)},
};

}  // namespace

NativeMemory::NativeMemory(mir::Interpreter& values) { memory.values = &values; }

NativeMemory::~NativeMemory() {
  for (const auto& [made, size] : memory.allocated) std::free(made);
  memory = {};
}

const void* native_function(std::string_view name) {
  const auto* const found = std::ranges::find(kNamed, name, &Named::name);
  return found == std::end(kNamed) ? nullptr : found->function;
}

}  // namespace smf::tool
