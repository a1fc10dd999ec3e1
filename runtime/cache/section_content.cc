#include "runtime/cache/section_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "runtime/base/check.h"
#include "runtime/cache/cache.h"
#include "runtime/cache/cache_state.h"
#include "runtime/cache/cached_module.h"

namespace smf {
namespace internal {
namespace {

// Decoders that wait for the next one to use them. Each may hold FrameDecoder::kOneShotBytes.
constexpr std::size_t kMaxIdleDecoders = 8;

std::unexpected<Error> not_of_this_module(const smf::Section& section) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("section {} '{}' is not of this module", section.index, section.name()));
}

bool is_equal(const smf::Section& a, const smf::Section& b) {
  return a.offset == b.offset && a.size == b.size && a.virtual_size == b.virtual_size;
}

// What was read before this is void where the file is found truncated.
Result<void> check_not_truncated(const CachedModule& module) {
  if (!module.file.is_truncated()) return {};
  return fail(ErrorCode::kInvalidInput, "the file was truncated while it was mapped");
}

Result<void> check_range(const smf::Section& section, std::uint64_t size, std::uint64_t offset,
                         std::uint64_t count) {
  if (in_range(offset, count, size)) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("section {} '{}' has {} bytes: {} from {} are not within them",
                          section.index, section.name(), size, count, offset));
}

// An error about the stored bytes of a section, as one about the module.
Error about_section(Error error, const smf::Section& section) {
  error.message = fmt::format("section {} '{}': {}", section.index, section.name(), error.message);
  error.offset = section.offset + error.offset.value_or(0);
  return error;
}

}  // namespace

ModuleContent::~ModuleContent() {
  drop_frames();
  for (std::uint32_t i = 0; i < count_; ++i) {
    delete slots_[i].whole.load(std::memory_order_relaxed);
    delete slots_[i].frames.load(std::memory_order_relaxed);
  }
}

ModuleContent& LazyContent::set(std::unique_ptr<ModuleContent> made) {
  ModuleContent* there = nullptr;
  if (content_.compare_exchange_strong(there, made.get(), std::memory_order_acq_rel))
    return *made.release();
  return *there;
}

ModuleContent& SectionContents::content_of(CachedModule& module) {
  if (ModuleContent* const there = module.content.get()) return *there;
  const std::uint64_t serial = last_serial_.fetch_add(1, std::memory_order_relaxed) + 1;
  return module.content.set(
      std::make_unique<ModuleContent>(module.file.view().section_count(), serial, frames_));
}

Result<Bytes> SectionContents::whole(CachedModule& module, const smf::Section& section) {
  const SmfView& view = module.file.view();
  if (section.index >= view.section_count() ||
      !in_range(section.offset, section.size, view.file().size()))
    return not_of_this_module(section);
  if (!section.compressed) return view.stored(section);
  SMF_ASSIGN(const Whole* const whole, find_or_decompress(module, section));
  return whole->bytes();
}

Result<void> SectionContents::read(CachedModule& module, const smf::Section& section,
                                   std::uint64_t offset, std::span<std::byte> out) {
  const SmfView& view = module.file.view();
  if (section.index >= view.section_count() ||
      !in_range(section.offset, section.size, view.file().size()))
    return not_of_this_module(section);
  const std::uint64_t size = section.compressed ? section.virtual_size : section.size;
  SMF_TRY(check_range(section, size, offset, out.size()));
  if (out.empty()) return {};
  if (!section.compressed) {
    std::memcpy(out.data(), view.stored(section).data() + offset, out.size());
    if (const auto good = check_not_truncated(module); !good)
      return std::unexpected(about_section(good.error(), section));
    return {};
  }
  const auto* whole = content_of(module).slot(section.index).whole.load(std::memory_order_acquire);
  if (whole == nullptr) {
    SMF_ASSIGN(const Frames* const frames, find_or_read_frames(module, section));
    if (frames->table.is_seekable()) return read_by_frames(module, *frames, offset, out);
    SMF_ASSIGN(whole, find_or_decompress(module, section));
  } else if (!is_equal(whole->section, section)) {
    return not_of_this_module(section);
  }
  std::memcpy(out.data(), whole->bytes().data() + offset, out.size());
  return {};
}

Result<const ModuleContent::Whole*> SectionContents::find_or_decompress(
    CachedModule& module, const smf::Section& section) {
  ModuleContent::Slot& slot = content_of(module).slot(section.index);
  const auto find = [&] { return slot.whole.load(std::memory_order_acquire); };
  const Whole* whole = find();
  if (whole == nullptr) {
    SMF_ASSIGN(whole,
               wholes_in_flight_.run(&slot, find, [&] { return decompress(module, section); }));
  }
  if (!is_equal(whole->section, section)) return not_of_this_module(section);
  return whole;
}

// All of it; frames without content as well, which have to be sound too.
Result<const ModuleContent::Whole*> SectionContents::decompress(CachedModule& module,
                                                                const smf::Section& section) {
  ModuleContent& content = content_of(module);
  ModuleContent::Slot& slot = content.slot(section.index);
  const Bytes stored = module.file.view().stored(section);
  const auto fill = [&]() -> Result<std::unique_ptr<Whole>> {
    SMF_ASSIGN(const FrameTable table, FrameTable::read(stored, section.virtual_size, limits_));
    auto made = std::make_unique<Whole>(
        Whole{.section = section,
              .data = std::make_unique_for_overwrite<std::byte[]>(section.virtual_size)});
    FrameDecoder decoder = take_decoder();
    bool is_small = true;
    for (std::size_t i = 0; i < table.frames().size(); ++i) {
      const SeekFrame& frame = table.frames()[i];
      SMF_TRY(decoder.decode(table, stored, i,
                             {made->data.get() + frame.content_offset, frame.content_size}));
      is_small = is_small && frame.stored_size <= FrameDecoder::kOneShotBytes;
    }
    if (is_small) give_back(std::move(decoder));
    return made;
  };
  auto made = fill();
  // Where zeros were read, that is what is wrong.
  if (const auto good = check_not_truncated(module); !good) made = std::unexpected(good.error());
  if (!made) return std::unexpected(about_section(std::move(made).error(), section));
  state_.charge(module, section.virtual_size);
  slot.whole.store(made->get(), std::memory_order_release);
  decompressions_.fetch_add(1, std::memory_order_relaxed);
  frames_.erase_section(content.serial, section.index);
  return made->release();
}

