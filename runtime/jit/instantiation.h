// Making one function, and first what it needs: step 6 of a request.
//
// A depth-first walk along the calls, in which Tarjan's algorithm finds the groups of functions
// that call each other in a circle (R. Tarjan, "Depth-First Search and Linear Graph Algorithms",
// 1972). A group is compiled when the walk leaves it, so callees come before callers. Each
// instantiation that has to be made is claimed (requests.h) on the way down, and let go when its
// group is published or the walk fails.
//
// What is compiled already is walked through as well, once a session: the program has then made all
// that a function calls, and whether a small callee is inlined does not depend on what was asked
// for before.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/jit/jit_state.h"

namespace smf::internal {

class Instantiation {
 public:
  Instantiation(JitState& state, Session& session);
  ~Instantiation();

  // Code of an equal body, and what is persisted, was looked for before. The claims that were made
  // are let go, whatever comes out.
  Made<const Compiled*> make(const Wanted& wanted);
  // Rows in `possible` of what was made.
  const std::vector<FoundRow>& made_rows() const { return made_rows_; }

 private:
  struct Node {
    Wanted wanted{};
    std::optional<mir::FunctionId> function{};
    std::span<const mir::TypeId> types{};  // its arguments
    std::optional<std::uint32_t> shape{};
    const Compiled* compiled = nullptr;
    std::size_t lowlink = 0;
    bool is_open = true;  // its group is not done
    bool is_claimed = false;
    bool is_foreign = false;
  };
  using Pair = std::pair<std::string_view, const Arguments*>;
  static constexpr std::size_t kFew = 8;  // nodes that are searched one by one

  Node& add_node(Wanted wanted);
  // Of this walk: by its meaning, and as code names it. kNone without one.
  std::size_t find_pair(std::string_view template_name, const Arguments* arguments) const;
  std::size_t find_name(std::string_view name) const;
  Made<std::size_t> visit(Wanted wanted);
  Made<std::size_t> visit_claimed(std::size_t index, bool is_too_deep);
  Made<void> expand(std::size_t index);
  Made<bool> find_equal(std::size_t index);
  Made<bool> find_persisted(std::size_t index);
  void persist(std::span<const std::size_t> members, const codegen::Code& code);
  Made<bool> compile_foreign(std::size_t index);
  Made<void> prepare(std::size_t index);
  Made<void> make_function(std::size_t index);
  Made<void> walk_calls(std::size_t index);
  Made<void> go_on_to(std::size_t index, Wanted wanted);
  Made<std::optional<Wanted>> wanted_callee(const mir::Callee& callee);
  Made<void> close_group(std::size_t index);
  Made<void> compile_group(std::span<const std::size_t> members);
  Made<void> publish(std::span<const std::size_t> members, const codegen::Code& code);
  bool can_be_shared(const Node& node) const;
  static std::optional<JitFunction::Type> type_of(const mir::Unit& unit, const Node& node);
  Result<const void*> address_of(const codegen::Symbol& symbol, const Node& caller) const;
  Made<void> refuse_endless(std::size_t index, const Error& error);
  void let_go(Node& node);

  JitState& state_;
  Session& session_;
  const Frame* const outer_;
  bool was_looked_for_ = false;
  std::deque<Node> nodes_{};
  std::map<Pair, std::size_t> by_pair_{};                      // from kFew nodes on
  std::map<std::string, std::size_t, std::less<>> by_name_{};  // the same, and further names
  std::vector<std::size_t> open_{};                            // Tarjan's stack
  std::vector<FoundRow> made_rows_{};
};

}  // namespace smf::internal
