#include "runtime/jit/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "runtime/format/templates.h"
#include "runtime/format/types.h"
#include "runtime/note/names.h"

namespace smf::internal {
namespace {

bool can_be_made_again(std::string_view status) {
  return status == "jit_compiled" || status == "deferred";
}

std::string usual_name(const Row& row) {
  const auto args = split_type_args(row.arguments->text);
  return mangled_name(row.template_name, args);
}

Result<void> read_templates_of(Module& module) {
  const SmfView view = module.ref.view();
  SMF_ASSIGN(const auto section, view.find_section(kTemplateCodeSection));
  if (!section) return {};
  SMF_ASSIGN(SectionContent content, module.ref.content(*section));
  const auto kept = std::make_shared<const SectionContent>(std::move(content));
  SMF_ASSIGN(const auto entries, read_templates(kept->bytes()));
  for (const TemplateEntry& entry : entries)
    module.templates.push_back(std::make_shared<TemplateRecord>(module.path, kept, entry));
  return {};
}

}  // namespace

std::uint64_t Metadata::hash_pair(std::string_view template_name, const Arguments& arguments) {
  return hash_name(template_name) +
         reinterpret_cast<std::uintptr_t>(&arguments) / sizeof(void*) * 0x9E3779B97F4A7C15u;
}

Arguments& Metadata::intern(std::string_view canonical_args) {
  const std::lock_guard lock(arguments_mutex_);
  if (const auto found = arguments_.find(canonical_args); found != arguments_.end())
    return *found->second;
  auto added = std::make_unique<Arguments>();
  added->text = canonical_args;
  Arguments& result = *added;
  arguments_.emplace(result.text, std::move(added));
  return result;
}

std::string_view Metadata::intern_name(std::string_view template_name) {
  const std::lock_guard lock(arguments_mutex_);
  return *names_.emplace(template_name).first;
}

Result<std::shared_ptr<Module>> Metadata::read(std::string_view path, ModuleRef ref) {
  auto module = std::make_shared<Module>();
  module->path = path;
  if (!ref) return module;
  module->ref = std::move(ref);
  auto note = NoteSnapshot::read(module->ref.view());
  if (!note && note.error().code != ErrorCode::kNotFound)
    return std::unexpected(std::move(note).error().at_path(path));
  if (note) module->note = *std::move(note);
  if (auto done = read_templates_of(*module); !done)
    return std::unexpected(std::move(done).error().at_path(path));
  if (!module->ref.ok())
    return std::unexpected(Error{.code = ErrorCode::kInvalidInput,
                                 .message = "the file was truncated while it was read",
                                 .path = std::string(path)});
  if (!module->note) return module;

  const Note& rows = module->note->note();
  module->row_count = rows.instantiation_count() + rows.possible_count();
  module->rows = std::make_unique<Row[]>(module->row_count);
  Row* at = module->rows.get();
  std::string_view name;  // of the row before, mostly the same
  const auto fill = [&](const auto& from) {
    if (name != from.template_name) name = intern_name(from.template_name);
    at->template_name = name;
    at->type_args = from.type_args;
    at->mangled_name = from.mangled_name;
    at->name_hash = hash_name(at->mangled_name);
    at->arguments = &intern(canonical_type_args(at->type_args));
    at->pair_hash = hash_pair(at->template_name, *at->arguments);
    at->module = module.get();
    at->has_usual_name = usual_name(*at) == at->mangled_name;
  };
  for (std::size_t i = 0; i != rows.instantiation_count(); ++i, ++at) {
    const InstantiationRow from = rows.instantiation(i);
    fill(from);
    at->to_obj = from.to_obj;
    at->status = from.status;
    at->can_be_made_again = can_be_made_again(at->status);
  }
  for (std::size_t i = 0; i != rows.possible_count(); ++i, ++at) {
    fill(rows.possible(i));
    at->is_possible = true;
  }
  return module;
}

// ---- The indexes ----

// After this, as many rows more are entered without allocating.
void Metadata::RowIndex::reserve(std::size_t rows, Key key) {
  std::size_t size = std::max<std::size_t>(64, slots.size());
  while (2 * (count + rows) > size) size *= 2;
  if (size == slots.size()) return;
  std::vector<Slot> larger(size);
  for (const Slot& slot : slots) {
    if (slot.first == nullptr) continue;
    std::size_t i = slot.first->*key & (size - 1);
    while (larger[i].first != nullptr) i = (i + 1) & (size - 1);
    larger[i] = slot;
  }
  slots = std::move(larger);
}

void Metadata::RowIndex::enter(Row& row, Key key, Next next) noexcept {
  row.*next = nullptr;
  std::size_t i = row.*key & (slots.size() - 1);
  while (slots[i].first != nullptr && slots[i].first->*key != row.*key)
    i = (i + 1) & (slots.size() - 1);
  Slot& slot = slots[i];
  if (slot.first == nullptr) {
    slot.first = &row;
    ++count;
  } else {
    slot.last->*next = &row;
  }
  slot.last = &row;
}

Row* Metadata::RowIndex::find(std::uint64_t hash, Key key) const {
  if (slots.empty()) return nullptr;
  std::size_t i = hash & (slots.size() - 1);
  while (slots[i].first != nullptr && slots[i].first->*key != hash)
    i = (i + 1) & (slots.size() - 1);
  return slots[i].first;
}

void Metadata::add_templates(const Module& module, Templates& templates) {
  for (const auto& record : module.templates)
    if (record->is_function() && !record->body().empty()) templates.emplace(record->name(), record);
}

void Metadata::enter_rows(Module& module) noexcept {
  for (std::size_t i = 0; i != module.row_count; ++i) {
    by_name_.enter(module.rows[i], &Row::name_hash, &Row::next_name);
    by_pair_.enter(module.rows[i], &Row::pair_hash, &Row::next_pair);
  }
}

void Metadata::resolve_templates() {
  has_unresolved_ = false;
  for (const auto& module : modules_) {
    for (std::size_t i = 0; i != module->row_count; ++i) {
      const auto one = templates_.find(module->rows[i].template_name);
      module->rows[i].record = one == templates_.end() ? nullptr : one->second.get();
      has_unresolved_ = has_unresolved_ || one == templates_.end();
    }
  }
}

// All anew: which template a row means may be another then.
void Metadata::replace_all(std::vector<std::shared_ptr<Module>> modules) {
  std::size_t rows = 0;
  Templates templates;
  for (const auto& module : modules) {
    rows += module->row_count;
    add_templates(*module, templates);
  }
  RowIndex by_name, by_pair;
  by_name.reserve(rows, &Row::name_hash);
  by_pair.reserve(rows, &Row::pair_hash);
  // Nothing fails from here on.
  modules_.swap(modules);
  templates_.swap(templates);
  by_name_ = std::move(by_name);
  by_pair_ = std::move(by_pair);
  for (const auto& module : modules_) enter_rows(*module);
  resolve_templates();
  generation_.fetch_add(1, std::memory_order_release);
  meanings_.fetch_add(1, std::memory_order_release);
}

void Metadata::put(std::shared_ptr<Module> module) {
  const std::unique_lock lock(mutex_);
  const auto known = std::ranges::find(modules_, module->path, &Module::path);
  if (known != modules_.end()) {
    auto modules = modules_;
    modules[static_cast<std::size_t>(known - modules_.begin())] = std::move(module);
    return replace_all(std::move(modules));
  }
  Templates more;
  add_templates(*module, more);
  templates_.reserve(templates_.size() + more.size());
  by_name_.reserve(module->row_count, &Row::name_hash);
  by_pair_.reserve(module->row_count, &Row::pair_hash);
  modules_.push_back(std::move(module));
  // Nothing fails from here on: the nodes of the map move.
  Module& added = *modules_.back();
  const bool has_more = !more.empty();
  templates_.merge(more);
  enter_rows(added);
  generation_.fetch_add(1, std::memory_order_release);
  if (has_unresolved_ && has_more) return resolve_templates();
  for (std::size_t i = 0; i != added.row_count; ++i) {
    const auto one = templates_.find(added.rows[i].template_name);
    if (one != templates_.end()) added.rows[i].record = one->second.get();
    has_unresolved_ = has_unresolved_ || one == templates_.end();
  }
}

bool Metadata::remove(std::string_view path) {
  const std::unique_lock lock(mutex_);
  auto modules = modules_;
  if (std::erase_if(modules, [&](const auto& module) { return module->path == path; }) == 0)
    return false;
  replace_all(std::move(modules));
  return true;
}

// ---- Looking up ----

FoundRow Metadata::found(Row* row) {
  if (row == nullptr) return {};
  return {.module = row->module->shared_from_this(),
          .row = row,
          .record = row->record == nullptr ? nullptr : row->record->shared_from_this()};
}

namespace {

// Goes along a chain, and finds the row that the others stand back for. `instantiations` wins: a
// row of `possible` that is in both tables of its note is none.
class Choice {
 public:
  void see(Row& row) {
    const bool is_made = !row.is_possible || row.has_moved.load(std::memory_order_acquire);
    if (is_made) {
      if (!row.is_possible) made_in_ = row.module;
      const bool is_another = row.can_be_made_again || row.is_possible;
      if (is_another && row.record != nullptr && again_ == nullptr) again_ = &row;
    } else if (possible_ == nullptr && made_in_ != row.module) {
      possible_ = &row;
    }
  }
  Row* row() const { return possible_ != nullptr ? possible_ : again_; }

