// What the modules that are loaded offer: rows of their notes, by name and by meaning, and
// templates by name.
//
// All rows are read when a module is loaded, with their arguments in canonical form, so that a
// request finds its row with one probe, and what the same arguments mean is found out once. That is
// linear in the note, some 0.5 us a row. Reading rows when they are asked for (note/lookup.h) loads
// faster and costs a microsecond a request, which is four times what a request may take that finds
// code of an equal body; and a name that two modules use differently would go unseen.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/cache/cache.h"
#include "runtime/format/types.h"
#include "runtime/jit/jit_instantiator.h"
#include "runtime/jit/name_table.h"
#include "runtime/jit/template_record.h"
#include "runtime/note/lookup.h"

namespace smf::internal {

// Arguments in canonical form, there once: the same pointer is the same arguments.
struct Arguments {
  std::string text{};
  // Their layout as a number (shapes.h), once it is known, and behind it 32 bits of the meanings()
  // for which it holds, since types are known by name; 0 before.
  std::atomic<std::uint64_t> shape{0};

  void set_shape(std::uint32_t number, std::uint64_t meanings) {
    shape.store(std::uint64_t{number} << 32 | (meanings & 0xFFFFFFFF), std::memory_order_release);
  }
  // 0 where it is not known.
  std::uint32_t shape_in(std::uint64_t meanings) const {
    const std::uint64_t known = shape.load(std::memory_order_acquire);
    return (known & 0xFFFFFFFF) == (meanings & 0xFFFFFFFF) ? static_cast<std::uint32_t>(known >> 32)
                                                           : 0;
  }
};

struct Module;

struct Row {
  std::string_view template_name{};  // interned
  std::string_view type_args{};
  std::string_view mangled_name{};
  std::string_view to_obj{};
  std::string_view status{};
  std::uint64_t name_hash = 0;
  std::uint64_t pair_hash = 0;
  Arguments* arguments = nullptr;
  TemplateRecord* record = nullptr;  // the template's, if some module has its body; Metadata's lock
  Module* module = nullptr;
  Row* next_name = nullptr;  // of the same hash, in order
  Row* next_pair = nullptr;
  bool is_possible = false;
  bool can_be_made_again = false;         // an instantiation that was deferred or jit_compiled
  bool has_usual_name = false;            // mangled_name is what mangled_name() makes
  std::atomic<bool> has_moved{false};     // from `possible`, after its module was read
  std::atomic<bool> is_persisted{false};  // its code is, or will be, in its module

  std::string_view moved_to() const {
    return is_persisted.load(std::memory_order_acquire) ? kJitRoomSection : "jit_memory";
  }

  bool means_same(const Row& other) const {
    return arguments == other.arguments && template_name == other.template_name;
  }
};

struct PersistedRoom;

struct Module : std::enable_shared_from_this<Module> {
  std::string path{};
  ModuleRef ref{};  // empty for one that is missing, where that is no error
  std::optional<NoteSnapshot> note{};
  std::unique_ptr<Row[]> rows{};  // instantiations, then possible; in the order of the note
  std::size_t row_count = 0;
  std::vector<std::shared_ptr<TemplateRecord>> templates{};
  std::shared_ptr<const PersistedRoom> room{};  // for compiled code, if there is one
  std::vector<const Row*> moved{};              // under Metadata's lock
};

// A row, and what keeps it.
struct FoundRow {
  std::shared_ptr<Module> module{};
  Row* row = nullptr;
  // Of the template, with a row or without; nullptr: no module has its body.
  std::shared_ptr<TemplateRecord> record{};

  explicit operator bool() const { return row != nullptr; }
};

JitRow describe_row(const Row& row);

// Of a name that is met with two meanings.
std::string describe_clash(std::string_view name, std::string_view template_name,
                           std::string_view args, std::string_view other_template,
                           std::string_view other_args);

class Metadata {
 public:
  // Of a module that was not seen by others yet.
  Result<std::shared_ptr<Module>> read(std::string_view path, ModuleRef ref);
  // In the place of one of that path, or as the last. Throws std::bad_alloc, and has changed
  // nothing then; the same for remove().
  void put(std::shared_ptr<Module> module);
  bool remove(std::string_view path);
  std::size_t size() const;
  std::optional<JitMetadata> describe(std::string_view path) const;
  // Changes when there may be more, or other, templates, types and symbols.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // Changes only when what a name means may: a module that is added behind the others changes none.
  std::uint64_t meanings() const { return meanings_.load(std::memory_order_acquire); }
  void renew() { generation_.fetch_add(1, std::memory_order_release); }

  // The row that `symbol` would be made from (JitInstantiator::find_possible), if any.
  // kInvalidInput for a name that is there with two meanings; the message says both.
  Result<FoundRow> find(std::uint64_t hash, std::string_view symbol) const;
  // The same for a template and its arguments.
  FoundRow find_pair(std::string_view template_name, const Arguments& arguments) const;
  // Of functions, one with a body; nullptr without one.
  std::shared_ptr<TemplateRecord> find_template(std::string_view name) const;
  // The first template whose body defines a struct or enum of this name; nullptr without one.
  // Bodies that do not read define nothing.
  std::shared_ptr<TemplateRecord> find_definition(std::string_view name);

  Arguments& intern(std::string_view canonical_args);
  // The same text, which stays.
  std::string_view intern_name(std::string_view template_name);
  // The row is an instantiation from now on.
  void set_moved(Row& row);
  // nullptr where none of that path is loaded.
  std::shared_ptr<Module> find_module(std::string_view path) const;
  // The module of that path, and its row of that name in `possible`, or none.
  FoundRow possible_in(std::string_view path, std::string_view symbol) const;
  // Calls `each(const Row&)` for all rows.
  void for_each_row(const std::function<void(const Row&)>& each) const;

 private:
  using Key = std::uint64_t Row::*;
  using Next = Row* Row::*;
  // Rows of one hash are a chain, in the order of modules and notes.
  struct RowIndex {
    struct Slot {
      Row* first = nullptr;
      Row* last = nullptr;
    };
    std::vector<Slot> slots{};
    std::size_t count = 0;

    void reserve(std::size_t rows, Key key);
    void enter(Row& row, Key key, Next next) noexcept;
    Row* find(std::uint64_t hash, Key key) const;
  };
  static std::uint64_t hash_pair(std::string_view template_name, const Arguments& arguments);
  using Templates = std::unordered_map<std::string_view, std::shared_ptr<TemplateRecord>>;
  static void add_templates(const Module& module, Templates& templates);
  void enter_rows(Module& module) noexcept;
  void replace_all(std::vector<std::shared_ptr<Module>> modules);
  void resolve_templates();
  static FoundRow found(Row* row);
  bool is_made_already(const Row& row) const;

  mutable std::shared_mutex mutex_{};
  std::vector<std::shared_ptr<Module>> modules_{};  // in the order in which they were loaded
  RowIndex by_name_{}, by_pair_{};
  Templates templates_{};
  bool has_unresolved_ = false;  // rows whose template nobody has
  std::atomic<std::uint64_t> generation_{1};
  std::atomic<std::uint64_t> meanings_{1};

  std::mutex definitions_mutex_{};
  std::map<std::string, std::shared_ptr<TemplateRecord>, std::less<>> definitions_{};
  std::uint64_t definitions_generation_ = 0;

  std::mutex arguments_mutex_{};
  std::unordered_map<std::string_view, std::unique_ptr<Arguments>> arguments_{};
  std::unordered_set<std::string> names_{};
};

}  // namespace smf::internal
