// For tests: allocations of which a chosen one fails.
//
// Linking this library replaces operator new and delete of the whole program by ones that ask
// malloc; so a test that wants it is a binary of its own, or has no case that would mind. While a
// FailingNew lives, allocations are counted, and the n-th throws std::bad_alloc (or returns null,
// where it was asked not to throw):
//
//     const int allocations = fail_each_allocation([&] {
//       const auto module = load();  // here nothing may throw
//       EXPECT_TRUE(module || module.error().code == ErrorCode::kOutOfMemory);
//     });
//
// One allocation fails and the next goes well again. That finds what is not given back and what is
// left half done; it does not find an error whose message would need memory as well.
#pragma once

#include <cstdint>

namespace smf {

// One at a time.
class FailingNew {
 public:
  enum class Threads : std::uint8_t {
    kThis,  // only what the thread that made the object allocates
    kAll,
  };

  // `number` counts from 0; a negative one: none fails.
  explicit FailingNew(std::int64_t number, Threads threads = Threads::kThis);
  ~FailingNew();
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  std::int64_t count() const;  // allocations so far, the failed one among them
  bool has_failed() const;
};

// Calls `operation` with its first allocation failing, then its second, and so on until it makes
// fewer than that. Returns how many there are.
template <typename Operation>
std::int64_t fail_each_allocation(const Operation& operation,
                                  FailingNew::Threads threads = FailingNew::Threads::kThis) {
  for (std::int64_t number = 0;; ++number) {
    const FailingNew failing(number, threads);
    operation();
    if (!failing.has_failed()) return number;
  }
}

}  // namespace smf
