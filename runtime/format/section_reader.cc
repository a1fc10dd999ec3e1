#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/format/compression.h"
#include "runtime/format/frame_decoder.h"
#include "runtime/format/frame_table.h"

namespace smf {

struct SectionReader::State {
  Bytes stored;
  FrameTable table;
  FrameDecoder decoder;
  ByteVector frame{};  // the content of frame `current`
  std::size_t current = SIZE_MAX;
};

SectionReader::SectionReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
SectionReader::~SectionReader() = default;
SectionReader::SectionReader(SectionReader&&) noexcept = default;

std::uint64_t SectionReader::size() const { return state_->table.size(); }
bool SectionReader::is_seekable() const { return state_->table.is_seekable(); }
std::uint64_t SectionReader::frame_count() const { return state_->table.frames().size(); }

Result<SectionReader> SectionReader::open(Bytes stored, std::uint64_t uncompressed,
                                          const DecompressionLimits& limits) try {
  SMF_ASSIGN(FrameTable table, FrameTable::read(stored, uncompressed, limits));
  return SectionReader(std::make_unique<State>(
      State{.stored = stored, .table = std::move(table), .decoder = FrameDecoder(limits)}));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "no memory to read the compressed section");
}

Result<void> SectionReader::read(std::uint64_t offset, std::span<std::byte> out) try {
  SMF_CHECK(in_range(offset, out.size(), state_->table.size()));
  State& state = *state_;
  while (!out.empty()) {
    const std::size_t index = state.table.index_at(offset);
    const SeekFrame& at = state.table.frames()[index];
    const std::uint64_t skip = offset - at.content_offset;
    const std::size_t take = std::min<std::uint64_t>(at.content_size - skip, out.size());
    SMF_CHECK(take > 0);
    if (state.current != index && skip == 0 && take == at.content_size) {
      SMF_TRY(state.decoder.decode(state.table, state.stored, index, out.first(take)));
    } else {
      if (state.current != index) {
        state.current = SIZE_MAX;
        state.frame.resize(at.content_size);
        SMF_TRY(state.decoder.decode(state.table, state.stored, index, state.frame));
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
  State& state = *state_;
  for (std::size_t i = 0; i < state.table.frames().size(); ++i) {
    if (state.table.frames()[i].content_size == 0)
      SMF_TRY(state.decoder.decode(state.table, state.stored, i, {}));
  }
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
