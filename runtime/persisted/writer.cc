#include "runtime/persisted/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/format/assembly.h"
#include "runtime/format/builder.h"
#include "runtime/format/convert.h"
#include "runtime/format/view.h"
#include "runtime/os/input_file.h"
#include "runtime/os/locked_file.h"
#include "runtime/os/output_file.h"
#include "runtime/persisted/index.h"
#include "runtime/persisted/reader.h"
#include "runtime/persisted/room.h"

namespace smf {
namespace {

// A module's file, mapped while it is locked.
struct LockedModule {
  os::FileBytes bytes;
  SmfView view;
  Bytes room{};  // empty where there is none that is usable
};

void put_room(SectionSpec room, ModuleSpec& spec) {
  const auto there = std::ranges::find(spec.sections, kJitRoomSection, &SectionSpec::name);
  if (there != spec.sections.end()) {
    *there = std::move(room);
  } else {
    spec.sections.push_back(std::move(room));
  }
}

std::uint64_t total_size(std::span<const ByteVector> entries) {
  std::uint64_t size = 0;
  for (const ByteVector& entry : entries) size += entry.size();
  return size;
}

}  // namespace

class PersistedCodeWriter::Impl {
 public:
  Impl(std::string path, os::SystemCalls& calls)
      : file_(std::move(path), os::LockedFile::Access::kReadWrite, calls) {}

  // Takes the lock, and knows then what the file says. A failure may have left the file ahead of
  // what is known, which is then read again.
  Result<PersistUpdate> append(std::span<const PersistedPiece> pieces) {
    auto done = append_locked(pieces);
    file_.unlock();
    if (done) return done;
    room_.reset();
    return std::unexpected(std::move(done).error().at_path(file_.path()));
  }

 private:
  // What is known of the section between two calls.
  struct KnownRoom {
    std::uint64_t file_size = 0;
    std::uint64_t begin = 0;     // of the section, in bytes from the start of the file
    std::uint64_t capacity = 0;  // 0 where there is no usable section
    PersistedIndex index{};

    bool can_take(std::uint64_t size) const {
      return !index.is_broken() && in_range(index.end(), size, capacity);
    }
  };

  Result<PersistUpdate> append_locked(std::span<const PersistedPiece> pieces);
  Result<LockedModule> open_module() const;
  Result<void> catch_up(bool is_new);
  Result<bool> is_up_to_date() const;
  Result<bool> is_there(const PersistedPiece& piece) const;
  Result<bool> has_sound_entry(const Hash128& key) const;
  Result<std::vector<ByteVector>> choose(std::span<const PersistedPiece> pieces) const;
  Result<void> append_in_place(std::span<const ByteVector> entries);
  Result<void> rewrite_with(std::span<const ByteVector> entries);

  os::LockedFile file_;
  std::optional<KnownRoom> room_{};
};

Result<LockedModule> PersistedCodeWriter::Impl::open_module() const {
  if (file_.size() == 0) return fail(ErrorCode::kInvalidInput, "the file is empty");
  SMF_ASSIGN(os::FileBytes bytes,
             os::FileBytes::map(file_.descriptor(), file_.size(), file_.path(), file_.calls()));
  SMF_ASSIGN(const SmfView view, SmfView::open(bytes.bytes()));
  SMF_ASSIGN(const bool is_ours, is_native(view));
  if (!is_ours || view.header().dialect != Dialect::kP128) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("code is kept in modules of version 1.1, not in {} {}.{}",
                    dialect_name(view.header().dialect), view.header().major, view.header().minor));
  }
  LockedModule module{.bytes = std::move(bytes), .view = view};
  SMF_ASSIGN(const auto section, view.find_section(kJitRoomSection));
  if (!section || section->compressed) return module;
  const Bytes stored = view.stored(*section);
  const JitRoomState state = jit_room_state(stored);
  if (state == JitRoomState::kNewer) {
    return fail_at(section->offset, "section '.smf.jit' is of a later version",
                   ErrorCode::kUnsupported);
  }
  if (state == JitRoomState::kUsable)
    module.room = stored.first(std::min<std::uint64_t>(stored.size(), kMostJitRoom));
  return module;
}

// Nothing was appended since. Whoever appends writes a word that was 0.
Result<bool> PersistedCodeWriter::Impl::is_up_to_date() const {
  const std::uint64_t end = room_->index.end();
  if (!in_range(end, sizeof(std::uint32_t), room_->capacity)) return true;
  std::uint32_t word = 0;
  SMF_TRY(file_.read_at(room_->begin + end, std::as_writable_bytes(std::span(&word, 1))));
  return word == 0;
}

Result<void> PersistedCodeWriter::Impl::catch_up(bool is_new) {
  if (!is_new && room_ && room_->file_size == file_.size()) {
    SMF_ASSIGN(const bool is_known, is_up_to_date());
    if (is_known) return {};
  }
  room_.reset();
  SMF_ASSIGN(const LockedModule module, open_module());
  KnownRoom room{.file_size = file_.size()};
  if (!module.room.empty()) {
    room.begin = static_cast<std::uint64_t>(module.room.data() - module.bytes.bytes().data());
    room.capacity = module.room.size();
    room.index.read_on(module.room);
  }
  room_ = std::move(room);
  return {};
}

