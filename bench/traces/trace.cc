#include "bench/traces/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <unordered_set>

#include "bench/zipf.h"

namespace smf::bench {
namespace {

// "12" or "12-34"; false for anything else.
bool parse_range(std::string_view line, Key& first, Key& last) {
  const char* const end = line.data() + line.size();
  const auto [after, error] = std::from_chars(line.data(), end, first);
  if (error != std::errc()) return false;
  last = first;
  if (after == end) return true;
  if (*after != '-') return false;
  const auto [after_last, last_error] = std::from_chars(after + 1, end, last);
  return last_error == std::errc() && after_last == end && last >= first;
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

}  // namespace

Result<Trace> parse_trace(std::string_view text) {
  Trace trace;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    Key first = 0, last = 0;
    if (!parse_range(line, first, last)) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("line {}: '{}' is neither a number nor FIRST-LAST", number, line));
    }
    if (std::size_t{last} - first >= kMostKeys - trace.size())
      return fail(ErrorCode::kLimit, fmt::format("has more than {} keys", kMostKeys));
    for (std::size_t key = first; key <= last; ++key) trace.push_back(static_cast<Key>(key));
  }
  if (trace.empty()) return fail(ErrorCode::kInvalidInput, "has no keys");
  return trace;
}

Trace zipf_trace(std::size_t keys, std::size_t count, double exponent) {
  std::mt19937_64 random(1);
  const Zipf zipf(keys, exponent);
  Trace trace(count);
  for (Key& key : trace) key = static_cast<Key>(zipf(random));
  return trace;
}

Trace scan_trace(std::size_t keys, std::size_t count) {
  constexpr std::size_t kBetween = 5000, kScan = 2000;
  std::mt19937_64 random(1);
  const Zipf zipf(keys, 1.0);
  Trace trace;
  auto fresh = static_cast<Key>(keys);
  while (trace.size() < count) {
    for (std::size_t i = 0; i < kBetween; ++i) trace.push_back(static_cast<Key>(zipf(random)));
    for (std::size_t i = 0; i < kScan; ++i) trace.push_back(fresh++);
  }
  return trace;
}

Trace loop_trace(std::size_t keys, std::size_t count) {
  Trace trace(count);
  for (std::size_t i = 0; i < count; ++i) trace[i] = static_cast<Key>(i % keys);
  return trace;
}

Trace build_trace(std::size_t builds) {
  constexpr Key kCommon = 40, kPackages = 60, kOwn = 20, kMostDependencies = 8, kShare = 3;
  std::mt19937_64 random(1);
  std::vector<std::vector<Key>> dependencies(kPackages);  // packages, in order
  for (Key package = 1; package < kPackages; ++package) {
    for (Key i = 0; i < std::min(package, kMostDependencies); ++i)
      dependencies[package].push_back(static_cast<Key>(random() % package));
    std::ranges::sort(dependencies[package]);
    const auto twice = std::ranges::unique(dependencies[package]);
    dependencies[package].erase(twice.begin(), twice.end());
  }
  const auto module = [](Key package, Key number) { return kCommon + package * kOwn + number; };
  Trace trace;
  for (std::size_t build = 0; build < builds; ++build) {
    std::vector<bool> is_changed(kPackages, build == 0);  // the first build makes all
    is_changed[random() % kPackages] = true;
    for (Key package = 0; package < kPackages; ++package) {
      const bool is_affected = std::ranges::any_of(
          dependencies[package], [&](Key on) { return is_changed[on] && random() % kShare == 0; });
      if (is_affected) is_changed[package] = true;
      if (!is_changed[package]) continue;
      for (Key own = 0; own < kOwn; ++own) {
        for (Key key = 0; key < kCommon; ++key) trace.push_back(key);
        for (const Key on : dependencies[package]) {
          for (Key key = own % kShare; key < kOwn; key += kShare) trace.push_back(module(on, key));
        }
        for (Key key = 0; key <= own; ++key) trace.push_back(module(package, key));
      }
    }
  }
  return trace;
}

std::size_t distinct_keys(const Trace& trace) {
  return std::unordered_set<Key>(trace.begin(), trace.end()).size();
}

}  // namespace smf::bench
