#include "runtime/note/update.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "runtime/format/convert.h"
#include "runtime/format/view.h"
#include "runtime/note/names.h"
#include "runtime/note/rewrite.h"
#include "runtime/note/state.h"
#include "runtime/os/input_file.h"
#include "runtime/sdn/writer.h"

namespace smf {
namespace {

constexpr std::uint64_t kTerminatorSize = kNoteTerminatorLine.size();
constexpr std::uint64_t kBlankStretch = 16u << 10;
constexpr std::uint64_t kCommitByte = 2;  // the E of the terminator line

// A module's file, mapped while it is locked.
struct OpenModule {
  os::FileBytes bytes;
  SmfView view;
};

std::unexpected<Error> other_pair(std::string_view name, const NoteState::Name& known,
                                  std::string_view template_name, std::string_view type_args) {
  return fail(ErrorCode::kInvalidInput,
              fmt::format("the name '{}' stands for {}<{}> in the note, and here for {}<{}>", name,
                          known.template_name, known.type_args, template_name, type_args));
}

}  // namespace

class NoteUpdater::Impl {
 public:
  Impl(std::string path, os::SystemCalls& calls)
      : file_(std::move(path), os::LockedFile::Access::kReadWrite, calls) {}

  // Runs `step` while the file is locked and the state is what the file says. A failure may have
  // left the file ahead of the state, which is then read again.
  template <typename Step>
  Result<NoteUpdate> locked(Step step) {
    auto done = run_locked(step);
    file_.unlock();
    if (done) return done;
    state_.reset();
    return std::unexpected(std::move(done).error().at_path(file_.path()));
  }

  Result<NoteUpdate> nothing() { return NoteUpdate{}; }
  Result<NoteUpdate> promote(std::span<const NotePromotion> rows);
  Result<NoteUpdate> add(std::span<const NotePossibleRow> rows);

 private:
  template <typename Step>
  Result<NoteUpdate> run_locked(Step step) try {
    SMF_ASSIGN(const bool is_new, file_.lock());
    SMF_TRY(catch_up(is_new));
    return step();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "not enough memory to update the note");
  }

  Result<OpenModule> open_module() const;
  Result<void> catch_up(bool is_new);
  Result<bool> read_on();
  Result<void> read_rest();
  // Bytes of the section behind the terminator line.
  std::uint64_t room() const { return state_->capacity - std::min(state_->end, state_->capacity); }

  Result<std::vector<const NotePromotion*>> choose(std::span<const NotePromotion> rows) const;
  InstantiationRow row_of(const NotePromotion& promotion, const std::string& from_loc) const;
  Result<std::string> row_text(const NotePromotion& promotion, std::int64_t id) const;
  Result<std::string> lines_of(std::span<const NotePromotion* const> rows) const;
  bool can_be_appended(std::span<const NotePromotion* const> rows) const;
  Result<void> append(std::string_view lines);
  Result<void> finish_tombstones();
  Result<void> rewrite_with(std::span<const NotePromotion* const> rows);

  os::LockedFile file_;
  std::optional<NoteState> state_{};
  std::uint64_t file_size_ = 0;
  std::string rest_{};  // the first of the room
};

Result<OpenModule> NoteUpdater::Impl::open_module() const {
  if (file_.size() == 0) return fail(ErrorCode::kInvalidInput, "the file is empty");
  SMF_ASSIGN(os::FileBytes bytes,
             os::FileBytes::map(file_.descriptor(), file_.size(), file_.path(), file_.calls()));
  SMF_ASSIGN(const SmfView view, SmfView::open(bytes.bytes()));
  return OpenModule{.bytes = std::move(bytes), .view = view};
}

// Makes the state that of the file. Cheap where only rows were appended.
Result<void> NoteUpdater::Impl::catch_up(bool is_new) {
  if (!is_new && state_ && file_size_ == file_.size()) {
    SMF_ASSIGN(const bool is_known, read_on());
    if (is_known) return {};
  }
  state_.reset();
  SMF_ASSIGN(const OpenModule module, open_module());
  SMF_ASSIGN(const bool is_ours, is_native(module.view));
  if (!is_ours) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("the module is in the form {} {}.{} of another writer; convert it first",
                    dialect_name(module.view.header().dialect), module.view.header().major,
                    module.view.header().minor));
  }
  SMF_ASSIGN(NoteState state, NoteState::read(module.view));
  file_size_ = file_.size();
  state_ = std::move(state);
  return read_rest();
}

// False where the text is not what it was with rows appended.
Result<bool> NoteUpdater::Impl::read_on() {
  if (!state_->can_append) return true;  // changed by replacing the file only
  std::string line(kTerminatorSize, '\0');
  SMF_TRY(file_.read_at(state_->begin + state_->end - kTerminatorSize,
                        std::as_writable_bytes(std::span(line))));
  if (line != kNoteTerminatorLine && line != kNoteCommittedLine) return false;
  SMF_TRY(read_rest());
  if (line == kNoteTerminatorLine) return true;
  const auto appended = terminated_note(as_bytes(rest_));
  if (!appended || !appended->ends_with(kNoteTerminatorLine)) return false;
  if (!state_->read_on(*appended)) return false;
  rest_.erase(0, appended->size());
  return true;
}