Result<bool> PersistedCodeWriter::Impl::has_sound_entry(const Hash128& key) const {
  const auto place = room_->index.find(key);
  if (!place) return false;
  ByteVector bytes(sizeof(layout::PersistedEntry));
  SMF_TRY(file_.read_at(room_->begin + place->entry, bytes));
  const auto size = load<layout::PersistedEntry>(bytes, 0).size;
  if (size < bytes.size() || !in_range(place->entry, size, room_->capacity)) return false;
  bytes.resize(size);
  SMF_TRY(file_.read_at(room_->begin + place->entry, bytes));
  const auto entry = EntryView::at(bytes, 0);
  return entry && entry->is_sound() && place->function < entry->function_count() &&
         entry->key(place->function) == key;
}

Result<bool> PersistedCodeWriter::Impl::is_there(const PersistedPiece& piece) const {
  for (const PersistedFunction& function : piece.functions) {
    SMF_ASSIGN(const bool is_sound, has_sound_entry(function.key));
    if (!is_sound) return false;
  }
  return true;
}

// The entries that are still to be added, each once.
Result<std::vector<ByteVector>> PersistedCodeWriter::Impl::choose(
    std::span<const PersistedPiece> pieces) const {
  std::vector<ByteVector> entries;
  std::vector<Hash128> keys;
  for (const PersistedPiece& piece : pieces) {
    SMF_ASSIGN(ByteVector entry, write_entry(piece));
    const bool is_given = std::ranges::all_of(piece.functions, [&](const auto& function) {
      return std::ranges::find(keys, function.key) != keys.end();
    });
    if (is_given) continue;
    SMF_ASSIGN(const bool there, is_there(piece));
    if (there) continue;
    for (const PersistedFunction& function : piece.functions) keys.push_back(function.key);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<PersistUpdate> PersistedCodeWriter::Impl::append_locked(
    std::span<const PersistedPiece> pieces) try {
  SMF_ASSIGN(const bool is_new, file_.lock());
  SMF_TRY(catch_up(is_new));
  SMF_ASSIGN(const std::vector<ByteVector> entries, choose(pieces));
  PersistUpdate update{.added = entries.size(), .already_there = pieces.size() - entries.size()};
  if (entries.empty()) return update;
  update.was_rewritten = !room_->can_take(total_size(entries));
  if (update.was_rewritten) {
    SMF_TRY(rewrite_with(entries));
  } else {
    SMF_TRY(append_in_place(entries));
  }
  return update;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to persist code");
}

Result<void> PersistedCodeWriter::Impl::append_in_place(std::span<const ByteVector> entries) {
  ByteVector written;
  for (const ByteVector& entry : entries) append_bytes(written, entry);
  const std::uint64_t begin = room_->index.end();
  // Cuts off what a writer that died left behind.
  const std::uint64_t rest = room_->capacity - begin - written.size();
  written.resize(written.size() + std::min<std::uint64_t>(rest, sizeof kCommitted));
  SMF_TRY(file_.write_at(room_->begin + begin, written));
  SMF_TRY(file_.sync_data());
  std::uint64_t at = 0;
  for (const ByteVector& entry : entries) {
    store(std::span(written), at, kCommitted);
    SMF_TRY(file_.write_at(room_->begin + begin + at, Bytes(written).subspan(at, 1)));
    at += entry.size();
  }
  room_->index.read_on(written, begin);
  return {};
}

Result<void> PersistedCodeWriter::Impl::rewrite_with(std::span<const ByteVector> entries) {
  SMF_ASSIGN(const LockedModule module, open_module());
  SMF_ASSIGN(ModuleSpec spec, spec_from_view(module.view, Target::kSame));
  ByteVector content = merged_room(module.room, entries);
  SMF_ASSIGN(const std::uint64_t size,
             room_for(content.size(), module.room.size(), default_jit_room(spec)));
  put_room(jit_room_section(std::move(content), size), spec);
  SMF_TRY(check_spec(spec));
  SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(file_.path(), {}, file_.calls()));
  SMF_ASSIGN(const BuildSummary summary, build_module(spec, {}, out));
  static_cast<void>(summary);
  room_.reset();
  return out.commit();
}

PersistedCodeWriter::PersistedCodeWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PersistedCodeWriter::PersistedCodeWriter(PersistedCodeWriter&&) noexcept = default;
PersistedCodeWriter& PersistedCodeWriter::operator=(PersistedCodeWriter&&) noexcept = default;
PersistedCodeWriter::~PersistedCodeWriter() = default;

Result<PersistedCodeWriter> PersistedCodeWriter::open(std::string path,
                                                      os::SystemCalls& calls) try {
  auto impl = std::make_unique<Impl>(std::move(path), calls);
  SMF_TRY(impl->append({}));
  return PersistedCodeWriter(std::move(impl));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to persist code");
}

Result<PersistUpdate> PersistedCodeWriter::append(std::span<const PersistedPiece> pieces) {
  return impl_->append(pieces);
}

}  // namespace smf
