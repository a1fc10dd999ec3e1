#include "runtime/note/index.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace smf {
namespace {

constexpr char kMagic[4] = {'S', 'M', 'F', 'N'};
constexpr std::uint16_t kVersion = 1;
constexpr std::uint32_t kPossibleBit = 1u << 31;

#pragma pack(push, 1)
struct IndexHeader {
  char magic[4];
  std::uint16_t version;
  std::uint16_t reserved;
  std::uint32_t packed_size;
  std::uint32_t slot_count;
  NoteIndex::Columns columns[2];
  struct {
    std::uint32_t begin, end;
  } rows[2];
  std::uint64_t hash;
};
#pragma pack(pop)
static_assert(sizeof(IndexHeader) == NoteIndex::kHeaderSize);
static_assert(offsetof(IndexHeader, hash) == 64);

std::uint64_t hash_of(const IndexHeader& header) {
  return xxh3_64(std::as_bytes(std::span(&header, 1)).first(offsetof(IndexHeader, hash)));
}

struct Slot {
  std::uint32_t tag;
  std::uint32_t row;
};

NoteIndex::Place place_of(std::uint32_t row) {
  return {.table = (row & kPossibleBit) != 0 ? NoteTable::kPossible : NoteTable::kInstantiations,
          .offset = row & ~kPossibleBit};
}

std::uint32_t row_of(const NoteIndex::Place& place) {
  SMF_CHECK(place.offset != 0 && (place.offset & kPossibleBit) == 0);
  return place.offset | (place.table == NoteTable::kPossible ? kPossibleBit : 0);
}

// Names already entered, by slot: `owner[slot]` is the row's index in `rows`.
bool fill(std::span<Slot> slots, std::span<std::uint32_t> owner,
          std::span<const NoteIndex::Row> rows) {
  const auto mask = static_cast<std::uint32_t>(slots.size() - 1);
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    const std::uint64_t hash = xxh3_64(as_bytes(rows[i].mangled_name));
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    auto at = static_cast<std::uint32_t>(hash) & mask;
    for (std::uint32_t probes = 1;; at = (at + 1) & mask, ++probes) {
      if (probes > NoteIndex::kMaxProbe) return false;
      if (slots[at].row == 0) {
        slots[at] = {tag, row_of(rows[i].place)};
        owner[at] = i;
        break;
      }
      if (slots[at].tag == tag && rows[owner[at]].mangled_name == rows[i].mangled_name) break;
    }
  }
  return true;
}

}  // namespace

std::optional<NoteIndex> NoteIndex::open(Bytes section) {
  if (section.size() < kHeaderSize) return std::nullopt;
  const auto header = load<IndexHeader>(section, 0);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != kVersion ||
      header.hash != hash_of(header) || (header.packed_size & kPossibleBit) != 0 ||
      !std::has_single_bit(header.slot_count) ||
      section.size() - kHeaderSize != header.slot_count * std::uint64_t{sizeof(Slot)})
    return std::nullopt;
  NoteIndex index;
  index.slots_ = section.subspan(kHeaderSize);
  index.slot_count_ = header.slot_count;
  index.packed_size_ = header.packed_size;
  for (std::size_t i = 0; i < index.tables_.size(); ++i) {
    if (header.rows[i].end > header.packed_size) return std::nullopt;
    index.tables_[i] = {header.columns[i], header.rows[i].begin, header.rows[i].end};
  }
  return index;
}

std::optional<NoteIndex::Place> NoteIndex::slot(std::uint32_t index) const {
  const auto slot = load<Slot>(slots_, std::uint64_t{index} * sizeof(Slot));
  const Place place = place_of(slot.row);
  if (slot.row == 0 || !is_among_rows(place)) return std::nullopt;
  return place;
}

NoteIndex::Candidates NoteIndex::find(std::string_view mangled_name) const {
  const std::uint64_t hash = xxh3_64(as_bytes(mangled_name));
  Candidates walk;
  walk.index_ = this;
  walk.slot_ = static_cast<std::uint32_t>(hash) & (slot_count_ - 1);
  walk.tag_ = static_cast<std::uint32_t>(hash >> 32);
  return walk;
}

std::optional<NoteIndex::Place> NoteIndex::Candidates::next() {
  while (probes_ < kMaxProbe) {
    const auto slot = load<Slot>(index_->slots_, std::uint64_t{slot_} * sizeof(Slot));
    if (slot.row == 0) break;
    ++probes_;
    slot_ = (slot_ + 1) & (index_->slot_count_ - 1);
    const Place place = place_of(slot.row);
    if (slot.tag == tag_ && index_->is_among_rows(place)) return place;
  }
  probes_ = kMaxProbe;
  return std::nullopt;
}

ByteVector NoteIndex::build(std::span<const Row> rows, const std::array<Table, 2>& tables,
                            std::uint32_t packed_size) {
  SMF_CHECK(rows.size() <= UINT32_MAX / 8 && (packed_size & kPossibleBit) == 0);
  auto slot_count = std::bit_ceil(std::max<std::uint64_t>(2 * rows.size(), 2));
  std::vector<Slot> slots(slot_count);
  std::vector<std::uint32_t> owner(slot_count);
  while (!fill(slots, owner, rows)) {
    slot_count *= 2;
    slots.assign(slot_count, Slot{});
    owner.resize(slot_count);
  }
  IndexHeader header{.magic = {},
                     .version = kVersion,
                     .reserved = 0,
                     .packed_size = packed_size,
                     .slot_count = static_cast<std::uint32_t>(slot_count),
                     .columns = {tables[0].columns, tables[1].columns},
                     .rows = {{tables[0].begin, tables[0].end}, {tables[1].begin, tables[1].end}},
                     .hash = 0};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.hash = hash_of(header);
  ByteVector out(kHeaderSize + slot_count * sizeof(Slot));
  store(std::span(out), 0, header);
  std::memcpy(out.data() + kHeaderSize, slots.data(), slot_count * sizeof(Slot));
  return out;
}

}  // namespace smf