// What was written there since, and what a writer that died left: up to a stretch of blanks, since
// writers begin at the terminator line. The rest of the room, which may be megabytes, is blank, or
// is overwritten when its turn comes.
Result<void> NoteUpdater::Impl::read_rest() {
  const std::uint64_t room = this->room();
  for (std::uint64_t size = 2 * kBlankStretch;; size *= 4) {
    rest_.resize(std::min(size, room));
    SMF_TRY(file_.read_at(state_->begin + state_->end, std::as_writable_bytes(std::span(rest_))));
    if (rest_.size() == room) return {};
    const std::string_view last = std::string_view(rest_).substr(rest_.size() - kBlankStretch);
    if (last.find_first_not_of(' ') == std::string_view::npos) return {};
  }
}

// The rows that are still to be promoted, each once.
Result<std::vector<const NotePromotion*>> NoteUpdater::Impl::choose(
    std::span<const NotePromotion> rows) const {
  std::vector<const NotePromotion*> chosen;
  std::unordered_set<std::string_view> seen;
  for (const NotePromotion& row : rows) {
    const NoteState::Name* const known = state_->find(row.mangled_name);
    if (known == nullptr)
      return fail(ErrorCode::kNotFound, fmt::format("the note has no row '{}'", row.mangled_name));
    const std::string_view template_name =
        row.template_name ? *row.template_name : known->template_name;
    const std::string_view type_args = row.type_args ? *row.type_args : known->type_args;
    if (known->template_name != template_name || !same_type_args(known->type_args, type_args))
      return other_pair(row.mangled_name, *known, template_name, type_args);
    if (known->table == NoteTable::kPossible && seen.insert(row.mangled_name).second)
      chosen.push_back(&row);
  }
  return chosen;
}

// Views into the promotion, the state and `from_loc`.
InstantiationRow NoteUpdater::Impl::row_of(const NotePromotion& promotion,
                                           const std::string& from_loc) const {
  const NoteState::Name* const known = state_->find(promotion.mangled_name);
  SMF_CHECK(known != nullptr);
  return {.template_name = known->template_name,
          .type_args = known->type_args,
          .mangled_name = promotion.mangled_name,
          .from_file = promotion.from_file ? *promotion.from_file : file_.path(),
          .from_loc = from_loc,
          .to_obj = promotion.to_obj,
          .status = promotion.status};
}

std::string from_loc_of(const NotePromotion& promotion, const std::string& path) {
  return promotion.from_loc.value_or(path + ":0:0:jit");
}

Result<std::string> NoteUpdater::Impl::row_text(const NotePromotion& promotion,
                                                std::int64_t id) const {
  const std::string from_loc = from_loc_of(promotion, file_.path());
  const InstantiationRow row = row_of(promotion, from_loc);
  std::vector<sdn::OwnedValue> cells;
  for (const NoteColumn column : state_->columns) {
    switch (column) {
      case NoteColumn::kId:
        cells.emplace_back(id);
        break;
      case NoteColumn::kTemplate:
        cells.emplace_back(row.template_name);
        break;
      case NoteColumn::kTypeArgs:
        cells.emplace_back(row.type_args);
        break;
      case NoteColumn::kMangledName:
        cells.emplace_back(row.mangled_name);
        break;
      case NoteColumn::kFromFile:
        cells.emplace_back(row.from_file);
        break;
      case NoteColumn::kFromLoc:
        cells.emplace_back(row.from_loc);
        break;
      case NoteColumn::kToObj:
        cells.emplace_back(row.to_obj);
        break;
      case NoteColumn::kStatus:
        cells.emplace_back(row.status);
        break;
      default:
        cells.emplace_back(nullptr);
    }
  }
  return sdn::write_row(cells, {.cells = sdn::Quoting::kEveryString}, state_->indent);
}

// What is written behind the terminator line: rows, an empty line, and the new terminator line.
Result<std::string> NoteUpdater::Impl::lines_of(std::span<const NotePromotion* const> rows) const {
  std::string lines;
  std::int64_t id = state_->next_id;
  for (const NotePromotion* const row : rows) {
    SMF_ASSIGN(const std::string line, row_text(*row, id));
    lines += line;
    ++id;
  }
  lines += '\n';
  lines += kNoteTerminatorLine;
  return lines;
}

bool NoteUpdater::Impl::can_be_appended(std::span<const NotePromotion* const> rows) const {
  return state_->can_append && std::ranges::all_of(rows, [&](const NotePromotion* row) {
           return state_->find(row->mangled_name)->line.has_value();
         });
}

