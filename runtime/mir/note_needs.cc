#include "runtime/mir/note_needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/note/names.h"

namespace smf::mir {
namespace {

constexpr std::string_view kWrappers[] = {"Option", "Result", "Nullable"};

// Which functions call each other in a circle: of one circle, the same number.
class Circles {
 public:
  explicit Circles(const std::map<std::string, std::vector<std::string>>& calls) : calls_(calls) {
    for (const auto& [name, callees] : calls_) visit(name);
  }
  bool are_in_one(const std::string& a, const std::string& b) const {
    const auto first = circle_.find(a), second = circle_.find(b);
    return first != circle_.end() && second != circle_.end() && first->second == second->second;
  }

 private:
  struct Visit {
    const std::string* name;
    std::size_t next = 0;
  };

  // Tarjan's, with a stack of its own: chains of calls are as long as the note.
  void visit(const std::string& root) {
    if (order_.contains(root)) return;
    std::vector<Visit> visits;
    enter(root, visits);
    while (!visits.empty()) {
      Visit& visit = visits.back();
      const auto known = calls_.find(*visit.name);
      const std::size_t count = known == calls_.end() ? 0 : known->second.size();
      if (visit.next != count) {
        const std::string& callee = known->second[visit.next++];
        if (const auto seen = order_.find(callee); seen == order_.end()) {
          enter(callee, visits);
        } else if (!circle_.contains(callee)) {
          lowest_[*visit.name] = std::min(lowest_[*visit.name], seen->second);
        }
        continue;
      }
      const std::string& name = *visit.name;
      if (lowest_[name] == order_[name]) leave(name);
      visits.pop_back();
      if (!visits.empty())
        lowest_[*visits.back().name] = std::min(lowest_[*visits.back().name], lowest_[name]);
    }
  }
  void enter(const std::string& name, std::vector<Visit>& visits) {
    lowest_[name] = order_[name] = order_.size();
    open_.push_back(&name);
    visits.push_back({&name});
  }
  void leave(const std::string& name) {
    const std::string* last = nullptr;
    do {
      last = open_.back();
      open_.pop_back();
      circle_[*last] = order_[name];
    } while (*last != name);
  }

  const std::map<std::string, std::vector<std::string>>& calls_;
  std::map<std::string, std::size_t> order_{};
  std::map<std::string, std::size_t> lowest_{};
  std::map<std::string, std::size_t> circle_{};
  std::vector<const std::string*> open_{};
};

class Needs {
 public:
  Needs(const Note& note, Program& program) : note_(note), program_(program) {}

  Result<NoteNeeds> find() && {
    for (std::size_t i = 0; i != note_.dependency_count(); ++i) {
      const DependencyRow row = note_.dependency(i);
      known_.emplace(row.from_inst, row.to_inst);
    }
    for (std::size_t i = 0; i != note_.instantiation_count(); ++i) {
      const InstantiationRow row = note_.instantiation(i);
      add(row.template_name, row.type_args, row.mangled_name);
    }
    for (std::size_t i = 0; i != note_.possible_count(); ++i) {
      const PossibleRow row = note_.possible(i);
      add(row.template_name, row.type_args, row.mangled_name);
    }
    while (!waiting_.empty()) {
      const Row row = std::move(waiting_.front());
      waiting_.pop_front();
      SMF_TRY(needs_of(row));
    }
    const Circles circles(calls_);
    for (NeededDependency& one : found_) {
      const bool is_circle =
          one.dep_kind == kCall && circles.are_in_one(one.from_inst, one.to_inst);
      if (!is_circle && known_.emplace(one.from_inst, one.to_inst).second)
        needs_.dependencies.push_back(std::move(one));
    }
    return std::move(needs_);
  }

 private:
  static constexpr std::string_view kCall = "method_dep";

  struct Row {
    std::string template_name;
    std::string type_args;
    std::string mangled_name;
  };

  void add(std::string_view template_name, std::string_view type_args,
           std::string_view mangled_name) {
    if (!seen_.emplace(template_name, canonical_type_args(type_args)).second) return;
    waiting_.push_back(
        {std::string(template_name), std::string(type_args), std::string(mangled_name)});
  }

  bool is_type(std::string_view name) const {
    return std::ranges::any_of(program_.unit().definitions, [&](const Definition& one) {
      return program_.unit().string(one.name) == name;
    });
  }

  Result<void> needs_of(const Row& row) {
    auto done = program_.has(row.template_name) ? needs_of_function(row)
                : is_type(row.template_name)    ? needs_of_type(row)
                                                : Result<void>();
    if (done || done.error().code == ErrorCode::kOutOfMemory || is_full()) return done;
    // A type that is not known here may be another module's; a body that makes no sense is for
    // check_templates() to tell.
    if (done.error().code == ErrorCode::kInvalidInput ||
        done.error().code == ErrorCode::kUnsupported)
      return {};
    needs_.refused.push_back(fmt::format("{}: {}", row.mangled_name, done.error().message));
    return {};
  }

