#include "runtime/format/symbol_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace smf {
namespace {

constexpr char kIndexMagic[4] = {'S', 'M', 'F', 'X'};
constexpr std::uint16_t kIndexVersion = 1;

#pragma pack(push, 1)
struct IndexHeader {
  char magic[4];
  std::uint16_t version;
  std::uint16_t reserved;
  std::uint32_t symbol_count;
  std::uint32_t slot_count;
};
#pragma pack(pop)
static_assert(sizeof(IndexHeader) == SymbolIndex::kHeaderSize);

struct Slot {
  std::uint32_t tag;
  std::uint32_t symbol_plus_one;
};

// Enters every name, or gives up when a run grows longer than a reader is willing to walk.
bool fill(std::span<Slot> slots, std::span<const std::string_view> names,
          std::span<const int> ranks) {
  const auto mask = static_cast<std::uint32_t>(slots.size() - 1);
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    const std::uint64_t hash = xxh3_64(as_bytes(names[i]));
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    auto at = static_cast<std::uint32_t>(hash) & mask;
    std::uint32_t probes = 0;
    for (;; at = (at + 1) & mask) {
      if (++probes > SymbolIndex::kMaxProbe) return false;
      Slot& slot = slots[at];
      if (slot.symbol_plus_one == 0) {
        slot = {tag, i + 1};
        break;
      }
      const std::uint32_t other = slot.symbol_plus_one - 1;
      if (slot.tag == tag && names[other] == names[i]) {
        if (ranks[i] < ranks[other]) slot.symbol_plus_one = i + 1;
        break;
      }
    }
  }
  return true;
}

}  // namespace

std::optional<SymbolIndex> SymbolIndex::open(Bytes section, std::uint32_t symbol_count) {
  if (section.size() < kHeaderSize) return std::nullopt;
  const auto header = load<IndexHeader>(section, 0);
  if (std::memcmp(header.magic, kIndexMagic, sizeof kIndexMagic) != 0 ||
      header.version != kIndexVersion || header.symbol_count != symbol_count ||
      !std::has_single_bit(header.slot_count) ||
      section.size() - kHeaderSize != header.slot_count * std::uint64_t{sizeof(Slot)})
    return std::nullopt;
  SymbolIndex index;
  index.slots_ = section.subspan(kHeaderSize);
  index.slot_count_ = header.slot_count;
  index.symbol_count_ = symbol_count;
  return index;
}

SymbolIndex::Candidates SymbolIndex::find(std::string_view name) const {
  const std::uint64_t hash = xxh3_64(as_bytes(name));
  Candidates walk;
  walk.index_ = this;
  walk.slot_ = static_cast<std::uint32_t>(hash) & (slot_count_ - 1);
  walk.tag_ = static_cast<std::uint32_t>(hash >> 32);
  return walk;
}

std::optional<std::uint32_t> SymbolIndex::Candidates::next() {
  while (probes_ < kMaxProbe) {
    const auto slot = load<Slot>(index_->slots_, std::uint64_t{slot_} * sizeof(Slot));
    if (slot.symbol_plus_one == 0) break;
    ++probes_;
    slot_ = (slot_ + 1) & (index_->slot_count_ - 1);
    if (slot.tag == tag_ && slot.symbol_plus_one <= index_->symbol_count_)
      return slot.symbol_plus_one - 1;
  }
  probes_ = kMaxProbe;
  return std::nullopt;
}

ByteVector SymbolIndex::build(std::span<const std::string_view> names, std::span<const int> ranks) {
  SMF_CHECK(names.size() == ranks.size() && names.size() <= UINT32_MAX / 4);
  auto slot_count = std::bit_ceil(std::max<std::uint64_t>(2 * names.size(), 2));
  std::vector<Slot> slots(slot_count);
  while (!fill(slots, names, ranks)) {
    slot_count *= 2;
    slots.assign(slot_count, Slot{});
  }
  IndexHeader header{.magic = {},
                     .version = kIndexVersion,
                     .reserved = 0,
                     .symbol_count = static_cast<std::uint32_t>(names.size()),
                     .slot_count = static_cast<std::uint32_t>(slot_count)};
  std::memcpy(header.magic, kIndexMagic, sizeof kIndexMagic);
  ByteVector out(kHeaderSize + slot_count * sizeof(Slot));
  store(std::span(out), 0, header);
  std::memcpy(out.data() + kHeaderSize, slots.data(), slot_count * sizeof(Slot));
  return out;
}

}  // namespace smf
