#include "bench/jit/sample.h"

#include <random>
#include <utility>
#include <vector>

#include "runtime/base/check.h"

namespace smf::bench {
namespace {

std::uint64_t sift_down(Heap heap, std::uint64_t at) {
  for (std::uint64_t steps = 0;; ++steps) {
    std::uint64_t child = 2 * at + 1;
    if (child >= heap.size) return steps;
    if (child + 1 < heap.size && heap.data[child] < heap.data[child + 1]) ++child;
    if (heap.data[at] >= heap.data[child]) return steps;
    std::swap(heap.data[at], heap.data[child]);
    at = child;
  }
}

}  // namespace

void check_sift_down(const void* code) {
  SMF_CHECK(code != nullptr);
  const auto compiled = reinterpret_cast<SiftDown>(const_cast<void*>(code));
  std::mt19937_64 random(5);
  for (const std::size_t size : {0, 1, 2, 3, 100, 101}) {
    std::vector<std::int64_t> ours(size);
    for (std::int64_t& value : ours) value = static_cast<std::int64_t>(random() % 200) - 100;
    std::vector<std::int64_t> theirs = ours;
    for (std::uint64_t at = size / 2; at-- > 0;) {
      const std::uint64_t steps = sift_down({ours.data(), size}, at);
      SMF_CHECK(compiled({theirs.data(), size}, at, nullptr) == steps && ours == theirs);
    }
  }
}

}  // namespace smf::bench
