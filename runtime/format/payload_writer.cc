#include "runtime/format/payload_writer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "runtime/base/ordered_map.h"
#include "runtime/format/seekable.h"

namespace smf {
namespace {

// Bytes of a payload that is not compressed, read and written at a time.
constexpr std::uint64_t kCopyStep = 1u << 20;

// A piece of a payload: the unit of work of a thread.
struct Piece {
  std::uint32_t section;
  std::uint64_t offset, size;
  bool is_first, is_last;
};

struct PieceBytes {
  ByteVector bytes;
  bool is_compressed = false;
};

bool gets_compressed(const SectionSpec& section) {
  return section.compression.algorithm != Algorithm::kNone && !section.is_precompressed &&
         section.payload && section.payload->size() > 0;
}

bool is_framed(const SectionSpec& section) {
  return gets_compressed(section) && section.payload->size() > kSeekableAbove;
}

std::vector<Piece> cut(const std::vector<SectionSpec>& sections) {
  std::vector<Piece> pieces;
  for (std::uint32_t i = 0; i < sections.size(); ++i) {
    const std::uint64_t size = sections[i].payload ? sections[i].payload->size() : 0;
    const std::uint64_t step = is_framed(sections[i]) ? kFrameSize : kCopyStep;
    std::uint64_t at = 0;
    do {
      const std::uint64_t take = std::min(step, size - at);
      pieces.push_back({.section = i,
                        .offset = at,
                        .size = take,
                        .is_first = at == 0,
                        .is_last = at + take == size});
      at += take;
    } while (at < size);
  }
  return pieces;
}

// The compressors of one thread, one for each choice of algorithm and level it has met.
class Worker {
 public:
  Result<PieceBytes> produce(const SectionSpec& section, const Piece& piece) {
    PieceBytes result;
    result.bytes.resize(piece.size);
    if (piece.size == 0) return result;
    SMF_TRY(section.payload->read(piece.offset, result.bytes));
    if (!gets_compressed(section)) return result;
    SMF_ASSIGN(ByteVector compressed, compressor(section.compression).compress(result.bytes));
    // A frame of many is compressed whatever comes of it: the seek table counts on frames.
    if (is_framed(section) || compressed.size() < result.bytes.size()) {
      result.bytes = std::move(compressed);
      result.is_compressed = true;
    }
    return result;
  }

 private:
  FrameCompressor& compressor(const CompressionSpec& spec) {
    for (auto& [known, compressor] : compressors_)
      if (known == spec) return compressor;
    return compressors_.emplace_back(spec, FrameCompressor(spec)).second;
  }

  std::vector<std::pair<CompressionSpec, FrameCompressor>> compressors_;
};

// Takes the pieces in order and keeps the books of the section they belong to.
class Assembler {
 public:
  Assembler(const std::vector<SectionSpec>& sections, HashingWriter& writer)
      : sections_(sections), writer_(writer) {}

  Result<void> take(const Piece& piece, const PieceBytes& bytes) {
    const SectionSpec& spec = sections_[piece.section];
    if (piece.is_first) SMF_TRY(begin(spec));
    PlacedSection& placed = placed_.back();
    if (is_framed(spec)) {
      frames_.push_back({.stored_offset = placed.size,
                         .content_offset = piece.offset,
                         .stored_size = static_cast<std::uint32_t>(bytes.bytes.size()),
                         .content_size = static_cast<std::uint32_t>(piece.size)});
    }
    if (bytes.is_compressed) placed.flags |= kSectionCompressed;
    SMF_TRY(write(bytes.bytes));
    if (!piece.is_last) return {};
    if (is_framed(spec)) SMF_TRY(write(write_seek_table(frames_)));
    placed.hash = is_mutable_section(placed.name) ? 0 : hash_.digest_64();
    return {};
  }

  std::vector<PlacedSection> finish() && { return std::move(placed_); }

 private:
  Result<void> begin(const SectionSpec& spec) {
    const bool is_empty = !spec.payload || spec.payload->size() == 0;
    if (!is_empty) SMF_TRY(writer_.pad_to(std::max<std::uint64_t>(spec.alignment, 1)));
    const std::uint64_t payload_size = spec.payload ? spec.payload->size() : 0;
    placed_.push_back({.name = spec.name,
                       .type = spec.type,
                       .flags = (spec.flags & ~kSectionCompressed) |
                                (spec.is_precompressed ? kSectionCompressed : 0),
                       .offset = writer_.position(),
                       .virtual_size = gets_compressed(spec)
                                           ? payload_size
                                           : spec.virtual_size.value_or(payload_size),
                       .alignment = spec.alignment});
    hash_ = Xxh3Stream();
    frames_.clear();
    return {};
  }

  Result<void> write(Bytes bytes) {
    placed_.back().size += bytes.size();
    if (is_mutable_section(placed_.back().name)) return writer_.append_unhashed(bytes);
    hash_.update(bytes);
    return writer_.append(bytes);
  }

  const std::vector<SectionSpec>& sections_;
  HashingWriter& writer_;
  std::vector<PlacedSection> placed_;
  std::vector<SeekFrame> frames_;
  Xxh3Stream hash_;
};

}  // namespace

Result<void> HashingWriter::append(Bytes bytes) {
  hash_.update(bytes);
  return out_.append(bytes);
}

Result<void> HashingWriter::append_unhashed(Bytes bytes) {
  hash_.update_zeros(bytes.size());
  return out_.append(bytes);
}

Result<void> HashingWriter::pad_to(std::uint64_t alignment) {
  static constexpr std::array<std::byte, 4096> kZeros{};
  std::uint64_t missing = align_up(position(), alignment) - position();
  while (missing > 0) {
    const std::uint64_t step = std::min<std::uint64_t>(missing, kZeros.size());
    SMF_TRY(append(Bytes(kZeros).first(step)));
    missing -= step;
  }
  return {};
}

Result<std::vector<PlacedSection>> write_payloads(const std::vector<SectionSpec>& sections,
                                                  const BuildOptions& options,
                                                  HashingWriter& writer) {
  const std::vector<Piece> pieces = cut(sections);
  std::uint64_t total = 0, done = 0;
  for (const Piece& piece : pieces) total += piece.size;
  const unsigned jobs = std::max(options.jobs, 1u);
  std::vector<Worker> workers(jobs);
  Assembler assembler(sections, writer);
  SMF_TRY(ordered_map<PieceBytes>(
      pieces.size(), jobs, 2 * std::uint64_t{jobs} + 2,
      [&](std::uint64_t i, unsigned worker) {
        return workers[worker].produce(sections[pieces[i].section], pieces[i]);
      },
      [&](std::uint64_t i, const PieceBytes& bytes) -> Result<void> {
        SMF_TRY(assembler.take(pieces[i], bytes));
        done += pieces[i].size;
        if (options.progress) options.progress(done, total);
        return {};
      }));
  return std::move(assembler).finish();
}

}  // namespace smf
