#include "runtime/format/seekable.h"

#include <fmt/format.h>

#include "runtime/base/check.h"

namespace smf {
namespace {

constexpr std::uint32_t kSkippableMagic = 0x184D2A5E;
constexpr std::uint32_t kSeekableMagic = 0x8F92EAB1;
constexpr std::uint64_t kSkippableHeader = 8;
constexpr std::uint64_t kFooter = 9;
constexpr std::uint8_t kChecksumBit = 0x80;
constexpr std::uint8_t kReservedBits = 0x7C;

}  // namespace

Result<std::optional<std::vector<SeekFrame>>> read_seek_table(Bytes stored) {
  if (stored.size() < kSkippableHeader + kFooter ||
      load<std::uint32_t>(stored, stored.size() - 4) != kSeekableMagic)
    return std::nullopt;
  const std::uint64_t footer = stored.size() - kFooter;
  const auto count = load<std::uint32_t>(stored, footer);
  const auto descriptor = load<std::uint8_t>(stored, footer + 4);
  if (descriptor & kReservedBits)
    return fail_at(footer + 4,
                   fmt::format("seek table descriptor 0x{:02x} has reserved bits set", descriptor));
  const std::uint64_t entry = descriptor & kChecksumBit ? 12 : 8;
  const std::uint64_t table = kSkippableHeader + count * entry + kFooter;
  if (count > kMaxSeekFrames || table > stored.size())
    return fail_at(footer, fmt::format("seek table of {} frames is longer than the {} bytes it "
                                       "stands in",
                                       count, stored.size()));
  const std::uint64_t start = stored.size() - table;
  if (load<std::uint32_t>(stored, start) != kSkippableMagic ||
      load<std::uint32_t>(stored, start + 4) != table - kSkippableHeader)
    return fail_at(start, "seek table does not begin with a skippable frame of its length");

  std::vector<SeekFrame> frames;
  frames.reserve(count);
  SeekFrame next;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t at = start + kSkippableHeader + i * entry;
    next.stored_size = load<std::uint32_t>(stored, at);
    next.content_size = load<std::uint32_t>(stored, at + 4);
    if (!in_range(next.stored_offset, next.stored_size, start))
      return fail_at(at, fmt::format("frame {} ends past the frames, at 0x{:x} of 0x{:x}", i,
                                     next.stored_offset + next.stored_size, start));
    frames.push_back(next);
    next.stored_offset += next.stored_size;
    next.content_offset += next.content_size;
  }
  if (next.stored_offset != start)
    return fail_at(next.stored_offset, fmt::format("frames of the seek table end here; the table "
                                                   "begins at 0x{:x}",
                                                   start));
  return frames;
}

ByteVector write_seek_table(std::span<const SeekFrame> frames) {
  SMF_CHECK(frames.size() <= kMaxSeekFrames);
  ByteVector out;
  out.reserve(kSkippableHeader + frames.size() * 8 + kFooter);
  append(out, kSkippableMagic);
  append(out, static_cast<std::uint32_t>(frames.size() * 8 + kFooter));
  for (const SeekFrame& frame : frames) {
    append(out, frame.stored_size);
    append(out, frame.content_size);
  }
  append(out, static_cast<std::uint32_t>(frames.size()));
  append(out, std::uint8_t{0});
  append(out, kSeekableMagic);
  return out;
}

}  // namespace smf
