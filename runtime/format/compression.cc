#include "runtime/format/compression.h"

#include <fmt/format.h>
#include <lz4.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>

#include "runtime/base/check.h"

namespace smf {
namespace {

constexpr std::uint32_t kZstdMagic = 0xFD2FB528;
constexpr std::uint32_t kLz4Magic = 0x184D2204;

struct LevelRange {
  int first, last, usual;
};
LevelRange levels(Algorithm algorithm) {
  return algorithm == Algorithm::kZstd ? LevelRange{1, 22, 3} : LevelRange{1, 12, 1};
}

Result<void> check_ratio(std::uint64_t stored, std::uint64_t uncompressed,
                         const DecompressionLimits& limits) {
  if (uncompressed > limits.ratio_floor &&
      uncompressed / limits.max_ratio >= std::max<std::uint64_t>(stored, 1)) {
    return fail(ErrorCode::kLimit,
                fmt::format("claims {} bytes uncompressed of {} stored; the limit is {} to 1",
                            uncompressed, stored, limits.max_ratio));
  }
  return {};
}

}  // namespace

Result<CompressionSpec> parse_compression(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (text == "none") return CompressionSpec{};
  CompressionSpec spec;
  if (name == "zstd") {
    spec.algorithm = Algorithm::kZstd;
  } else if (name == "lz4") {
    spec.algorithm = Algorithm::kLz4;
  } else {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is no compression; expected none, zstd[:LEVEL] or lz4[:LEVEL]", text));
  }
  const LevelRange range = levels(spec.algorithm);
  spec.level = range.usual;
  if (colon == std::string_view::npos) return spec;
  const std::string_view digits = text.substr(colon + 1);
  const char* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, spec.level);
  if (error != std::errc() || stopped != end || spec.level < range.first ||
      spec.level > range.last) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no level of {}; expected {} to {}", digits, name, range.first,
                            range.last));
  }
  return spec;
}

std::string compression_text(const CompressionSpec& spec) {
  if (spec.algorithm == Algorithm::kNone) return "none";
  return fmt::format("{}:{}", algorithm_name(spec.algorithm), spec.level);
}

std::string compression_libraries() {
  return fmt::format("zstd {}, lz4 {}", ZSTD_versionString(), LZ4_versionString());
}

Result<Algorithm> identify_compression(Bytes stored) {
  if (stored.size() >= 4) {
    const auto magic = load<std::uint32_t>(stored, 0);
    if (magic == kZstdMagic) return Algorithm::kZstd;
    if (magic == kLz4Magic) return Algorithm::kLz4;
  }
  return fail_at(0, "compressed payload begins with neither a zstd nor an lz4 frame");
}

Result<void> check_limits(std::uint64_t stored, std::uint64_t uncompressed,
                          const DecompressionLimits& limits) {
  if (uncompressed > limits.max_bytes) {
    return fail(ErrorCode::kLimit, fmt::format("claims {} bytes uncompressed; the limit is {}",
                                               uncompressed, limits.max_bytes));
  }
  return check_ratio(stored, uncompressed, limits);
}

Result<void> check_total(std::uint64_t file_size, std::uint64_t uncompressed,
                         const DecompressionLimits& limits) {
  auto checked = check_ratio(file_size, uncompressed, limits);
  if (!checked) checked.error().message = "its sections together: " + checked.error().message;
  return checked;
}

struct FrameCompressor::Contexts {
  ZSTD_CCtx* zstd = nullptr;
  ~Contexts() { ZSTD_freeCCtx(zstd); }
};

FrameCompressor::FrameCompressor(const CompressionSpec& spec)
    : spec_(spec), contexts_(std::make_unique<Contexts>()) {}
FrameCompressor::~FrameCompressor() = default;
FrameCompressor::FrameCompressor(FrameCompressor&&) noexcept = default;

Result<ByteVector> FrameCompressor::compress(Bytes content) {
  SMF_CHECK(spec_.algorithm != Algorithm::kNone && content.size() <= kSeekableAbove);
  ByteVector out;
  if (spec_.algorithm == Algorithm::kZstd) {
    if (!contexts_->zstd) {
      contexts_->zstd = ZSTD_createCCtx();
      if (!contexts_->zstd) return fail(ErrorCode::kOutOfMemory, "no memory for a zstd compressor");
      ZSTD_CCtx_setParameter(contexts_->zstd, ZSTD_c_compressionLevel, spec_.level);
      ZSTD_CCtx_setParameter(contexts_->zstd, ZSTD_c_checksumFlag, 1);
    }
    out.resize(ZSTD_compressBound(content.size()));
    const std::size_t size =
        ZSTD_compress2(contexts_->zstd, out.data(), out.size(), content.data(), content.size());
    if (ZSTD_isError(size))
      return fail(ErrorCode::kOutOfMemory, fmt::format("zstd: {}", ZSTD_getErrorName(size)));
    out.resize(size);
    return out;
  }
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.contentSize = content.size();
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  preferences.frameInfo.blockSizeID = LZ4F_max256KB;
  preferences.compressionLevel = spec_.level;
  out.resize(LZ4F_compressFrameBound(content.size(), &preferences));
  const std::size_t size =
      LZ4F_compressFrame(out.data(), out.size(), content.data(), content.size(), &preferences);
  if (LZ4F_isError(size))
    return fail(ErrorCode::kOutOfMemory, fmt::format("lz4: {}", LZ4F_getErrorName(size)));
  out.resize(size);
  return out;
}

}  // namespace smf
