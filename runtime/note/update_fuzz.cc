// Any text as a module's note, updated in place and by rewriting, by one writer after another, with
// calls that fail, power cuts, and what dead writers and other people's tools leave behind.
//
//   ./bazelw run --config=fuzz //runtime/note:update_fuzz -- -max_total_time=600
//
// An input is lines that say what is done, a line `---`, and the note:
//
//   p ROW...        promote rows of `possible`, by their number or by name
//   a TEMPLATE ARGUMENTS NAME    add to `possible`
//   f CALL          the call of the next update that fails
//   x EVENT STATE   the power goes during the next update, and the disk is in that state
//   n               the next update is by another writer than the last
//   l TEXT          left behind the terminator line by a writer that died (\n is a newline)
//   c               it had committed
//   o OFFSET TEXT   over the file's note, which is then another file
//   r               (the first line) the note is the section as it is, and not packed
//
// After each step the module opens and verifies if it did, no row is lost, views into a mapping are
// as they were, and look-ups, old and new, agree with the whole note.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "runtime/format/verify.h"
#include "runtime/note/fuzzing.h"
#include "runtime/note/layout.h"
#include "runtime/note/names.h"
#include "runtime/note/update.h"
#include "runtime/os/fault_calls.h"
#include "runtime/os/power_cut.h"