 private:
  const Module* made_in_ = nullptr;
  Row* possible_ = nullptr;
  Row* again_ = nullptr;
};

}  // namespace

Result<FoundRow> Metadata::find(std::uint64_t hash, std::string_view symbol) const {
  const std::shared_lock lock(mutex_);
  Choice choice;
  const Row* first = nullptr;
  for (Row* row = by_name_.find(hash, &Row::name_hash); row != nullptr; row = row->next_name) {
    if (row->mangled_name != symbol) continue;
    if (first == nullptr) first = row;
    if (!first->means_same(*row)) {
      return fail(ErrorCode::kInvalidInput,
                  describe_clash(symbol, first->template_name, first->arguments->text,
                                 row->template_name, row->arguments->text));
    }
    choice.see(*row);
  }
  return found(choice.row());
}

FoundRow Metadata::find_pair(std::string_view template_name, const Arguments& arguments) const {
  const std::shared_lock lock(mutex_);
  Choice choice;
  Row* row = by_pair_.find(hash_pair(template_name, arguments), &Row::pair_hash);
  for (; row != nullptr; row = row->next_pair)
    if (row->arguments == &arguments && row->template_name == template_name) choice.see(*row);
  return found(choice.row());
}

std::shared_ptr<TemplateRecord> Metadata::find_template(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto one = templates_.find(name);
  return one == templates_.end() ? nullptr : one->second;
}

std::shared_ptr<TemplateRecord> Metadata::find_definition(std::string_view name) {
  const std::lock_guard definitions_lock(definitions_mutex_);
  if (definitions_generation_ != generation()) {
    std::vector<std::shared_ptr<TemplateRecord>> all;
    {
      const std::shared_lock lock(mutex_);
      definitions_generation_ = generation();
      for (const auto& module : modules_)
        all.insert(all.end(), module->templates.begin(), module->templates.end());
    }
    definitions_.clear();
    for (const auto& record : all) {
      const auto parsed = record->parsed();
      if (!parsed) continue;
      const mir::Unit& unit = (*parsed)->unit;
      for (const mir::Definition& one : unit.definitions)
        definitions_.try_emplace(std::string(unit.string(one.name)), record);
    }
  }
  const auto one = definitions_.find(name);
  return one == definitions_.end() ? nullptr : one->second;
}

std::shared_ptr<Module> Metadata::find_module(std::string_view path) const {
  const std::shared_lock lock(mutex_);
  const auto known = std::ranges::find(modules_, path, &Module::path);
  return known == modules_.end() ? nullptr : *known;
}

FoundRow Metadata::possible_in(std::string_view path, std::string_view symbol) const {
  const std::shared_lock lock(mutex_);
  const std::uint64_t hash = hash_name(symbol);
  for (Row* row = by_name_.find(hash, &Row::name_hash); row != nullptr; row = row->next_name)
    if (row->mangled_name == symbol && row->module->path == path && row->is_possible &&
        !row->has_moved.load(std::memory_order_acquire))
      return found(row);
  return {};
}

void Metadata::for_each_row(const std::function<void(const Row&)>& each) const {
  const std::shared_lock lock(mutex_);
  for (const auto& module : modules_)
    for (std::size_t i = 0; i != module->row_count; ++i) each(module->rows[i]);
}

std::size_t Metadata::size() const {
  const std::shared_lock lock(mutex_);
  return modules_.size();
}

void Metadata::set_moved(Row& row) {
  const std::unique_lock lock(mutex_);
  if (row.has_moved.exchange(true, std::memory_order_acq_rel)) return;
  row.module->moved.push_back(&row);
}

// Whether a row of `possible` is in the other table of its note, too, whose rows are first.
bool Metadata::is_made_already(const Row& row) const {
  if (!row.is_possible) return false;
  const Row* other = by_name_.find(row.name_hash, &Row::name_hash);
  for (; other != nullptr && other != &row; other = other->next_name)
    if (other->module == row.module && !other->is_possible &&
        other->mangled_name == row.mangled_name && other->means_same(row))
      return true;
  return false;
}

std::optional<JitMetadata> Metadata::describe(std::string_view path) const {
  const std::shared_lock lock(mutex_);
  const auto known = std::ranges::find(modules_, path, &Module::path);
  if (known == modules_.end()) return std::nullopt;
  const Module& module = **known;
  JitMetadata metadata;
  for (std::size_t i = 0; i != module.row_count; ++i) {
    const Row& row = module.rows[i];
    if (row.has_moved.load(std::memory_order_acquire) || is_made_already(row)) continue;
    (row.is_possible ? metadata.possible : metadata.instantiations).push_back(describe_row(row));
  }
  for (const Row* const row : module.moved) metadata.instantiations.push_back(describe_row(*row));
  return metadata;
}

JitRow describe_row(const Row& row) {
  const bool has_moved = row.has_moved.load(std::memory_order_acquire);
  return {.template_name = std::string(row.template_name),
          .type_args = std::string(row.type_args),
          .mangled_name = std::string(row.mangled_name),
          .to_obj = std::string(has_moved ? row.moved_to() : row.to_obj),
          .status = has_moved ? std::string("jit_compiled") : std::string(row.status)};
}

std::string describe_clash(std::string_view name, std::string_view template_name,
                           std::string_view args, std::string_view other_template,
                           std::string_view other_args) {
  return fmt::format("the name '{}' stands for {}<{}> and for {}<{}>", name, template_name, args,
                     other_template, other_args);
}

}  // namespace smf::internal
