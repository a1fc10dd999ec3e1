#include "bench/io/break_even.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/io/access.h"
#include "bench/io/cell.h"
#include "bench/summary.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

constexpr std::size_t kAccessSize = 64;

}  // namespace

BreakEven find_break_even(const std::string& path, std::uint64_t file_size,
                          std::span<std::byte> buffer, std::size_t most, std::size_t repetitions) {
  std::unique_ptr<Method> methods[] = {make_pread(), make_whole_read(buffer), make_mmap(),
                                       make_mmap(os::Advice::kPopulate)};
  static_assert(std::size(methods) == std::size(kBreakEvenMethods));
  BreakEven found{.file_size = file_size, .access_size = kAccessSize, .points = {}};
  const auto offsets =
      make_offsets({.span = file_size, .size = kAccessSize, .order = Order::kRandom}, most);
  for (std::size_t k = 1; k <= most; k *= 2) {
    const Accesses accesses{.offsets = std::span(offsets).first(k), .size = kAccessSize};
    std::vector<std::vector<double>> totals(std::size(methods));
    for (std::size_t round = 0; round <= repetitions; ++round) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < std::size(methods); ++i) {
        // Another one first each time.
        const std::size_t turn = (i + round) % std::size(methods);
        const auto sample = measure_once(*methods[turn], path, accesses);
        SMF_CHECK(sample && (i == 0 || sample->sum == sum));
        sum = sample->sum;
        if (round > 0) totals[turn].push_back(sample->total_ns());
      }
    }
    BreakEven::Point point{.accesses = k, .total_ns = {}};
    for (const auto& times : totals) point.total_ns.push_back(median(times));
    found.points.push_back(std::move(point));
  }
  return found;
}

std::string describe_wins(std::span<const std::size_t> ks, const std::vector<bool>& is_cheaper) {
  SMF_CHECK(!ks.empty() && ks.size() == is_cheaper.size());
  std::vector<std::size_t> changes;  // where it is not as it was for the k before
  for (std::size_t i = 1; i < ks.size(); ++i) {
    if (is_cheaper[i] != is_cheaper[i - 1]) changes.push_back(i);
  }
  const bool first = is_cheaper.front();
  if (changes.empty()) return first ? "always" : "never";
  if (changes.size() == 1)
    return fmt::format("{} {}", first ? "below" : "from", ks[changes.front()]);
  if (changes.size() == 2 && !first && changes.back() == changes.front() + 1)
    return fmt::format("{}", ks[changes.front()]);
  if (changes.size() == 2 && !first)
    return fmt::format("{} to {}", ks[changes.front()], ks[changes.back() - 1]);
  return "mixed";
}

}  // namespace smf::bench
