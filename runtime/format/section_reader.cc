#include <fmt/format.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/format/compression.h"
#include "runtime/format/seekable.h"

namespace smf {
namespace {

// Bytes of input that are copied to private memory at a time.
constexpr std::size_t kInputStep = 64u << 10;
// Frames up to this size are copied whole and decoded in one call, which is faster.
constexpr std::size_t kOneShotBytes = 2u << 20;

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

struct Decoders {
  ZSTD_DCtx* zstd = nullptr;
  LZ4F_dctx* lz4 = nullptr;
  Decoders() = default;
  Decoders(const Decoders&) = delete;
  Decoders& operator=(const Decoders&) = delete;
  ~Decoders() {
    ZSTD_freeDCtx(zstd);
    LZ4F_freeDecompressionContext(lz4);
  }

  Result<void> zstd_frame(Bytes stored, std::span<std::byte> out, int max_window_log) {
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

}  // namespace

struct SectionReader::State {
  Bytes stored;
  Algorithm algorithm = Algorithm::kNone;
  DecompressionLimits limits;
  std::vector<SeekFrame> frames;  // one for a payload without a seek table
  bool is_seekable = false;
  std::uint64_t size = 0;
  Decoders decoders;
  ByteVector frame;  // the content of frames[current]
  std::size_t current = SIZE_MAX;

  Result<void> decode(std::size_t index, std::span<std::byte> out) {
    const SeekFrame& from = frames[index];
    const Bytes bytes = stored.subspan(from.stored_offset, from.stored_size);
    Result<void> done = algorithm == Algorithm::kZstd
                            ? decoders.zstd_frame(bytes, out, limits.max_window_log)
                            : decoders.lz4_frame(bytes, out);
    if (!done) {
      Error error = std::move(done).error();
      error.offset = error.offset.value_or(0) + from.stored_offset;
      return std::unexpected(std::move(error));
    }
    return {};
  }
};

SectionReader::SectionReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
SectionReader::~SectionReader() = default;
SectionReader::SectionReader(SectionReader&&) noexcept = default;

std::uint64_t SectionReader::size() const { return state_->size; }
bool SectionReader::is_seekable() const { return state_->is_seekable; }
std::uint64_t SectionReader::frame_count() const { return state_->frames.size(); }

Result<SectionReader> SectionReader::open(Bytes stored, std::uint64_t uncompressed,
                                          const DecompressionLimits& limits) try {
  auto state = std::make_unique<State>();
  state->stored = stored;
  state->limits = limits;
  state->size = uncompressed;
  SMF_ASSIGN(state->algorithm, identify_compression(stored));
  SMF_TRY(check_limits(stored.size(), uncompressed, limits));
  SMF_ASSIGN(auto table, read_seek_table(stored));
  if (table) {
    state->is_seekable = true;
    state->frames = *std::move(table);
  }
  if (!state->is_seekable) {
    if (stored.size() > UINT32_MAX || uncompressed > UINT32_MAX) {
      return fail(ErrorCode::kLimit, "a single compressed frame is limited to 4 GiB");
    }
    state->frames.push_back({.stored_size = static_cast<std::uint32_t>(stored.size()),
                             .content_size = static_cast<std::uint32_t>(uncompressed)});
  }
  std::uint64_t total = 0;
  for (const SeekFrame& frame : state->frames) {
    total = frame.content_offset + frame.content_size;
    SMF_TRY(check_limits(frame.stored_size, frame.content_size, limits));
    if (frame.content_size > limits.max_frame_bytes) {
      return fail(ErrorCode::kLimit, fmt::format("claims a frame of {} bytes; the limit is {}",
                                                 frame.content_size, limits.max_frame_bytes));
    }
  }
  if (total != uncompressed) {
    return fail_at(0, fmt::format("seek table adds up to {} bytes; the section table says {}",
                                  total, uncompressed));
  }
  return SectionReader(std::move(state));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "no memory for the seek table");
}

Result<void> SectionReader::read(std::uint64_t offset, std::span<std::byte> out) try {
  SMF_CHECK(in_range(offset, out.size(), state_->size));
  State& state = *state_;
  while (!out.empty()) {
    const auto after =
        std::ranges::upper_bound(state.frames, offset, {}, &SeekFrame::content_offset);
    auto at = after - 1;
    // Frames without content share an offset with the one behind them; the last one has the bytes.
    const std::size_t index = at - state.frames.begin();
    const std::uint64_t skip = offset - at->content_offset;
    const std::size_t take = std::min<std::uint64_t>(at->content_size - skip, out.size());
    SMF_CHECK(take > 0);
    if (state.current != index && skip == 0 && take == at->content_size) {
      SMF_TRY(state.decode(index, out.first(take)));
    } else {
      if (state.current != index) {
        state.current = SIZE_MAX;
        state.frame.resize(at->content_size);
        SMF_TRY(state.decode(index, state.frame));
        state.current = index;
      }
      std::memcpy(out.data(), state.frame.data() + skip, take);
    }
    out = out.subspan(take);
    offset += take;
  }
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "no memory for a decompressed frame");
}

Result<void> SectionReader::check_empty_frames() {
  for (std::size_t i = 0; i < state_->frames.size(); ++i)
    if (state_->frames[i].content_size == 0) SMF_TRY(state_->decode(i, {}));
  return {};
}

Result<ByteVector> decompress(Bytes stored, std::uint64_t uncompressed,
                              const DecompressionLimits& limits) try {
  SMF_ASSIGN(SectionReader reader, SectionReader::open(stored, uncompressed, limits));
  ByteVector out(uncompressed);
  SMF_TRY(reader.read(0, out));
  SMF_TRY(reader.check_empty_frames());
  return out;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "no memory for the decompressed section");
}

}  // namespace smf
