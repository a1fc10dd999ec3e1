// What opening a module with 100 000 symbols, and finding one of them, touches and allocates.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "runtime/format/symbol_index.h"
#include "runtime/format/view.h"
#include "testdata/golden/golden.h"

namespace {

std::size_t allocation_count = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocation_count;
  void* memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace smf {
namespace {

constexpr std::uint32_t kCount = 100'000;

std::string symbol_name(std::uint32_t i) { return "function_" + std::to_string(i); }

// P128, with the symbol index in a section of type RoData.
std::string large_module(std::uint32_t count) {
  golden::Module module;
  module.flags = 1;
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) {
    names.push_back(symbol_name(i));
    module.symbols.push_back({.name = names.back(), .section = 0, .value = i % 64, .size = 1});
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  const ByteVector index = SymbolIndex::build(views, std::vector<int>(count));
  module.sections = {
      {.type = 1, .flags = 5, .name = "code", .bytes = std::string(64, '\xc3'), .alignment = 16},
      {.type = 3,
       .flags = 1,
       .name = ".smf.sym",
       .bytes = std::string(as_text(index)),
       .alignment = 16}};
  return golden::write_p128(module, 7);
}

// A module in pages of its own, of which chosen ones cannot be read.
class Mapping {
 public:
  explicit Mapping(const std::string& file) : size_(file.size()) {
    memory_ = static_cast<std::byte*>(
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memcpy(memory_, file.data(), size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(memory_, size_); }

  Bytes bytes() const { return {memory_, size_}; }
  // The whole pages in [begin, end); how many.
  std::size_t forbid(std::uint64_t begin, std::uint64_t end) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t first = align_up(begin, page), last = end / page * page;
    if (first >= last) return 0;
    EXPECT_EQ(::mprotect(memory_ + first, last - first, PROT_NONE), 0);
    return (last - first) / page;
  }

 private:
  std::byte* memory_ = nullptr;
  std::size_t size_;
};

// Opens and reads everything; the sum keeps the compiler from leaving anything out.
std::uint64_t open_and_walk(Bytes bytes) {
  std::uint64_t sum = 0;
  const auto view = SmfView::open(bytes);
  if (!view) return 0;
  for (std::uint32_t i = 0; i < view->section_count(); ++i) {
    const auto section = view->section(i);
    sum += section->size;
    for (std::uint64_t n = 0; n < SmfView::relocation_count(*section); ++n)
      sum += view->relocation(*section, n)->offset;
  }
  for (std::uint32_t i = 0; i < view->symbol_count(); ++i) sum += view->symbol(i)->name.size();
  sum += (*view->find_symbol("function_77")) ? 1 : 0;
  sum += view->note()->value_or("").size();
  return sum;
}

TEST(LargeModule, OpeningAndWalkingAllocatesNothing) {
  for (const golden::File& file : golden::golden_files()) {
    if (!file.refusal.empty() || file.name.find("around") != std::string::npos) continue;
    // Dialects that share the first four bytes are tried one after the other, and a candidate that
    // fails says why: that takes memory, the same for any number of symbols.
    if (file.bytes.starts_with("SMF")) continue;
    const std::size_t before = allocation_count;
    EXPECT_GT(open_and_walk(as_bytes(file.bytes)) + 1, 0u);
    EXPECT_EQ(allocation_count, before) << file.name;
  }
  const std::string large = large_module(kCount);
  const std::size_t before = allocation_count;
  EXPECT_GT(open_and_walk(as_bytes(large)), 1'000'000u);
  EXPECT_EQ(allocation_count, before);
}

TEST(LargeModule, OpeningAndFindingTouchNeitherTheOtherSymbolsNorTheirNames) {
  const std::string file = large_module(kCount);
  Mapping mapping(file);
  const auto full = SmfView::open(mapping.bytes());
  ASSERT_TRUE(full) << full.error().describe();
  const auto wanted = *full->find_symbol(symbol_name(kCount / 2));
  ASSERT_TRUE(wanted);
  const Header& header = full->header();
  const auto name_at = static_cast<std::uint64_t>(
      reinterpret_cast<const std::byte*>(wanted->name.data()) - mapping.bytes().data());
  constexpr std::uint64_t kNear = 4096;
  std::size_t forbidden = mapping.forbid(header.symbol_table, wanted->entry_offset - kNear);
  forbidden += mapping.forbid(wanted->entry_offset + kNear, header.strings_begin - kNear);
  forbidden += mapping.forbid(header.strings_begin + kNear, name_at - kNear);
  forbidden += mapping.forbid(name_at + kNear, header.header_offset - kNear);
  EXPECT_GT(forbidden, 1700u);  // 5.6 MB of symbols and 1.5 MB of names, less a few pages

  const auto view = SmfView::open(mapping.bytes());
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->has_symbol_index());
  const auto found = view->find_symbol(symbol_name(kCount / 2));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->index, kCount / 2);
}

TEST(LargeModule, OpeningTouchesNoSymbolNoNameAndOnlyTheHeadOfTheIndex) {
  for (const std::uint32_t count : {1000u, kCount}) {
    const std::string file = large_module(count);
    Mapping mapping(file);
    const Header header = SmfView::open(mapping.bytes())->header();
    EXPECT_GT(mapping.forbid(header.symbol_table, header.header_offset), 0u);
    EXPECT_GT(mapping.forbid(4096, header.section_table), 0u);
    EXPECT_TRUE(SmfView::open(mapping.bytes()));
  }
}

TEST(LargeModule, EverySymbolIsFoundThroughTheIndexAndWithoutIt) {
  std::string file = large_module(1000);
  for (const bool has_index : {true, false}) {
    if (!has_index) file[file.find("SMFX")] = '?';
    const auto view = SmfView::open(as_bytes(file));
    ASSERT_TRUE(view);
    EXPECT_EQ(view->has_symbol_index(), has_index);
    for (std::uint32_t i = 0; i < 1000; ++i) {
      const auto found = view->find_symbol(symbol_name(i));
      ASSERT_TRUE(found && *found);
      EXPECT_EQ((*found)->index, i);
    }
  }
}

}  // namespace
}  // namespace smf
