// Any text as a module's note under any index: a look-up gives what reading the note gives, and the
// graph of its dependencies can be searched.
//
//   ./bazelw run --config=fuzz //runtime/note:lookup_fuzz -- -max_total_time=600
//
// An input is lines `POSITION VALUE` that damage the index, each by an exclusive or of one byte, a
// line `---`, and the note. The index is the one that `pack` would make.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>

#include "runtime/note/fuzzing.h"
#include "runtime/note/graph.h"

namespace smf::fuzzing {
namespace {

void damage(ByteVector& index, std::string_view line) {
  std::uint64_t position = 0;
  unsigned value = 0;
  const char* const end = line.data() + line.size();
  const auto [stopped, error] = std::from_chars(line.data(), end, position);
  if (stopped == end || index.empty()) return;
  std::from_chars(stopped + 1, end, value);
  index[position % index.size()] ^= static_cast<std::byte>(value);
}

void check_graph(const Note& note) {
  const DependencyGraph graph(note);
  const auto cycles = graph.find_cycles(100);
  SMF_CHECK(graph.topological_order().has_value() == cycles.empty());
  for (const DependencyCycle& cycle : cycles) {
    SMF_CHECK(cycle.nodes.size() >= 2 && cycle.nodes.front() == cycle.nodes.back());
    SMF_CHECK(!graph.path(cycle).empty());
  }
  if (const auto order = graph.topological_order()) {
    std::vector<std::size_t> place(graph.size());
    SMF_CHECK(order->size() == graph.size());
    for (std::size_t i = 0; i < order->size(); ++i) place.at((*order)[i]) = i;
    for (const DependencyGraph::Edge& edge : graph.edges())
      SMF_CHECK(place[edge.to] < place[edge.from]);
  }
  SMF_CHECK(!graph.to_dot().empty());
}

// A damaged slot may lead to the second of two rows with one name.
bool has_unique_names(const Note& note) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < note.instantiation_count(); ++i)
    if (!names.insert(note.instantiation(i).mangled_name).second) return false;
  for (std::size_t i = 0; i < note.possible_count(); ++i)
    if (!names.insert(note.possible(i).mangled_name).second) return false;
  return true;
}

}  // namespace
}  // namespace smf::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzzing = smf::fuzzing;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> edits;
  while (!input.empty()) {
    const std::string_view line = fuzzing::take_line(input);
    if (line == "---") break;
    edits.push_back(line);
  }
  auto packed = smf::pack_note(input);
  if (!packed) return 0;
  SMF_CHECK(smf::is_index_of(packed->index, packed->text) || packed->row_count == 0);
  const auto note = smf::Note::parse(packed->text);
  if (!note) return 0;
  fuzzing::check_graph(*note);
  static_cast<void>(note->check_names());
  // What is written anew holds the same rows.
  if (const auto written = smf::write_note(*note)) {
    const auto again = smf::Note::parse(*written);
    SMF_CHECK(again);
    SMF_CHECK(again->instantiation_count() == note->instantiation_count());
    SMF_CHECK(again->possible_count() == note->possible_count());
    SMF_CHECK(again->dependency_count() == note->dependency_count());
  }

  for (const std::string_view edit : edits) fuzzing::damage(packed->index, edit);
  const bool is_damaged = !smf::is_index_of(packed->index, packed->text);
  const std::string module =
      fuzzing::raw_module(packed->text + std::string(64, ' '), packed->index);
  const auto view = smf::SmfView::open(smf::as_bytes(module));
  SMF_CHECK(view);
  auto lookup = smf::NoteLookup::open(*view);
  SMF_CHECK(lookup);
  if (!is_damaged || fuzzing::has_unique_names(*note)) fuzzing::check_lookups(*lookup, *note);
  return 0;
}
