#include "runtime/format/frame_decoder.h"

#include <fmt/format.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "runtime/base/check.h"

namespace smf {
namespace {

// Bytes of input that are copied to private memory at a time.
constexpr std::size_t kInputStep = 64u << 10;

std::unexpected<Error> damaged(std::uint64_t offset, std::string_view library, const char* why) {
  return fail_at(offset, fmt::format("{} cannot decompress the payload: {}", library, why));
}

std::unexpected<Error> wrong_size(std::uint64_t stored_size, std::uint64_t wanted,
                                  std::string_view relation) {
  return fail_at(stored_size, fmt::format("payload holds {} than the {} bytes its section table "
                                          "entry says",
                                          relation, wanted));
}

// Feeds a decoder of one frame piece by piece, each piece from a private copy.
// step(input, consumed, out, produced) -> Result<bool>: whether the frame has ended.
template <typename Step>
Result<void> stream_frame(Bytes stored, std::span<std::byte> out, Step step) {
  std::array<std::byte, kInputStep> copy;
  std::uint64_t at = 0, filled = 0;
  for (;;) {
    const std::size_t take = std::min<std::uint64_t>(stored.size() - at, copy.size());
    std::memcpy(copy.data(), stored.data() + at, take);
    Bytes input(copy.data(), take);
    bool is_done = false;
    do {
      std::size_t consumed = 0, produced = 0;
      SMF_ASSIGN(is_done, step(input, consumed, out.subspan(filled), produced, at));
      input = input.subspan(consumed);
      at += consumed;
      filled += produced;
      if (consumed == 0 && produced == 0 && !is_done) {
        if (filled == out.size() && at < stored.size()) return wrong_size(at, out.size(), "more");
        return damaged(at, "the decoder", "it ends in mid-frame");
      }
    } while (!is_done && !input.empty());
    if (is_done) break;
  }
  if (filled != out.size()) return wrong_size(at, out.size(), "less");
  if (at != stored.size()) return fail_at(at, "bytes follow the end of the compressed frame");
  return {};
}

}  // namespace

struct FrameDecoder::Contexts {
  const int max_window_log;
  ZSTD_DCtx* zstd = nullptr;
  LZ4F_dctx* lz4 = nullptr;
  explicit Contexts(int window_log) : max_window_log(window_log) {}
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
  ~Contexts() {
    ZSTD_freeDCtx(zstd);
    LZ4F_freeDecompressionContext(lz4);
  }

  Result<void> zstd_frame(Bytes stored, std::span<std::byte> out) {
    if (!zstd && !(zstd = ZSTD_createDCtx()))
      return fail(ErrorCode::kOutOfMemory, "no memory for a zstd decoder");
    if (stored.size() <= kOneShotBytes) {
      input_.assign(stored.begin(), stored.end());
      // The decoder would go on with further frames; a payload is one, or has a seek table.
      const std::size_t end = ZSTD_findFrameCompressedSize(input_.data(), input_.size());
      if (ZSTD_isError(end)) return damaged(0, "zstd", ZSTD_getErrorName(end));
      if (end != input_.size()) return fail_at(end, "bytes follow the end of the compressed frame");
      const std::size_t size =
          ZSTD_decompressDCtx(zstd, out.data(), out.size(), input_.data(), input_.size());
      if (ZSTD_isError(size)) return damaged(0, "zstd", ZSTD_getErrorName(size));
      return size == out.size() ? Result<void>() : wrong_size(0, out.size(), "less");
    }
    ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only);
    ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, max_window_log);
    return stream_frame(stored, out,
                        [&](Bytes input, std::size_t& consumed, std::span<std::byte> room,
                            std::size_t& produced, std::uint64_t at) -> Result<bool> {
                          ZSTD_inBuffer from{input.data(), input.size(), 0};
                          ZSTD_outBuffer to{room.data(), room.size(), 0};
                          const std::size_t state = ZSTD_decompressStream(zstd, &to, &from);
                          if (ZSTD_isError(state))
                            return damaged(at, "zstd", ZSTD_getErrorName(state));
                          consumed = from.pos;
                          produced = to.pos;
                          return state == 0;
                        });
  }

  Result<void> lz4_frame(Bytes stored, std::span<std::byte> out) {
    if (!lz4 && LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)))
      return fail(ErrorCode::kOutOfMemory, "no memory for an lz4 decoder");
    LZ4F_resetDecompressionContext(lz4);
    return stream_frame(stored, out,
                        [&](Bytes input, std::size_t& consumed, std::span<std::byte> room,
                            std::size_t& produced, std::uint64_t at) -> Result<bool> {
                          std::size_t in_size = input.size(), out_size = room.size();
                          const std::size_t state = LZ4F_decompress(
                              lz4, room.data(), &out_size, input.data(), &in_size, nullptr);
                          if (LZ4F_isError(state))
                            return damaged(at, "lz4", LZ4F_getErrorName(state));
                          consumed = in_size;
                          produced = out_size;
                          return state == 0;
                        });
  }

 private:
  ByteVector input_;
};

FrameDecoder::FrameDecoder(const DecompressionLimits& limits)
    : contexts_(std::make_unique<Contexts>(limits.max_window_log)) {}
FrameDecoder::~FrameDecoder() = default;
FrameDecoder::FrameDecoder(FrameDecoder&&) noexcept = default;
FrameDecoder& FrameDecoder::operator=(FrameDecoder&&) noexcept = default;

Result<void> FrameDecoder::decode(const FrameTable& table, Bytes stored, std::size_t index,
                                  std::span<std::byte> out) {
  const SeekFrame& from = table.frames()[index];
  SMF_CHECK(out.size() == from.content_size);
  const Bytes bytes = stored.subspan(from.stored_offset, from.stored_size);
  Result<void> done = table.algorithm() == Algorithm::kZstd ? contexts_->zstd_frame(bytes, out)
                                                            : contexts_->lz4_frame(bytes, out);
  if (!done) {
    Error error = std::move(done).error();
    error.offset = error.offset.value_or(0) + from.stored_offset;
    return std::unexpected(std::move(error));
  }
  return {};
}

}  // namespace smf