  Result<void> needs_of_function(const Row& row) {
    Callee callee{.name = row.template_name};
    for (const std::string_view argument : split_type_args(row.type_args)) {
      SMF_ASSIGN(const TypeId type, program_.type(argument));
      callee.arguments.push_back(type);
    }
    SMF_ASSIGN(const FunctionId function, program_.make(callee));
    for (const Callee& one : program_.dependencies(function)) {
      if (one.arguments.empty()) continue;
      SMF_TRY(need(row, one, kCall));
    }
    return {};
  }

  Result<void> needs_of_type(const Row& row) {
    SMF_ASSIGN(const TypeId type,
               program_.type(row.type_args.empty()
                                 ? row.template_name
                                 : fmt::format("{}<{}>", row.template_name, row.type_args)));
    const bool is_wrapper = std::ranges::find(kWrappers, row.template_name) != std::end(kWrappers);
    const Type is = program_.unit().types[type];
    const std::uint32_t variants =
        is.kind == TypeKind::kEnum ? program_.unit().definitions[is.number].parts.count : 1;
    for (std::uint32_t variant = 0; variant != variants; ++variant) {
      SMF_ASSIGN(const std::vector<TypeId> fields, program_.fields(type, variant));
      for (const TypeId field : fields)
        SMF_TRY(need_held(row, field, is_wrapper ? "inner_type" : "field_type"));
    }
    return {};
  }

  // What is held by value in a field.
  Result<void> need_held(const Row& row, TypeId field, std::string_view kind) {
    const Type type = program_.unit().types[field];
    const auto parts = program_.unit().parts(type);
    const std::vector<TypeId> held(parts.begin(), parts.end());
    switch (type.kind) {
      case TypeKind::kArray:
      case TypeKind::kTuple:
      case TypeKind::kResult:
        for (const TypeId one : held) SMF_TRY(need_held(row, one, kind));
        return {};
      case TypeKind::kStruct:
      case TypeKind::kEnum:
        if (held.empty()) return {};
        return need(row,
                    {.name = std::string(
                         program_.unit().string(program_.unit().definitions[type.number].name)),
                     .arguments = held},
                    kind);
      default:
        return {};
    }
  }

  bool is_full() const { return needs_.possible.size() >= NoteNeeds::kMaxInstantiations; }

  Result<void> need(const Row& row, const Callee& callee, std::string_view kind) {
    std::string type_args;
    for (const TypeId argument : callee.arguments) {
      if (!type_args.empty()) type_args += ',';
      type_args += program_.name_of(argument);
    }
    std::string name = program_.mangled_name(callee);
    if (const auto known = note_.find(callee.name, type_args)) {
      name = known->is_possible ? note_.possible(known->row).mangled_name
                                : note_.instantiation(known->row).mangled_name;
    } else if ((program_.has(callee.name) || is_type(callee.name)) &&
               !seen_.contains({callee.name, canonical_type_args(type_args)})) {
      if (is_full()) {
        return fail(ErrorCode::kLimit,
                    fmt::format("templates need more than {} instantiations of each other, {} the "
                                "last of them",
                                NoteNeeds::kMaxInstantiations, name));
      }
      needs_.possible.push_back({.template_name = callee.name,
                                 .type_args = type_args,
                                 .mangled_name = name,
                                 .required_by = row.mangled_name});
      add(callee.name, type_args, name);
    }
    if (kind == kCall) calls_[row.mangled_name].push_back(name);
    found_.push_back({row.mangled_name, std::move(name), std::string(kind)});
    return {};
  }

  const Note& note_;
  Program& program_;
  NoteNeeds needs_{};
  std::deque<Row> waiting_{};
  std::set<std::pair<std::string, std::string>> seen_{};   // template, canonical arguments
  std::set<std::pair<std::string, std::string>> known_{};  // from, to
  std::map<std::string, std::vector<std::string>> calls_{};
  std::vector<NeededDependency> found_{};
};

}  // namespace

Result<NoteNeeds> find_needs(const Note& note, Program& program) try {
  return Needs(note, program).find();
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the needs of a note");
}

Result<std::string> NoteNeeds::add_to(const Note& note) const {
  NoteEdits edits;
  for (const NeededInstantiation& one : possible) {
    edits.new_possible.push_back({.template_name = one.template_name,
                                  .type_args = one.type_args,
                                  .mangled_name = one.mangled_name,
                                  .required_by = one.required_by,
                                  .can_defer = true});
  }
  for (const NeededDependency& one : dependencies) {
    edits.new_dependencies.push_back(
        {.from_inst = one.from_inst, .to_inst = one.to_inst, .dep_kind = one.dep_kind});
  }
  return write_note(note, edits);
}

}  // namespace smf::mir
