#include "runtime/sdn/unique_keys.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"

namespace smf::sdn::internal {
namespace {

constexpr std::uint32_t kFew = 12;

struct Slot {
  std::uint32_t hash = 0;
  std::uint32_t number = 0;  // of the string, from 1; 0 is an empty slot
};

// Indices ordered by text; those of equal texts in the order they stand.
std::vector<std::uint32_t> sorted(const Node* first, std::uint32_t count, std::uint32_t stride) {
  const auto text = [&](std::uint32_t i) { return first[std::size_t{i} * stride].string(); };
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int by_text = text(a).compare(text(b));
    return by_text != 0 ? by_text < 0 : a < b;
  });
  return order;
}

}  // namespace

std::optional<std::uint32_t> find_repeated_by_sorting(const Node* first, std::uint32_t count,
                                                      std::uint32_t stride) {
  const auto text = [&](std::uint32_t i) { return first[std::size_t{i} * stride].string(); };
  const std::vector<std::uint32_t> order = sorted(first, count, stride);
  std::optional<std::uint32_t> earliest;
  for (std::uint32_t i = 1; i < count; ++i) {
    if (text(order[i - 1]) != text(order[i])) continue;
    if (!earliest || order[i] < *earliest) earliest = order[i];
  }
  return earliest;
}

std::optional<std::uint32_t> find_repeated(const Node* first, std::uint32_t count,
                                           std::uint32_t stride, std::uint64_t* steps) {
  const auto text = [&](std::uint32_t i) { return first[std::size_t{i} * stride].string(); };
  std::uint64_t taken = 0;
  std::uint64_t& counter = steps != nullptr ? *steps : taken;
  if (count <= kFew) {
    for (std::uint32_t i = 1; i < count; ++i) {
      for (std::uint32_t earlier = 0; earlier < i; ++earlier, ++counter) {
        if (text(i) == text(earlier)) return i;
      }
    }
    return std::nullopt;
  }
  const std::uint64_t patience = counter + 16 * std::uint64_t{count} + 1024;
  const std::size_t mask = std::bit_ceil(std::size_t{count} * 2) - 1;
  std::vector<Slot> slots(mask + 1);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t hash = xxh3_64(as_bytes(text(i)));
    const Slot mine{static_cast<std::uint32_t>(hash >> 32), i + 1};
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      if (++counter > patience) return find_repeated_by_sorting(first, count, stride);
      if (slots[at].number == 0) {
        slots[at] = mine;
        break;
      }
      if (slots[at].hash == mine.hash && text(slots[at].number - 1) == text(i)) return i;
    }
  }
  return std::nullopt;
}

std::uint32_t drop_repeated(Node* entries, std::uint32_t count, Keep keep, Warnings& warnings) {
  const auto key = [&](std::uint32_t i) { return entries[std::size_t{i} * 2]; };
  const std::vector<std::uint32_t> order = sorted(entries, count, 2);
  std::vector<bool> is_repeated(count);
  std::vector<bool> is_dropped(count);
  for (std::uint32_t i = 1, first = 0; i < count; ++i) {
    if (key(order[i - 1]).string() != key(order[i]).string()) {
      first = i;
      continue;
    }
    is_repeated[order[i]] = true;
    if (keep == Keep::kLastPlace) {
      is_dropped[order[i - 1]] = true;
    } else {
      is_dropped[order[i]] = true;
      entries[std::size_t{order[first]} * 2 + 1] = entries[std::size_t{order[i]} * 2 + 1];
    }
  }
  std::uint32_t left = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (is_repeated[i])
      warnings.add(ErrorKind::kDuplicateKey, key(i).start,
                   "the key '{}' is there already: the last one counts", clipped(key(i).string()));
    if (is_dropped[i]) continue;
    std::copy_n(entries + std::size_t{i} * 2, 2, entries + std::size_t{left++} * 2);
  }
  return left;
}

}  // namespace smf::sdn::internal
