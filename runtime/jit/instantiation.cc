#include "runtime/jit/instantiation.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/jit/placing.h"
#include "runtime/jit/shapes.h"
#include "runtime/note/names.h"

namespace smf::internal {
namespace {

std::unexpected<JitResult> refused(const std::string& symbol, const Error& error) {
  std::string message = error.describe();
  if (message.find(symbol) == std::string::npos) message = fmt::format("{}: {}", symbol, message);
  return internal::refused(std::move(message));
}

std::uint64_t id_of(const Wanted& wanted) {
  return wanted.record == nullptr ? 0 : wanted.record->id();
}

}  // namespace

Instantiation::Instantiation(JitState& state, Session& session)
    : state_(state), session_(session), outer_(Chain::innermost()) {}

Instantiation::~Instantiation() {
  for (Node& node : nodes_) let_go(node);
}

void Instantiation::let_go(Node& node) {
  if (node.is_claimed) state_.claims.release(node.wanted.usual);
  node.is_claimed = false;
}

Made<const Compiled*> Instantiation::make(const Wanted& wanted) {
  auto index = visit(wanted);
  if (!index) return std::unexpected(std::move(index).error());
  return nodes_[*index].compiled;
}

// ---- The walk ----

Made<std::size_t> Instantiation::visit(Wanted wanted) {
  // What is compiled is walked through as far as it goes, and no mistake where it goes on.
  const bool is_too_deep = depth_of(&state_) >= state_.options.max_depth;
  if (is_too_deep && !state_.is_compiled(wanted)) {
    auto chain = chain_of(&state_);
    chain.push_back(wanted.symbol);
    return internal::refused(fmt::format("Maximum JIT depth ({}) exceeded: {}",
                                         state_.options.max_depth, join_chain(chain)));
  }
  // In progress further out, where a compiler of the embedder's asked for this: it cannot be made
  // in one go with what that makes.
  for (const Frame* frame = outer_; frame != nullptr; frame = frame->outer) {
    if (frame->owner != &state_ || frame->usual != wanted.usual) continue;
    auto cycle = chain_of(&state_);
    cycle.erase(cycle.begin(), std::ranges::find(cycle, frame->symbol));
    cycle.push_back(wanted.symbol);
    return std::unexpected(JitResult(JitCircularDependency{std::move(cycle)}));
  }
  const std::size_t index = nodes_.size();
  Node& node = nodes_.emplace_back();
  node.wanted = std::move(wanted);
  node.lowlink = index;
  by_pair_.emplace(Pair(node.wanted.template_name, node.wanted.arguments), index);
  by_name_.emplace(node.wanted.usual, index);
  open_.push_back(index);
  const InProgressHere in_progress(&state_, node.wanted.symbol, node.wanted.usual);
  const auto outcome = state_.claims.claim(
      node.wanted.usual, [&] { return state_.is_compiled(node.wanted); }, state_.counters.waits);
  node.is_claimed = outcome == Claims::Outcome::kMine;
  return visit_claimed(index, is_too_deep);
}

Made<std::size_t> Instantiation::visit_claimed(std::size_t index, bool is_too_deep) {
  Node& node = nodes_[index];
  auto known = state_.find_compiled(node.wanted);
  if (!known) return std::unexpected(std::move(known).error());
  node.compiled = *known;
  const bool is_leaf = node.compiled != nullptr && (is_too_deep || node.compiled->is_foreign ||
                                                    node.compiled->record != id_of(node.wanted));
  if (!is_leaf) {
    auto expanded = expand(index);
    if (!expanded) return std::unexpected(std::move(expanded).error());
  }
  if (node.lowlink == index) {
    auto closed = close_group(index);
    if (!closed) return std::unexpected(std::move(closed).error());
  }
  return index;
}

// Makes the function, unless its code is there, and what it calls.
Made<void> Instantiation::expand(std::size_t index) {
  Node& node = nodes_[index];
  const bool is_compiled = node.compiled != nullptr;
  auto foreign = is_compiled ? Made<bool>(false) : compile_foreign(index);
  if (!foreign) return std::unexpected(std::move(foreign).error());
  if (*foreign) return {};
  if (auto prepared = prepare(index); !prepared) return prepared;
  auto there = is_compiled ? Made<bool>(false) : find_equal(index);
  if (there && !*there && !is_compiled) there = find_persisted(index);
  if (!there) return std::unexpected(std::move(there).error());
  if (*there) return {};
  if (auto made = make_function(index); !made) return made;
  if (is_compiled && session_.closed().contains(*node.function)) return {};
  return walk_calls(index);
}

// Code of an equal body.
Made<bool> Instantiation::find_equal(std::size_t index) {
  Node& node = nodes_[index];
  if (!node.shape) return false;
  const Compiled* const other = state_.find_shared(node.wanted.record->id(), *node.shape);
  if (other == nullptr) return false;
  Compiled compiled = *other;
  compiled.template_name = node.wanted.template_name;
  compiled.arguments = node.wanted.arguments;
  auto published = state_.publish(node.wanted, std::move(compiled));
  if (!published) return std::unexpected(std::move(published).error());
  state_.counters.shared.fetch_add(1, std::memory_order_relaxed);
  node.compiled = *published;
  if (node.wanted.row) made_rows_.push_back(node.wanted.row);
  return true;
}

Made<bool> Instantiation::find_persisted(std::size_t index) {
  Node& node = nodes_[index];
  auto found = state_.find_persisted(node.wanted);
  if (!found) return std::unexpected(std::move(found).error());
  node.compiled = *found;
  if (node.compiled == nullptr) return false;
  if (node.wanted.row) made_rows_.push_back(node.wanted.row);
  return true;
}

// Into the module, if it has room: all that was compiled as one, its addresses by name.
void Instantiation::persist(std::span<const std::size_t> members, const codegen::Code& code) {
  if (state_.options.update_mode == UpdateMode::kOff || state_.options.compiler != nullptr) return;
  const auto home = state_.home_of(nodes_[members[0]].wanted);
  if (home == nullptr) return;
  PieceToPersist piece;
  piece.code = code.bytes;
  for (std::size_t i = 0; i != members.size(); ++i) {
    const Node& node = nodes_[members[i]];
    if (!node.shape) return;
    const auto source =
        source_hash(state_.metadata, *node.wanted.record, node.wanted.arguments->text,
                    state_.shape_of_number(*node.shape));
    if (!source) return;
    piece.functions.push_back({.key = persisted_key(*source, state_.target()),
                               .offset = code.entries[i].offset,
                               .size = code.entries[i].size,
                               .name = piece.keep(node.wanted.usual)});
  }
  for (const codegen::Relocation& relocation : code.relocations) {
    const std::string& name = relocation.symbol.name;
    auto kind = static_cast<std::uint8_t>(relocation.symbol.kind);
    const void* instance = nullptr;
    if (relocation.symbol.kind == codegen::Symbol::Kind::kFunction &&
        state_.registered.value(hash_name(name), name) == nullptr)
      instance = state_.compiled.value(hash_name(name), name);
    std::string stored = name;
    if (instance != nullptr) {
      const auto& callee = *static_cast<const Compiled*>(instance);
      kind = kInstanceRelocation;
      stored = fmt::format("{}<{}>", callee.template_name, callee.arguments->text);
    }
    piece.relocations.push_back(
        {.offset = relocation.offset, .kind = kind, .name = piece.keep(std::move(stored))});
  }
  for (const std::size_t member : members)
    if (nodes_[member].wanted.row && nodes_[member].wanted.row.module == home)
      nodes_[member].wanted.row.row->is_persisted.store(true, std::memory_order_release);
  state_.persisting().write_later(home->path, std::move(piece));
}

// The template is checked, and what its arguments are is known then.
Made<void> Instantiation::prepare(std::size_t index) {
  Node& node = nodes_[index];
  const Wanted& wanted = node.wanted;
  if (wanted.record == nullptr)
    return refused(wanted.symbol, {.code = ErrorCode::kNotFound,
                                   .message = fmt::format("no module has the body of template '{}'",
                                                          wanted.template_name)});
  if (auto fed = session_.feed(wanted.record); !fed) return refused(wanted.symbol, fed.error());
  auto types = session_.types(wanted.arguments->text);
  if (!types) return refused(wanted.symbol, types.error());
  node.types = *std::move(types);
  const std::uint32_t known = wanted.arguments->shape_in(session_.meanings());
  if (known != 0) node.shape = known;
  if (known != 0) return {};
  const auto shape = shape_of(session_.program(), node.types);
  if (!shape) return {};
  node.shape = state_.number_of(*shape);
  wanted.arguments->set_shape(*node.shape, session_.meanings());
  return {};
}

Made<void> Instantiation::make_function(std::size_t index) {
  Node& node = nodes_[index];
  const mir::Callee callee{.name = node.wanted.template_name, .arguments = node.types};
  auto function = session_.make(callee);
  if (!function) return refused(node.wanted.symbol, function.error());
  node.function = *function;
  by_name_.emplace(session_.program().mangled_name(callee), index);
  if (auto verified = session_.verify(*function); !verified)
    return refuse_endless(index, verified.error());
  return {};
}

Made<void> Instantiation::walk_calls(std::size_t index) {
  // A copy: the walk makes more functions.
  const std::vector<mir::Callee> callees = session_.program().dependencies(*nodes_[index].function);
  for (const mir::Callee& callee : callees) {
    auto wanted = wanted_callee(callee);
    if (!wanted) return std::unexpected(std::move(wanted).error());
    if (!*wanted) continue;
    auto gone = go_on_to(index, **std::move(wanted));
    if (!gone) return gone;
  }
  return {};
}

Made<void> Instantiation::go_on_to(std::size_t index, Wanted wanted) {
  const auto known = by_pair_.find(Pair(wanted.template_name, wanted.arguments));
  if (known == by_pair_.end()) {
    auto visited = visit(std::move(wanted));
    if (!visited) return std::unexpected(std::move(visited).error());
    nodes_[index].lowlink = std::min(nodes_[index].lowlink, nodes_[*visited].lowlink);
    return {};
  }
  const Node& other = nodes_[known->second];
  if (!other.is_open) return {};
  if (other.is_foreign || nodes_[index].is_foreign) {
    auto cycle = chain_of(&state_);
    cycle.erase(cycle.begin(), std::ranges::find(cycle, other.wanted.symbol));
    cycle.push_back(other.wanted.symbol);
    return std::unexpected(JitResult(JitCircularDependency{std::move(cycle)}));
  }
  nodes_[index].lowlink = std::min(nodes_[index].lowlink, known->second);
  return {};
}

// nullopt: nothing that is instantiated here.
Made<std::optional<Wanted>> Instantiation::wanted_callee(const mir::Callee& callee) {
  mir::Program& program = session_.program();
  std::string usual = program.mangled_name(callee);
  const std::uint64_t hash = hash_name(usual);
  if (callee.arguments.empty()) {
    if (state_.registered.value(hash, usual) != nullptr) return std::nullopt;
    auto row = state_.metadata.find(hash, usual);
    if (!row) return internal::refused(row.error().message);
    const bool is_makeable = *row && (row->record != nullptr || state_.options.compiler != nullptr);
    if (!is_makeable || state_.compiled.value(hash, usual) != nullptr) return std::nullopt;
    return state_.wanted(usual, *std::move(row));
  }
  std::string text;
  for (const mir::TypeId argument : callee.arguments) {
    if (!text.empty()) text += ',';
    text += program.name_of(argument);
  }
  Arguments& arguments = state_.metadata.intern(canonical_type_args(text));
  return state_.wanted_pair(std::move(usual), callee.name, arguments);
}

// ---- Groups ----

Made<void> Instantiation::close_group(std::size_t index) {
  const auto first = std::ranges::find(open_, index);
  const std::vector<std::size_t> group(first, open_.end());
  std::vector<std::size_t> missing;
  for (const std::size_t member : group) {
    Node& node = nodes_[member];
    if (node.compiled != nullptr) continue;
    // Another chain may have been faster, where this one went on without the claim.
    auto known = state_.find_compiled(node.wanted);
    if (!known) return std::unexpected(std::move(known).error());
    node.compiled = *known;
    if (node.compiled == nullptr) missing.push_back(member);
  }
  if (!missing.empty()) {
    auto compiled = compile_group(missing);
    if (!compiled) return compiled;
  }
  open_.erase(first, open_.end());
  for (const std::size_t member : group) {
    Node& node = nodes_[member];
    node.is_open = false;
    if (node.function) session_.closed().insert(*node.function);
    let_go(node);
  }
  return {};
}

Made<void> Instantiation::compile_group(std::span<const std::size_t> members) {
  std::vector<mir::FunctionId> functions;
  for (const std::size_t member : members) functions.push_back(*nodes_[member].function);
  Result<codegen::Code> code = fail(ErrorCode::kUnsupported, {});
  if (state_.options.compiler != nullptr)
    code = state_.options.compiler->compile_functions(session_.program(), session_.layouts(),
                                                      functions);
  if (!code && code.error().code == ErrorCode::kUnsupported) code = session_.compile(functions);
  if (!code) return refuse_endless(members[0], code.error());
  if (auto checked = check_code(*code, members.size()); !checked)
    return refused(nodes_[members[0]].wanted.symbol, checked.error());
  auto published = publish(members, *code);
  if (!published) return published;
  persist(members, *code);
  const Node& first = nodes_[members[0]];
  if (members.size() == 1 && first.shape && can_be_shared(first))
    state_.share(first.wanted.record->id(), *first.shape, first.compiled);
  return {};
}

// Nothing that it calls may depend on its arguments: but itself, which is a call within the code.
bool Instantiation::can_be_shared(const Node& node) const {
  const auto& callees = session_.program().dependencies(*node.function);
  return std::ranges::all_of(callees, [&](const mir::Callee& callee) {
    if (callee.arguments.empty()) return callee.name.find('$') == std::string::npos;
    const auto same = by_name_.find(session_.program().mangled_name(callee));
    return same != by_name_.end() && &nodes_[same->second] == &node;
  });
}

Made<void> Instantiation::publish(std::span<const std::size_t> members, const codegen::Code& code) {
  std::vector<std::string_view> names;
  const mir::Unit& unit = session_.program().unit();
  for (const std::size_t member : members) {
    const Node& node = nodes_[member];
    names.push_back(node.function ? unit.string(unit.functions[*node.function].name)
                                  : std::string_view(node.wanted.usual));
  }
  const Node& caller = nodes_[members[0]];
  auto placed = place_code(*state_.memory, code, names, [&](const codegen::Symbol& symbol) {
    return address_of(symbol, caller);
  });
  if (!placed && placed.error().message.starts_with("Failed to allocate executable memory"))
    return internal::refused(placed.error().message);
  if (!placed) return refused(caller.wanted.symbol, placed.error());
  state_.keep_block(placed->block);
  for (std::size_t i = 0; i != members.size(); ++i) {
    Node& node = nodes_[members[i]];
    const codegen::Entry& entry = code.entries[i];
    auto published =
        state_.publish(node.wanted, {.template_name = node.wanted.template_name,
                                     .arguments = node.wanted.arguments,
                                     .code = {placed->block + entry.offset, entry.size},
                                     .record = id_of(node.wanted),
                                     .is_foreign = node.is_foreign});
    if (!published) return std::unexpected(std::move(published).error());
    node.compiled = *published;
    if (node.wanted.row) made_rows_.push_back(node.wanted.row);
  }
  state_.counters.compiled.fetch_add(members.size(), std::memory_order_relaxed);
  state_.counters.code_bytes.fetch_add(placed->size, std::memory_order_relaxed);
  return {};
}

Result<const void*> Instantiation::address_of(const codegen::Symbol& symbol,
                                              const Node& caller) const {
  if (symbol.kind == codegen::Symbol::Kind::kFunction) {
    const auto node = by_name_.find(symbol.name);
    if (node != by_name_.end() && nodes_[node->second].compiled != nullptr &&
        state_.registered.value(hash_name(symbol.name), symbol.name) == nullptr)
      return nodes_[node->second].compiled->address();
  }
  return state_.find_address(symbol, caller.wanted.symbol);
}

// A type that contains itself is a circle, and no mistake in the function.
Made<void> Instantiation::refuse_endless(std::size_t index, const Error& error) {
  const Node& node = nodes_[index];
  auto circle = find_endless_type(session_.program(), *node.function);
  if (!circle.empty()) return std::unexpected(JitResult(JitCircularDependency{std::move(circle)}));
  return refused(node.wanted.symbol, error);
}

// ---- The embedder's compiler ----

Made<bool> Instantiation::compile_foreign(std::size_t index) {
  if (state_.options.compiler == nullptr) return false;
  Node& node = nodes_[index];
  const Wanted& wanted = node.wanted;
  const TemplateRecord* const record = wanted.record.get();
  auto code = state_.options.compiler->compile_template(
      {.symbol = wanted.symbol,
       .template_name = wanted.template_name,
       .type_args = wanted.arguments->text,
       .body = record == nullptr ? Bytes() : record->body(),
       .module = record == nullptr ? std::string_view() : std::string_view(record->module())});
  if (!code && code.error().code == ErrorCode::kUnsupported) return false;
  if (!code) return refused(wanted.symbol, code.error());
  if (auto checked = check_code(*code, std::max<std::size_t>(code->entries.size(), 1)); !checked)
    return refused(wanted.symbol, checked.error());
  code->entries.resize(1);
  node.is_foreign = true;
  for (const codegen::Relocation& relocation : code->relocations) {
    const std::string& name = relocation.symbol.name;
    if (relocation.symbol.kind != codegen::Symbol::Kind::kFunction || name == wanted.usual)
      continue;
    auto callee = wanted_callee({.name = name, .arguments = {}});
    if (!callee) return std::unexpected(std::move(callee).error());
    if (!*callee) continue;
    auto gone = go_on_to(index, **callee);
    if (!gone) return std::unexpected(std::move(gone).error());
    by_name_.emplace(name, by_pair_.at(Pair((*callee)->template_name, (*callee)->arguments)));
  }
  auto published = publish(std::span(&index, 1), *code);
  if (!published) return std::unexpected(std::move(published).error());
  return true;
}

}  // namespace smf::internal