namespace smf::fuzzing {
namespace {

constexpr std::size_t kMostSteps = 8;

// What must not get lost between two states of a file.
struct Contents {
  bool verifies = false;
  bool reads = false;
  std::size_t note_end = 0;         // behind the terminator line, from the section's start
  std::vector<std::string> made{};  // in order
  std::multiset<std::pair<std::string, std::string>>
      possible{};                 // by name, those that are not made
  std::set<std::string> names{};  // of both
  std::set<std::string> made_names{};
  std::vector<std::string> other_entries{};  // keys of what is none of the note's tables
};

std::string describe(const InstantiationRow& row) {
  return fmt::format("{}\1{}\1{}\1{}\1{}\1{}\1{}", row.template_name, row.type_args,
                     row.mangled_name, row.from_file, row.from_loc, row.to_obj, row.status);
}

std::string describe(const PossibleRow& row) {
  return fmt::format("{}\1{}\1{}\1{}\1{}", row.mangled_name, row.template_name, row.type_args,
                     row.required_by, row.can_defer);
}

Contents contents_of(std::string_view file) {
  Contents contents;
  const auto view = SmfView::open(as_bytes(file));
  SMF_CHECK(view);
  const auto report = verify_module(*view);
  contents.verifies = report && report->ok();
  const auto snapshot = NoteSnapshot::read(*view);
  contents.note_end = view->note().value_or(std::nullopt).value_or("").size();
  if (!snapshot) return contents;
  const Note* const note = &snapshot->note();
  contents.reads = true;
  for (std::size_t i = 0; i < note->instantiation_count(); ++i) {
    const InstantiationRow row = note->instantiation(i);
    contents.made.push_back(describe(row));
    contents.names.emplace(row.mangled_name);
    contents.made_names.emplace(row.mangled_name);
  }
  for (std::size_t i = 0; i < note->possible_count(); ++i) {
    const PossibleRow row = note->possible(i);
    contents.names.emplace(row.mangled_name);
    if (!contents.made_names.contains(std::string(row.mangled_name)))
      contents.possible.emplace(row.mangled_name, describe(row));
  }
  for (const sdn::DictEntry entry : note->document().dict())
    contents.other_entries.emplace_back(entry.key);
  return contents;
}

// `asked` are the names that an update may have moved.
void check_nothing_lost(const Contents& before, const Contents& after,
                        const std::set<std::string>& asked) {
  SMF_CHECK(after.verifies || !before.verifies);
  if (!before.reads) return;
  SMF_CHECK(after.reads);
  SMF_CHECK(std::ranges::includes(after.names, before.names));
  SMF_CHECK(after.made.size() >= before.made.size());
  SMF_CHECK(std::equal(before.made.begin(), before.made.end(), after.made.begin()));
  for (const auto& row : before.possible)
    SMF_CHECK(asked.contains(row.first) || after.possible.count(row) == before.possible.count(row));
  for (const std::string& key : before.other_entries)
    SMF_CHECK(std::ranges::find(after.other_entries, key) != after.other_entries.end());
}

// Every byte but the room is what it was: a commit turns one letter, a tombstone a blank.
void check_views(std::string_view before, std::size_t note_end, std::string_view after) {
  const auto view = SmfView::open(as_bytes(before));
  const auto section = view->find_section(kNoteSection);
  const std::size_t end = (*section)->offset + note_end;
  const std::size_t room_end = (*section)->offset + (*section)->size;
  SMF_CHECK(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i] || (i >= end && i < room_end)) continue;
    const bool is_commit = i + 9 == end && before[i] == 'E' && after[i] == 'e';
    const bool is_tombstone = before[i] == ' ' && after[i] == '#' && before[i - 1] == '\n';
    SMF_CHECK(i < end && (is_commit || is_tombstone));
  }
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty() && words.size() < 8) {
    const std::size_t end = text.find(' ');
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

class Story {
 public:
  explicit Story(const std::string& module) { calls_.put(kPath, module); }

  void step(std::string_view line) {
    if (line.empty()) return;
    const std::string_view rest = line.substr(std::min<std::size_t>(line.size(), 2));
    switch (line.front()) {
      case 'p':
        return promote(words(rest));
      case 'a':
        return add(words(rest));
      case 'f':
        fail_at_ = static_cast<int>(number(rest) % 60);
        return;
      case 'x':
        cut_ = words(rest);
        return;
      case 'n':
        updater_.reset();
        return;
      case 'l':
        return leave(std::string(rest));
      case 'c':
        return commit();
      case 'o':
        return overwrite(words(rest));
      default:
        return;
    }
  }

 private:
  void promote(const std::vector<std::string>& wanted) {
    std::vector<NotePromotion> rows;
    std::set<std::string> asked;
    for (const std::string& word : wanted) {
      rows.push_back({.mangled_name = name_of(word)});
      asked.insert(rows.back().mangled_name);
    }
    update(asked, [&](NoteUpdater& updater) { return updater.promote(rows); }, true);
  }

  void add(const std::vector<std::string>& wanted) {
    if (wanted.size() < 3) return;
    const NotePossibleRow row{
        .template_name = wanted[0], .type_args = wanted[1], .mangled_name = wanted[2]};
    update(
        {wanted[2]}, [&](NoteUpdater& updater) { return updater.add(std::span(&row, 1)); }, false);
  }

  // A row's name by its number in `possible`, or the word itself.
  std::string name_of(const std::string& word) {
    const auto view = SmfView::open(as_bytes(calls_.bytes(kPath)));
    const auto text = view->note();
    if (word.empty() || word[0] < '0' || word[0] > '9' || !text || !*text) return word;
    const auto note = Note::parse(**text);
    if (!note || note->possible_count() == 0) return word;
    return std::string(note->possible(number(word) % note->possible_count()).mangled_name);
  }

  template <typename Step>
  void update(const std::set<std::string>& asked, const Step& step, bool is_promotion) {
    const std::string before = calls_.bytes(kPath);
    struct stat status{};
    SMF_CHECK(calls_.stat(kPath, &status) == 0);
    if (!contents_) contents_ = contents_of(before);
    const Contents old = *std::move(contents_);
    // A reader from before, who keeps the mapping.
    const auto mapped = os::FileBytes::map(kPath, calls_);
    const auto view = SmfView::open(mapped->bytes());
    auto reader = NoteLookup::open(*view);
    SMF_CHECK(reader);
    static_cast<void>(reader->find(asked.empty() ? "A" : *asked.begin()));
    calls_.forget_events();
    calls_.calls = 0;
    calls_.fail_at = std::exchange(fail_at_, -1);
    const Result<NoteUpdate> done = run(step);
    const bool has_failed = calls_.fail_at >= 0 && calls_.calls > calls_.fail_at;
    calls_.fail_at = -1;

    const std::string& after = calls_.bytes(kPath);
    contents_ = before == after ? old : contents_of(after);
    check_nothing_lost(old, *contents_, asked);
    SMF_CHECK(calls_.file_count() == 1);
    SMF_CHECK(calls_.descriptor_count() <= 1);
    if (done) {
      // With nothing to do, a writer need not see what somebody else broke behind its back.
      SMF_CHECK(contents_->reads || (done->changed == 0 && before == after));
      if (is_promotion && contents_->reads) {
        SMF_CHECK(std::ranges::includes(contents_->made_names, asked));
        SMF_CHECK(contents_->made.size() == old.made.size() + done->changed);
      }
    } else if (!has_failed) {
      SMF_CHECK(before == after);
    }
    check_views(before, old.note_end, as_text(mapped->bytes()));
    check_readers(*reader, *view, after);
    cut_power(before, status.st_ino, old, asked);
  }

  // The reader of the old mapping, and one who comes now. Where a note does not read, nothing is
  // promised but an answer or an error.
  static void check_readers(NoteLookup& reader, const SmfView& view, const std::string& file) {
    const auto fresh_view = SmfView::open(as_bytes(file));
    auto fresh = NoteLookup::open(*fresh_view);
    SMF_CHECK(fresh);
    const auto snapshot = NoteSnapshot::read(*fresh_view);
    if (snapshot) check_lookups(*fresh, snapshot->note());
    if (!snapshot) static_cast<void>(fresh->find("A"));
    if (as_text(view.file()) == file) {
      if (snapshot) check_lookups(reader, snapshot->note());
      if (!snapshot) static_cast<void>(reader.find("A"));
    } else if (const auto other = NoteSnapshot::read(view)) {
      check_lookups(reader, other->note());
    }
  }

  template <typename Step>
  Result<NoteUpdate> run(const Step& step) {
    if (!updater_) {
      auto opened = NoteUpdater::open(kPath, calls_);
      if (!opened) return std::unexpected(std::move(opened).error());
      updater_ = *std::move(opened);
    }
    return step(*updater_);
  }

  // The update that was, with the power gone meanwhile.
  void cut_power(const std::string& before, ino_t file, const Contents& old,
                 const std::set<std::string>& asked) {
    if (cut_.empty()) return;
    const std::span<const os::MemoryCalls::Event> events = calls_.events();
    std::uint64_t numbers = number(cut_.back());
    const os::PowerCut cut(kPath, file, before,
                           events.first(number(cut_.front()) % (events.size() + 1)));
    const std::string state = cut.any_state([&](std::uint64_t choices) {
      const std::uint64_t chosen = numbers % choices;
      numbers = numbers / choices + 1;
      return chosen;
    });
    cut_.clear();
    const Contents left = contents_of(state);
    check_nothing_lost(old, left, asked);
    if (old.reads) SMF_CHECK(left.made.size() >= old.made.size());
  }

  // Where the note's section is in the file, and how much of it the text takes.
  struct Place {
    std::size_t begin, end, section_end;
  };
  std::optional<Place> place() {
    const auto view = SmfView::open(as_bytes(calls_.bytes(kPath)));
    const auto section = view->find_section(kNoteSection);
    const auto text = view->note();
    if (!section || !*section || !text || !*text) return std::nullopt;
    const std::size_t begin = (*section)->offset;
    return Place{begin, begin + (*text)->size(), begin + (*section)->size};
  }

  void write(std::size_t offset, const std::string& bytes) {
    const int fd = calls_.open(kPath, 2, 0);
    contents_.reset();
    calls_.pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    calls_.close(fd);
  }

  void leave(std::string text) {
    const auto at = place();
    if (!at) return;
    for (std::size_t i = text.find("\\n"); i != std::string::npos; i = text.find("\\n"))
      text.replace(i, 2, "\n");
    text.resize(std::min(text.size(), at->section_end - std::min(at->end, at->section_end)));
    write(at->end, text);
  }

  void commit() {
    const auto at = place();
    if (at && at->end >= at->begin + kNoteTerminatorLine.size() &&
        calls_.bytes(kPath).substr(at->end - kNoteTerminatorLine.size(), 11) == kNoteTerminatorLine)
      write(at->end - 9, "e");
  }

  void overwrite(const std::vector<std::string>& what) {
    const auto at = place();
    if (!at || what.size() < 2) return;
    std::string bytes = calls_.bytes(kPath);
    const std::size_t begin = at->begin + number(what[0]) % (at->section_end - at->begin + 1);
    const std::size_t size = std::min(what[1].size(), at->section_end - begin);
    bytes.replace(begin, size, what[1].substr(0, size));
    contents_.reset();
    calls_.put(kPath, std::move(bytes));
  }

  os::FaultCallsOver<os::MemoryCalls> calls_;
  std::optional<NoteUpdater> updater_{};
  std::optional<Contents> contents_{};  // of the file as it is, where known
  int fail_at_ = -1;
  std::vector<std::string> cut_{};
};

}  // namespace
}  // namespace smf::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzzing = smf::fuzzing;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> steps;
  while (!input.empty()) {
    const std::string_view line = fuzzing::take_line(input);
    if (line == "---") break;
    steps.push_back(line);
  }
  const bool is_raw = !steps.empty() && steps.front() == "r";
  const auto module = is_raw ? fuzzing::raw_module(input, {}) : fuzzing::packed_module(input);
  if (!module) return 0;
  fuzzing::Story story(*module);
  steps.resize(std::min(steps.size(), fuzzing::kMostSteps));
  for (const std::string_view step : steps) story.step(step);
  return 0;
}
