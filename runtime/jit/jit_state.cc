#include "runtime/jit/jit_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "runtime/codegen/runtime_functions.h"
#include "runtime/jit/instantiation.h"
#include "runtime/jit/shapes.h"
#include "runtime/note/names.h"

namespace smf::internal {
namespace {

// Arguments whose layout is found out when a module is loaded, at some 1.5 us each; that of others
// when they are first asked for.
constexpr std::size_t kMaxShapes = 4096;

void tell_trap(void* /*context*/, const codegen::TrapRecord* record) {
  fmt::print(stderr, "trap in {}, block {}: {}\n", record->function(), record->block,
             record->message());
  std::fflush(stderr);
}

// Counts the time until it goes, of requests that are not in another.
class Timer {
 public:
  explicit Timer(std::atomic<std::uint64_t>& total) : total_(total) {}
  ~Timer() {
    const auto passed = std::chrono::steady_clock::now() - begin_;
    total_.fetch_add(static_cast<std::uint64_t>(
                         std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count()),
                     std::memory_order_relaxed);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  std::atomic<std::uint64_t>& total_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

std::unexpected<JitResult> refused(std::string message) {
  return std::unexpected(JitResult(JitCompilationError{std::move(message)}));
}

void enter_trap(void* context, const codegen::TrapRecord* record) {
  const auto& trap = *static_cast<const JitState::Trap*>(context);
  trap.handler(trap.context, record);
  std::abort();
}

Result<void> JitState::open() {
  options.max_depth = std::min(options.max_depth, JitOptions::kMaxDepthCeiling);
  memory = options.code_memory;
  if (memory == nullptr) {
    SMF_ASSIGN(CodeMemory own, CodeMemory::create({.growth_divisor = 1}));
    memory = std::make_shared<CodeMemory>(std::move(own));
  }
  cache = options.cache;
  if (cache == nullptr) {
    SMF_ASSIGN(SmfCache own, SmfCache::create());
    cache = std::make_shared<SmfCache>(std::move(own));
  }
  targets_ = {target_hash(options.target)};
  const codegen::CodeTarget any{.machine = options.target.machine, .features = {}};
  if (any != options.target) targets_.push_back(target_hash(any));
  trap_ = {options.trap_handler, options.trap_context};
  if (trap_.handler == nullptr) trap_.handler = tell_trap;
  updates_ = std::make_unique<NoteUpdates>(metadata, calls(), options.made_in);
  persisting_ = std::make_unique<Persisting>(calls());
  return {};
}

JitState::~JitState() {
  if (options.code_memory == nullptr) return;
  for (const std::byte* const block : blocks_) static_cast<void>(memory->free(block));
}

// ---- Requests ----

JitResult JitState::request(std::string_view symbol) {
  if (!options.enabled) return JitNotFound{std::string(symbol)};
  const Frame* const outer = Chain::innermost();
  if (outer != nullptr || options.max_depth == 0) [[unlikely]] {
    if (depth_of(this) >= options.max_depth) {
      auto chain = chain_of(this);
      chain.emplace_back(symbol);
      return JitCompilationError{
          fmt::format("Maximum JIT depth ({}) exceeded: {}", options.max_depth, join_chain(chain))};
    }
  }
  const std::uint64_t hash = hash_name(symbol);
  const NameTable::Name* const name = compiled.find(hash, symbol);
  if (name != nullptr) [[likely]] {
    if (const void* const value = name->value.load(std::memory_order_acquire); value != nullptr) {
      const auto& found = *static_cast<const Compiled*>(value);
      return JitSuccess{found.code, name->view(), found.address()};
    }
  }
  for (const Frame* frame = outer; frame != nullptr; frame = frame->outer) {
    if (frame->owner != this || frame->symbol != symbol) continue;
    auto cycle = chain_of(this);
    cycle.erase(cycle.begin(), std::ranges::find(cycle, symbol));
    cycle.emplace_back(symbol);
    return JitCircularDependency{std::move(cycle)};
  }
  auto row = metadata.find(hash, symbol);
  if (!row) return JitCompilationError{std::move(row).error().message};
  if (!*row) return JitNotFound{std::string(symbol)};
  const Wanted one = wanted(*std::move(row));
  // Under its usual name it was looked for above.
  if (one.symbol != one.usual || has_contested_.load(std::memory_order_acquire)) {
    auto known = find_compiled(one);
    if (!known) return std::move(known).error();
    if (*known != nullptr) {
      auto published = publish(one, **known);
      if (!published) return std::move(published).error();
      return success(one, *published, true);
    }
  }
  const std::uint32_t shape = one.arguments->shape_in(metadata.meanings());
  if (shape != 0 && one.record() != nullptr && options.compiler == nullptr) {
    auto equal = publish_equal(one, shape);
    if (!equal) return std::move(equal).error();
    if (equal->compiled != nullptr) return success(one, *equal, true);
  }
  Published found;
  {
    const InProgressHere in_progress(this, one.symbol, one.usual);
    auto persisted = find_persisted(one);
    if (!persisted) return std::move(persisted).error();
    found = *persisted;
  }
  return found.compiled != nullptr ? success(one, found, true) : instantiate(one);
}

JitResult JitState::success(const Wanted& one, const Published& published, bool has_row_to_move) {
  if (has_row_to_move && options.update_mode != UpdateMode::kOff)
    if (auto failed = promote(one.symbol, std::span(&one.row, 1))) return *std::move(failed);
  return JitSuccess{published.compiled->code, published.name->view(),
                    published.compiled->address()};
}

JitResult JitState::instantiate(const Wanted& one) {
  std::optional<Timer> timer;
  if (depth_of(this) == 0) timer.emplace(counters.compile_ns);
  for (;;) {
    auto session = sessions.take(metadata, options.target);
    const bool was_fresh = session->is_fresh();
    Made<const Compiled*> made = nullptr;
    std::vector<FoundRow> rows;
    {
      Instantiation instantiation(*this, *session);
      made = instantiation.make(one);
      rows = instantiation.made_rows();
    }
    // What a session has seen before must not decide whether a template is accepted.
    const bool is_doubtful = !made && session->is_spoilt() && !was_fresh;
    sessions.give_back(std::move(session));
    if (is_doubtful) continue;
    if (options.verbose && made)
      fmt::print(stderr, "jit: {} is at {}\n", one.symbol, fmt::ptr((*made)->address()));
    if (options.verbose && !made) fmt::print(stderr, "jit: {}\n", made.error().describe());
    auto failed = promote(one.symbol, rows);
    if (!failed && options.update_mode == UpdateMode::kSync)
      if (auto written = persisting_->flush(); !written)
        failed = JitUpdateFailed{std::string(one.symbol), std::move(written).error()};
    if (!made) return std::move(made).error();
    if (failed) return *std::move(failed);
    // Under the name that was asked for, also where another chain made it under another.
    auto published = publish(one, **made);
    if (!published) return std::move(published).error();
    return success(one, *published, false);
  }
}

std::optional<JitUpdateFailed> JitState::promote(std::string_view symbol,
                                                 std::span<const FoundRow> rows) {
  if (options.update_mode == UpdateMode::kOff) return std::nullopt;
  std::vector<FoundRow> moving;
  for (const FoundRow& row : rows)
    if (row.row->is_possible && !row.row->has_moved.load(std::memory_order_acquire))
      moving.push_back(row);
  if (moving.empty()) return std::nullopt;
  if (options.update_mode == UpdateMode::kDeferred) {
    for (FoundRow& row : moving) updates_->move_later(std::move(row));
    return std::nullopt;
  }
  // The code first: a row that says where its code is does not say so before it is there.
  if (auto written = persisting_->flush(); !written)
    return JitUpdateFailed{std::string(symbol), std::move(written).error()};
  auto moved = updates_->move(moving);
  if (moved) return std::nullopt;
  return JitUpdateFailed{std::string(symbol), std::move(moved).error()};
}

// ---- Metadata ----

Result<void> JitState::load(std::string_view path) {
  cache->invalidate(path);
  auto ref = cache->get(path);
  std::shared_ptr<Module> module;
  if (ref) {
    auto read = metadata.read(path, *std::move(ref));
    if (!read && !options.missing_files_ok) return std::unexpected(std::move(read).error());
    if (read) module = *std::move(read);
  } else if (!options.missing_files_ok) {
    return std::unexpected(std::move(ref).error().at_path(path));
  }
  if (module == nullptr) {
    SMF_ASSIGN(module, metadata.read(path, ModuleRef()));
  }
  if (module->ref && options.compiler == nullptr)
    module->room = open_room(module->ref, module->path, options.trust_persisted, calls());
  contest(*module);
  metadata.put(module);
  find_shapes(*module);
  return {};
}

// So that a request for an equal body finds it without a session. What does not work out here is
// an error of whoever asks for it.
void JitState::find_shapes(const Module& module) try {
  std::unique_ptr<Session> session;
  std::size_t count = 0;
  for (std::size_t i = 0; i != module.row_count && count != kMaxShapes; ++i) {
    Arguments& arguments = *module.rows[i].arguments;
    if (arguments.shape_in(metadata.meanings()) != 0) continue;
    if (session == nullptr) session = sessions.take(metadata, options.target);
    ++count;
    const auto types = session->types(arguments);
    if (session->is_spoilt()) session = nullptr;
    if (!types || session == nullptr) continue;
    const auto shape = shape_of(session->program(), *types);
    if (shape) arguments.set_shape(number_of(*shape), session->meanings());
  }
  if (session != nullptr) sessions.give_back(std::move(session));
} catch (const std::bad_alloc&) {  // they are found out later
}

// A name that means something compiled and something else in this module means neither.
void JitState::contest(const Module& module) {
  const std::lock_guard lock(publish_mutex_);
  if (all_.empty()) return;
  for (std::size_t i = 0; i != module.row_count; ++i) {
    const Row& row = module.rows[i];
    const auto* const there =
        static_cast<const Compiled*>(compiled.value(row.name_hash, row.mangled_name));
    if (there == nullptr ||
        (there->arguments == row.arguments && there->template_name == row.template_name))
      continue;
    contested_[std::string(row.mangled_name)] = there;
    compiled.set(row.name_hash, row.mangled_name, nullptr);
    has_contested_.store(true, std::memory_order_release);
  }
}

Wanted JitState::wanted(FoundRow row) const {
  const Row& from = *row.row;
  Wanted one{.symbol = from.mangled_name,
             .usual = from.mangled_name,
             .template_name = from.template_name,
             .usual_hash = from.name_hash,
             .arguments = from.arguments,
             .row = std::move(row)};
  if (!from.has_usual_name) {
    one.kept = std::make_shared<const std::string>(
        mangled_name(one.template_name, split_type_args(one.arguments->text)));
    one.usual = *one.kept;
    one.usual_hash = hash_name(one.usual);
  }
  return one;
}

// ---- What is compiled ----

// What a name stood for when a module came that has it for something else; nullptr mostly.
const Compiled* JitState::find_contested(std::string_view name) const {
  const auto found = contested_.find(name);
  return found == contested_.end() ? nullptr : found->second;
}

Made<const Compiled*> JitState::find_compiled(const Wanted& one) const {
  const auto* found = static_cast<const Compiled*>(compiled.value(one.usual_hash, one.usual));
  std::string_view name = one.usual;
  if (found == nullptr && has_contested_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(publish_mutex_);
    found = find_contested(name);
    if (found == nullptr) found = find_contested(name = one.symbol);
  }
  if (found == nullptr || found->means(one)) return found;
  return refused(describe_clash(name, found->template_name, found->arguments->text,
                                one.template_name, one.arguments->text));
}

bool JitState::is_compiled(const Wanted& one) const {
  const auto* const found = static_cast<const Compiled*>(compiled.value(one.usual_hash, one.usual));
  return found != nullptr && found->means(one);
}

Made<Published> JitState::publish(const Wanted& one, const Compiled& made) {
  const std::lock_guard lock(publish_mutex_);
  return publish_locked(one, made);
}

Made<Published> JitState::publish_equal(const Wanted& one, std::uint32_t shape) {
  const std::lock_guard lock(publish_mutex_);
  const auto found = shared_.find({one.record()->id(), shape});
  if (found == shared_.end()) return Published{};
  Compiled same = *found->second;
  same.template_name = one.template_name;
  same.arguments = one.arguments;
  auto published = publish_locked(one, same);
  if (published) counters.shared.fetch_add(1, std::memory_order_relaxed);
  return published;
}

Made<Published> JitState::publish_locked(const Wanted& one, const Compiled& made) {
  const bool is_usual = one.symbol == one.usual;
  const std::uint64_t symbol_hash = is_usual ? one.usual_hash : hash_name(one.symbol);
  const auto there_as = [&](const NameTable::Name* name, std::string_view text) {
    const void* const there =
        name == nullptr ? nullptr : name->value.load(std::memory_order_acquire);
    return there != nullptr || contested_.empty() ? static_cast<const Compiled*>(there)
                                                  : find_contested(text);
  };
  const NameTable::Name* usual = compiled.find(one.usual_hash, one.usual);
  const NameTable::Name* symbol = is_usual ? usual : compiled.find(symbol_hash, one.symbol);
  const Compiled* known = there_as(usual, one.usual);
  for (const Compiled* const other : {known, is_usual ? known : there_as(symbol, one.symbol)}) {
    if (other == nullptr || other->means(one)) continue;
    return refused(describe_clash(other == known ? one.usual : one.symbol, other->template_name,
                                  other->arguments->text, one.template_name, one.arguments->text));
  }
  // Whoever made it something else has gone, or publish() would not be called.
  if (!contested_.empty()) {
    if (const auto contested = contested_.find(one.usual); contested != contested_.end()) {
      compiled.set(usual, one.usual_hash, one.usual, known);
      contested_.erase(contested);
    }
  }
  if (known == nullptr) {
    known = &all_.emplace_back(made);
    usual = &compiled.set(usual, one.usual_hash, one.usual, known);
    counters.cached.fetch_add(1, std::memory_order_relaxed);
  }
  symbol = is_usual ? usual : &compiled.set(symbol, symbol_hash, one.symbol, known);
  return Published{known, symbol};
}

bool JitState::forget(std::string_view symbol) {
  const std::lock_guard lock(publish_mutex_);
  const void* const there = compiled.value(hash_name(symbol), symbol);
  const auto contested = contested_.find(symbol);
  const bool was_contested = contested != contested_.end();
  if (was_contested) contested_.erase(contested);
  if (there == nullptr) return was_contested;
  compiled.take_away(there);
  std::erase_if(shared_, [&](const auto& entry) {
    return entry.second->address() == static_cast<const Compiled*>(there)->address();
  });
  counters.cached.fetch_sub(1, std::memory_order_relaxed);
  metadata.renew();
  return true;
}

std::optional<JitFunction> JitState::function_at(const void* address) {
  // Without a lock mostly, and all that most addresses come to.
  if (memory->find(address).empty()) return std::nullopt;
  const std::lock_guard lock(publish_mutex_);
  for (; with_address_ != all_.size(); ++with_address_) {
    const Compiled& one = all_[with_address_];
    by_address_.emplace(one.code.data(), &one);
  }
  const auto* const place = static_cast<const std::byte*>(address);
  const auto after = by_address_.upper_bound(place);
  if (after == by_address_.begin()) return std::nullopt;
  const Compiled& one = *std::prev(after)->second;
  if (static_cast<std::size_t>(place - one.code.data()) >= one.code.size()) return std::nullopt;
  return JitFunction{.code = one.code, .type = one.type};
}

void JitState::share(std::uint64_t record, std::uint32_t shape, const Compiled* made) {
  const std::lock_guard lock(publish_mutex_);
  shared_.try_emplace({record, shape}, made);
}

std::uint32_t JitState::number_of(const std::string& shape) {
  const std::lock_guard lock(shapes_mutex_);
  const auto [known, is_new] =
      shapes_.try_emplace(shape, static_cast<std::uint32_t>(shapes_.size() + 1));
  if (is_new) shape_texts_.push_back(&known->first);
  return known->second;
}

std::string JitState::shape_of_number(std::uint32_t number) const {
  const std::lock_guard lock(shapes_mutex_);
  return *shape_texts_[number - 1];
}

const void* JitState::find_symbol(std::string_view name) const {
  const std::uint64_t hash = hash_name(name);
  if (const void* const address = registered.value(hash, name)) return address;
  if (const void* const found = compiled.value(hash, name))
    return static_cast<const Compiled*>(found)->address();
  for (const SymbolSource& source : options.symbol_sources)
    if (const void* const address = source(name)) return address;
  return nullptr;
}

Result<const void*> JitState::find_address(const codegen::Symbol& symbol,
                                           std::string_view caller) const {
  const void* address = nullptr;
  std::string_view what = "function";
  switch (symbol.kind) {
    case codegen::Symbol::Kind::kFunction:
      address = find_symbol(symbol.name);
      break;
    case codegen::Symbol::Kind::kGlobal: {
      what = "global";
      std::uint64_t number = 0;
      std::from_chars(symbol.name.data(), symbol.name.data() + symbol.name.size(), number);
      if (options.global_source) address = options.global_source(number);
      break;
    }
    case codegen::Symbol::Kind::kRuntime:
      what = "part of the runtime";
      if (symbol.name == codegen::kTrapFunction) return reinterpret_cast<const void*>(&enter_trap);
      if (symbol.name == codegen::kTrapContext) return &trap_;
      address = codegen::runtime_function(symbol.name);
      break;
  }
  if (address != nullptr) return address;
  return fail(ErrorCode::kNotFound, fmt::format("'{}' needs the {} '{}', which nobody provides",
                                                caller, what, symbol.name));
}

// nullopt: nothing that is instantiated.
Made<std::optional<Wanted>> JitState::wanted_pair(std::string usual, std::string_view template_name,
                                                  Arguments& arguments) {
  const std::uint64_t hash = hash_name(usual);
  if (registered.value(hash, usual) != nullptr) return std::nullopt;
  auto row = metadata.find(hash, usual);
  if (!row) return refused(row.error().message);
  if (*row && (row->row->arguments != &arguments || row->row->template_name != template_name)) {
    return refused(describe_clash(usual, template_name, arguments.text, row->row->template_name,
                                  row->row->arguments->text));
  }
  if (!*row) *row = metadata.find_pair(template_name, arguments);
  if (!*row) row->record = metadata.find_template(template_name);
  if (row->record == nullptr && (!*row || options.compiler == nullptr)) return std::nullopt;
  Wanted one{.usual_hash = hash, .arguments = &arguments, .row = *std::move(row)};
  const Row* const named = one.row.row;
  if (named != nullptr && named->mangled_name == usual) {
    one.usual = named->mangled_name;
  } else {
    one.kept = std::make_shared<const std::string>(std::move(usual));
    one.usual = *one.kept;
  }
  one.symbol = named != nullptr ? named->mangled_name : one.usual;
  one.template_name = named != nullptr ? named->template_name : metadata.intern_name(template_name);
  return one;
}

void JitState::keep_block(const std::byte* block) {
  if (options.code_memory == nullptr) return;
  const std::lock_guard lock(publish_mutex_);
  blocks_.push_back(block);
}

}  // namespace smf::internal