Result<NoteUpdate> NoteUpdater::Impl::promote(std::span<const NotePromotion> rows) {
  SMF_ASSIGN(const std::vector<const NotePromotion*> chosen, choose(rows));
  NoteUpdate update{.changed = chosen.size(), .already_there = rows.size() - chosen.size()};
  if (chosen.empty()) {
    if (state_->due_tombstones.empty()) return update;
    // The commit that they follow may not be on the disk.
    SMF_TRY(file_.sync_data());
    SMF_TRY(finish_tombstones());
    return update;
  }
  if (can_be_appended(chosen)) {
    SMF_ASSIGN(const std::string lines, lines_of(chosen));
    if (lines.size() <= room()) {
      SMF_TRY(append(lines));
      return update;
    }
  }
  SMF_TRY(rewrite_with(chosen));
  update.was_rewritten = true;
  return update;
}

Result<void> NoteUpdater::Impl::append(std::string_view lines) {
  // Rows that do not read back as rows must not get into the file.
  if (auto read = state_->check(lines); !read)
    return fail(ErrorCode::kInvalidArgument, "the row cannot be written: " + read.error().message);
  const std::uint64_t end = state_->begin + state_->end;
  std::string written(lines);
  // Over what a writer that died left behind.
  const std::size_t left = rest_.find_last_not_of(' ') + 1;
  if (left > written.size()) written.resize(left, ' ');
  SMF_TRY(file_.write_at(end, as_bytes(written)));
  SMF_TRY(file_.sync_data());
  SMF_TRY(file_.write_at(end - kTerminatorSize + kCommitByte,
                         as_bytes(kNoteCommittedLine.substr(kCommitByte, 1))));
  SMF_TRY(file_.sync_data());
  SMF_TRY(state_->read_on(lines));
  return finish_tombstones();
}

// The rows' commits are on the disk.
Result<void> NoteUpdater::Impl::finish_tombstones() {
  for (const std::uint32_t line : state_->due_tombstones) {
    std::string first(1, '\0');
    SMF_TRY(file_.read_at(state_->begin + line, std::as_writable_bytes(std::span(first))));
    if (first == " ") SMF_TRY(file_.write_at(state_->begin + line, as_bytes("#")));
  }
  state_->due_tombstones.clear();
  return {};
}

Result<void> NoteUpdater::Impl::rewrite_with(std::span<const NotePromotion* const> rows) {
  SMF_ASSIGN(const OpenModule module, open_module());
  std::vector<std::string> locations;
  locations.reserve(rows.size());
  std::unordered_set<std::string_view> dropped;
  NoteEdits edits{};
  for (const NotePromotion* const row : rows) {
    locations.push_back(from_loc_of(*row, file_.path()));
    edits.new_instantiations.push_back(row_of(*row, locations.back()));
    dropped.insert(row->mangled_name);
  }
  SMF_TRY(rewrite_note(
      module.view, file_.path(), edits,
      [&](std::string_view name) { return dropped.contains(name); }, file_.calls()));
  state_.reset();
  return {};
}

Result<NoteUpdate> NoteUpdater::Impl::add(std::span<const NotePossibleRow> rows) {
  NoteEdits edits;
  std::unordered_map<std::string_view, const NotePossibleRow*> fresh;
  for (const NotePossibleRow& row : rows) {
    NoteState::Name known;
    if (const NoteState::Name* const there = state_->find(row.mangled_name)) {
      known = *there;
    } else if (const auto [at, is_new] = fresh.emplace(row.mangled_name, &row); is_new) {
      edits.new_possible.push_back({.template_name = row.template_name,
                                    .type_args = row.type_args,
                                    .mangled_name = row.mangled_name,
                                    .required_by = row.required_by,
                                    .can_defer = row.can_defer});
      continue;
    } else {
      known = {.template_name = at->second->template_name, .type_args = at->second->type_args};
    }
    if (known.template_name != row.template_name || !same_type_args(known.type_args, row.type_args))
      return other_pair(row.mangled_name, known, row.template_name, row.type_args);
  }
  const std::uint64_t added = edits.new_possible.size();
  NoteUpdate update{.changed = added, .already_there = rows.size() - added};
  if (added == 0) return update;
  SMF_ASSIGN(const OpenModule module, open_module());
  SMF_TRY(rewrite_note(module.view, file_.path(), edits, {}, file_.calls()));
  state_.reset();
  update.was_rewritten = true;
  return update;
}

NoteUpdater::NoteUpdater(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NoteUpdater::NoteUpdater(NoteUpdater&&) noexcept = default;
NoteUpdater& NoteUpdater::operator=(NoteUpdater&&) noexcept = default;
NoteUpdater::~NoteUpdater() = default;

Result<NoteUpdater> NoteUpdater::open(std::string path, os::SystemCalls& calls) {
  auto impl = std::make_unique<Impl>(std::move(path), calls);
  SMF_TRY(impl->locked([&] { return impl->nothing(); }));
  return NoteUpdater(std::move(impl));
}

Result<NoteUpdate> NoteUpdater::promote(std::span<const NotePromotion> rows) {
  return impl_->locked([&] { return impl_->promote(rows); });
}

Result<NoteUpdate> NoteUpdater::add(std::span<const NotePossibleRow> rows) {
  return impl_->locked([&] { return impl_->add(rows); });
}

}  // namespace smf
