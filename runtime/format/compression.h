// Compressed sections: how bytes are framed, and what a reader refuses.
//
// A section is stored as one zstd frame, one LZ4 frame, or, above kSeekableAbove bytes, as a chain
// of independent frames of kFrameSize content bytes each followed by a seek table (the public zstd
// seekable format, seekable.h; to LZ4 the table is a skippable frame just as well). The frame's own
// magic says which algorithm. Every frame records its content size and a checksum; `zstd -d` and
// `lz4 -d` read all of them.
//
// 256 KiB a frame: one 4 KiB page out of a 1 GiB section costs one frame, about 0.2 ms, and the
// ratio at level 3 stays within a few per cent of one long frame. 64 KiB would read four times
// faster and compress 5 to 10 % worse; 1 MiB the reverse.
//
// A module is untrusted input: a few bytes can claim to hold terabytes. Every decompression is
// bounded by DecompressionLimits, checked before memory is allocated and again while it is filled,
// and the section table's virtual_size has to be met to the byte. Input is copied to private memory
// before a decoder sees it, since the decoders do not promise to read each byte of a mapping that
// another process changes only once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/types.h"

namespace smf {

struct CompressionSpec {
  Algorithm algorithm = Algorithm::kNone;
  int level = 0;  // zstd 1 to 22, lz4 1 to 12; 0 where nothing is compressed

  friend bool operator==(const CompressionSpec&, const CompressionSpec&) = default;
};

// "none", "zstd", "zstd:19", "lz4", "lz4:9". Levels default to 3 and 1.
Result<CompressionSpec> parse_compression(std::string_view text);
std::string compression_text(const CompressionSpec& spec);

// "zstd 1.5.4, lz4 1.9.4": what produced the bytes, since another version may produce others.
std::string compression_libraries();

struct DecompressionLimits {
  std::uint64_t max_bytes = std::uint64_t{1} << 30;  // of one section, uncompressed
  // Of one frame, which is decompressed in memory as a whole.
  std::uint64_t max_frame_bytes = std::uint64_t{1} << 30;
  // Uncompressed to stored; looked at above ratio_floor bytes only. Our own framing of a section of
  // zeros reaches about 9 000 : 1.
  std::uint64_t max_ratio = 10'000;
  std::uint64_t ratio_floor = 16u << 20;
  int max_window_log = 27;  // memory of the zstd decoder: 2^27 = 128 MiB
};

inline constexpr std::uint64_t kFrameSize = 256u << 10;
inline constexpr std::uint64_t kSeekableAbove = 1u << 20;

// What the magic of a stored payload says; kInvalidInput for none of ours.
Result<Algorithm> identify_compression(Bytes stored);

// Whether a payload of `stored` bytes may expand to `uncompressed`; the error names the limit.
Result<void> check_limits(std::uint64_t stored, std::uint64_t uncompressed,
                          const DecompressionLimits& limits);

// The same of all sections of a file together, by their ratio: thousands of them may share their
// bytes, or each stay below ratio_floor, and nobody's disk is large enough for what comes out.
Result<void> check_total(std::uint64_t file_size, std::uint64_t uncompressed,
                         const DecompressionLimits& limits);

// a + b, or the largest number: for sums of what a file claims.
constexpr std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
  return a + b < a ? ~std::uint64_t{0} : a + b;
}

// Compresses pieces of up to kSeekableAbove bytes, each into one frame. Keeps the libraries'
// working memory between calls; not thread-safe: one for each thread.
class FrameCompressor {
 public:
  explicit FrameCompressor(const CompressionSpec& spec);
  ~FrameCompressor();
  FrameCompressor(FrameCompressor&&) noexcept;
  Result<ByteVector> compress(Bytes content);

 private:
  struct Contexts;
  CompressionSpec spec_;
  std::unique_ptr<Contexts> contexts_;
};

// Reads anywhere in a compressed payload. The payload must outlive it; not thread-safe.
class SectionReader {
 public:
  // `uncompressed` is the section's virtual_size. Reads the seek table, if there is one.
  static Result<SectionReader> open(Bytes stored, std::uint64_t uncompressed,
                                    const DecompressionLimits& limits = {});
  ~SectionReader();
  SectionReader(SectionReader&&) noexcept;

  std::uint64_t size() const;  // bytes, uncompressed
  bool is_seekable() const;    // a read costs the frames it touches, not all
  std::uint64_t frame_count() const;
  // Fills `out` from `offset`; both within size(). The frame last used is kept.
  Result<void> read(std::uint64_t offset, std::span<std::byte> out);
  // Frames that record no content are never met by read(): whether they really hold none.
  Result<void> check_empty_frames();

 private:
  struct State;
  explicit SectionReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All of a payload. Allocates `uncompressed` bytes once the limits allow it.
Result<ByteVector> decompress(Bytes stored, std::uint64_t uncompressed,
                              const DecompressionLimits& limits = {});

}  // namespace smf