Result<const ModuleContent::Frames*> SectionContents::find_or_read_frames(
    CachedModule& module, const smf::Section& section) {
  ModuleContent::Slot& slot = content_of(module).slot(section.index);
  const auto find = [&] { return slot.frames.load(std::memory_order_acquire); };
  const Frames* frames = find();
  if (frames == nullptr) {
    SMF_ASSIGN(frames,
               tables_in_flight_.run(&slot, find, [&] { return read_frames(module, section); }));
  }
  if (!is_equal(frames->section, section)) return not_of_this_module(section);
  return frames;
}

Result<const ModuleContent::Frames*> SectionContents::read_frames(CachedModule& module,
                                                                  const smf::Section& section) {
  auto table = FrameTable::read(module.file.view().stored(section), section.virtual_size, limits_);
  if (const auto good = check_not_truncated(module); !good) table = std::unexpected(good.error());
  if (!table) return std::unexpected(about_section(std::move(table).error(), section));
  auto made = std::make_unique<Frames>(Frames{.section = section, .table = *std::move(table)});
  state_.charge(module, sizeof(Frames) + made->table.memory());
  content_of(module).slot(section.index).frames.store(made.get(), std::memory_order_release);
  return made.release();
}

Result<void> SectionContents::read_by_frames(CachedModule& module, const Frames& frames,
                                             std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const std::size_t index = frames.table.index_at(offset);
    SMF_ASSIGN(const FrameCache::Frame frame, find_or_decode(module, frames, index));
    const std::uint64_t skip = offset - frames.table.frames()[index].content_offset;
    const std::size_t take = std::min<std::uint64_t>(frame.size - skip, out.size());
    std::memcpy(out.data(), frame.data.get() + skip, take);
    out = out.subspan(take);
    offset += take;
  }
  return {};
}

Result<FrameCache::Frame> SectionContents::find_or_decode(CachedModule& module,
                                                          const Frames& frames, std::size_t index) {
  const FrameCache::Key key{content_of(module).serial, frames.section.index, index};
  const auto find = [&] { return frames_.find(key); };
  FrameCache::Frame frame = find();
  bool is_new = false;
  if (!frame) {
    const auto work = [&]() -> Result<FrameCache::Frame> {
      is_new = true;
      SMF_ASSIGN(FrameCache::Frame made, decode(module, frames, index));
      state_.keep_frame(module, key, made);
      return made;
    };
    SMF_ASSIGN(frame, frames_in_flight_.run(key, find, work));
  }
  (is_new ? frame_misses_ : frame_hits_).fetch_add(1, std::memory_order_relaxed);
  return frame;
}

Result<FrameCache::Frame> SectionContents::decode(CachedModule& module, const Frames& frames,
                                                  std::size_t index) {
  const SeekFrame& at = frames.table.frames()[index];
  auto data = std::make_shared_for_overwrite<std::byte[]>(at.content_size);
  FrameDecoder decoder = take_decoder();
  auto done = decoder.decode(frames.table, module.file.view().stored(frames.section), index,
                             {data.get(), at.content_size});
  if (at.stored_size <= FrameDecoder::kOneShotBytes) give_back(std::move(decoder));
  if (const auto good = check_not_truncated(module); !good) done = std::unexpected(good.error());
  if (!done) return std::unexpected(about_section(std::move(done).error(), frames.section));
  return FrameCache::Frame{.data = std::move(data), .size = at.content_size};
}

FrameDecoder SectionContents::take_decoder() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      FrameDecoder decoder = std::move(idle_.back());
      idle_.pop_back();
      return decoder;
    }
  }
  return FrameDecoder(limits_);
}

void SectionContents::give_back(FrameDecoder decoder) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdleDecoders) idle_.push_back(std::move(decoder));
}

SectionContents::Counts SectionContents::counts() const {
  return {.decompressions = decompressions_.load(std::memory_order_relaxed),
          .frame_hits = frame_hits_.load(std::memory_order_relaxed),
          .frame_misses = frame_misses_.load(std::memory_order_relaxed)};
}

}  // namespace internal

namespace {

std::unexpected<Error> at_path_of(internal::CachedModule& module, Error error) {
  return std::unexpected(std::move(error).at_path(std::string(module.path())));
}

std::unexpected<Error> out_of_memory() {
  return std::unexpected(Error{.code = ErrorCode::kOutOfMemory, .message = "out of memory"});
}

}  // namespace

Result<SectionContent> ModuleRef::content(const Section& section) const try {
  SMF_ASSIGN(ModuleRef pin, copy());
  auto bytes = module_->state->contents().whole(*module_, section);
  if (!bytes) return at_path_of(*module_, std::move(bytes).error());
  return SectionContent(std::move(pin), *bytes);
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<void> ModuleRef::read(const Section& section, std::uint64_t offset,
                             std::span<std::byte> out) const try {
  SMF_CHECK(module_ != nullptr);
  auto done = module_->state->contents().read(*module_, section, offset, out);
  if (!done) return at_path_of(*module_, std::move(done).error());
  return {};
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

}  // namespace smf
