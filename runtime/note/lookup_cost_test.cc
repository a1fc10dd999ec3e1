// What a look-up in a note of 100 000 rows costs, in what can be counted: pages and allocations.
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>

#include "runtime/note/lookup.h"
#include "runtime/note/updating.h"

namespace {

std::atomic<std::size_t> g_allocations{0};

}  // namespace

void* operator new(std::size_t size) {
  ++g_allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace smf {
namespace {

constexpr std::size_t kRows = 100'000;

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

// Bytes of which every page is out of reach until it is touched, which is counted. The kernel's own
// count of faults would depend on how many pages it maps at one fault, on the allocator and on
// sanitizers; this is the most it can be for the file.
class CountedPages {
 public:
  explicit CountedPages(std::string_view content) : size_(content.size()) {
    void* const memory =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    begin_ = static_cast<std::byte*>(memory);
    std::memcpy(begin_, content.data(), size_);
    s_instance = this;
    struct sigaction action{};
    action.sa_sigaction = [](int, siginfo_t* info, void*) {
      s_instance->touch(static_cast<std::byte*>(info->si_addr));
    };
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGSEGV, &action, &before_);
  }
  ~CountedPages() {
    ::sigaction(SIGSEGV, &before_, nullptr);
    ::munmap(begin_, size_);
  }
  CountedPages(const CountedPages&) = delete;
  CountedPages& operator=(const CountedPages&) = delete;

  Bytes bytes() const { return {begin_, size_}; }
  // As if it were mapped anew.
  void forget() {
    ASSERT_EQ(::mprotect(begin_, size_, PROT_NONE), 0);
    touched_ = 0;
  }
  std::size_t touched() const { return touched_; }

 private:
  void touch(std::byte* address) {
    if (address < begin_ || address >= begin_ + size_) {
      ::signal(SIGSEGV, SIG_DFL);  // a real one: happens again, and ends the process
      return;
    }
    touched_ = touched_ + 1;
    const std::size_t page = static_cast<std::size_t>(address - begin_) / page_size() * page_size();
    ::mprotect(begin_ + page, page_size(), PROT_READ);
  }

  static CountedPages* s_instance;
  std::byte* begin_ = nullptr;
  std::size_t size_;
  volatile std::size_t touched_ = 0;
  struct sigaction before_{};
};

CountedPages* CountedPages::s_instance = nullptr;

class LookupCost : public testing::Test {
 protected:
  static void SetUpTestSuite() { s_module = new std::string(sample_bytes(kRows)); }
  static void TearDownTestSuite() { delete s_module; }
  static std::string* s_module;
};

std::string* LookupCost::s_module = nullptr;

// Two of the index, where a run of slots crosses a page, and two of the text, where a row does.
// Opening has touched the page where the text ends, which find() looks at again.
TEST_F(LookupCost, AFindOnAFreshMappingTouchesAtMostFourPages) {
  CountedPages pages(*s_module);
  std::mt19937 random(11);
  std::size_t most = 0, most_with_opening = 0, in_all = 0;
  constexpr std::size_t kFinds = 2000;
  for (std::size_t i = 0; i < kFinds; ++i) {
    const std::string name = i == 0 ? "Main$i64" : possible_name(random() % kRows);
    pages.forget();
    const auto view = SmfView::open(pages.bytes());
    ASSERT_TRUE(view);
    auto lookup = NoteLookup::open(*view);
    ASSERT_TRUE(lookup && lookup->has_index());
    const std::size_t opened = pages.touched();
    const auto found = lookup->find(name);
    ASSERT_TRUE(found && *found) << name;
    const std::size_t by_find = pages.touched() - opened;
    most = std::max(most, by_find);
    most_with_opening = std::max(most_with_opening, pages.touched());
    in_all += by_find;
    ASSERT_FALSE(lookup->has_read_all());
  }
  EXPECT_GE(in_all, kFinds * 3 / 2) << "a page of the index and one of the text: are they counted?";
  EXPECT_LE(most, 4u);
  EXPECT_LE(in_all, kFinds * 5 / 2);
  EXPECT_LE(most_with_opening, 10u);
  RecordProperty("pages_of_find", static_cast<int>(most));
  RecordProperty("pages_with_opening", static_cast<int>(most_with_opening));
}

TEST_F(LookupCost, AFindAllocatesNothing) {
  const auto view = SmfView::open(as_bytes(*s_module));
  ASSERT_TRUE(view);
  auto lookup = NoteLookup::open(*view);
  ASSERT_TRUE(lookup && lookup->has_index());
  std::vector<std::string> names = {"Main$i64"};
  for (std::size_t i = 0; i < 1000; ++i) names.push_back(possible_name(i * 97));
  const std::size_t allocations = g_allocations;
  const struct mallinfo2 before = ::mallinfo2();
  std::size_t found = 0;
  for (const std::string& name : names) {
    const auto row = lookup->find(name);
    found += row && *row ? 1 : 0;
  }
  const struct mallinfo2 after = ::mallinfo2();
  EXPECT_EQ(found, names.size());
  EXPECT_EQ(g_allocations, allocations);
  EXPECT_EQ(after.uordblks + after.hblkhd, before.uordblks + before.hblkhd);  // malloc's own count
  std::string counted(100, 'x');
  EXPECT_GT(g_allocations, allocations) << "allocations are not counted";
}

}  // namespace
}  // namespace smf
