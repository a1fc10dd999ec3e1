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
    SMF_ASSIGN(CodeMemory own, CodeMemory::create());
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
  const Wanted one = wanted(symbol, *std::move(row));
  const Compiled* found = nullptr;
  // Under its usual name it was looked for above.
  if (one.symbol != one.usual || has_contested_.load(std::memory_order_acquire)) {
    auto known = find_compiled(one);
    if (!known) return std::move(known).error();
    found = *known;
  }
  const Compiled* const equal = found == nullptr ? equal_body(one.row) : nullptr;
  if (found != nullptr || equal != nullptr) {
    Compiled same = found != nullptr ? *found : *equal;
    same.template_name = one.template_name;
    same.arguments = one.arguments;
    auto published = publish(one, std::move(same));
    if (!published) return std::move(published).error();
    if (equal != nullptr) counters.shared.fetch_add(1, std::memory_order_relaxed);
    return success(symbol, **published, one.row);
  }
  {
    const InProgressHere in_progress(this, one.symbol, one.usual);
    auto persisted = find_persisted(one);
    if (!persisted) return std::move(persisted).error();
    found = *persisted;
  }
  return found != nullptr ? success(symbol, *found, one.row) : instantiate(one);
}

JitResult JitState::success(std::string_view symbol, const Compiled& found, const FoundRow& row) {
  if (row) {
    const FoundRow rows[] = {row};
    if (auto failed = promote(std::string(symbol), rows)) return *std::move(failed);
  }
  const NameTable::Name* const name = compiled.find(hash_name(symbol), symbol);
  return JitSuccess{found.code, name->view(), found.address()};
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
        failed = JitUpdateFailed{one.symbol, std::move(written).error()};
    if (!made) return std::move(made).error();
    if (failed) return *std::move(failed);
    // Under the name that was asked for, also where another chain made it under another.
    auto published = publish(one, **made);
    if (!published) return std::move(published).error();
    return success(one.symbol, **published, {});
  }
}

const Compiled* JitState::equal_body(const FoundRow& row) const {
  if (row.record == nullptr || options.compiler != nullptr) return nullptr;
  const std::uint32_t shape = row.row->arguments->shape_in(metadata.meanings());
  return shape == 0 ? nullptr : find_shared(row.record->id(), shape);
}

std::optional<JitUpdateFailed> JitState::promote(const std::string& symbol,
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
    return JitUpdateFailed{symbol, std::move(written).error()};
  auto moved = updates_->move(moving);
  if (moved) return std::nullopt;
  return JitUpdateFailed{symbol, std::move(moved).error()};
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
    const auto types = session->types(arguments.text);
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

Wanted JitState::wanted(std::string_view symbol, FoundRow row) const {
  Wanted one{.symbol = std::string(symbol),
             .usual = {},
             .template_name = std::string(row.row->template_name),
             .arguments = row.row->arguments,
             .row = {},
             .record = row.record};
  one.usual = row.row->has_usual_name
                  ? std::string(row.row->mangled_name)
                  : mangled_name(one.template_name, split_type_args(one.arguments->text));
  one.row = std::move(row);
  return one;
}

// ---- What is compiled ----

// What a name stood for when a module came that has it for something else; nullptr mostly.
const Compiled* JitState::find_contested(std::string_view name) const {
  const auto found = contested_.find(name);
  return found == contested_.end() ? nullptr : found->second;
}

Made<const Compiled*> JitState::find_compiled(const Wanted& one) const {
  const auto* found = static_cast<const Compiled*>(compiled.value(hash_name(one.usual), one.usual));
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
  const auto* const found =
      static_cast<const Compiled*>(compiled.value(hash_name(one.usual), one.usual));
  return found != nullptr && found->means(one);
}

Made<const Compiled*> JitState::publish(const Wanted& one, Compiled made) {
  const std::lock_guard lock(publish_mutex_);
  const std::uint64_t usual_hash = hash_name(one.usual);
  const bool is_usual = one.symbol == one.usual;
  const std::uint64_t symbol_hash = is_usual ? usual_hash : hash_name(one.symbol);
  const auto there_as = [&](std::uint64_t hash, const std::string& name) {
    const auto* const there = static_cast<const Compiled*>(compiled.value(hash, name));
    return there != nullptr || contested_.empty() ? there : find_contested(name);
  };
  const Compiled* known = there_as(usual_hash, one.usual);
  for (const Compiled* const other :
       {known, is_usual ? known : there_as(symbol_hash, one.symbol)}) {
    if (other == nullptr || other->means(one)) continue;
    return refused(describe_clash(other == known ? one.usual : one.symbol, other->template_name,
                                  other->arguments->text, one.template_name, one.arguments->text));
  }
  // Whoever made it something else has gone, or publish() would not be called.
  if (const auto contested = contested_.find(one.usual); contested != contested_.end()) {
    compiled.set(usual_hash, one.usual, known);
    contested_.erase(contested);
  }
  if (known == nullptr) {
    known = &all_.emplace_back(std::move(made));
    compiled.set(usual_hash, one.usual, known);
    counters.cached.fetch_add(1, std::memory_order_relaxed);
  }
  if (!is_usual) compiled.set(symbol_hash, one.symbol, known);
  return known;
}

bool JitState::forget(std::string_view symbol) {
  const std::lock_guard lock(publish_mutex_);
  const void* const there = compiled.value(hash_name(symbol), symbol);
  const auto contested = contested_.find(symbol);
  const bool was_contested = contested != contested_.end();
  if (was_contested) contested_.erase(contested);
  if (there == nullptr) return was_contested;
  compiled.take_away(there);
  {
    const std::lock_guard shared_lock(shared_mutex_);
    std::erase_if(shared_, [&](const auto& entry) {
      return entry.second->address() == static_cast<const Compiled*>(there)->address();
    });
  }
  counters.cached.fetch_sub(1, std::memory_order_relaxed);
  metadata.renew();
  return true;
}

const Compiled* JitState::find_shared(std::uint64_t record, std::uint32_t shape) const {
  const std::lock_guard lock(shared_mutex_);
  const auto found = shared_.find({record, shape});
  return found == shared_.end() ? nullptr : found->second;
}

void JitState::share(std::uint64_t record, std::uint32_t shape, const Compiled* made) {
  const std::lock_guard lock(shared_mutex_);
  shared_.try_emplace({record, shape}, made);
}

std::uint32_t JitState::number_of(const std::string& shape) {
  const std::lock_guard lock(shared_mutex_);
  const auto [known, is_new] =
      shapes_.try_emplace(shape, static_cast<std::uint32_t>(shapes_.size() + 1));
  if (is_new) shape_texts_.push_back(&known->first);
  return known->second;
}

std::string JitState::shape_of_number(std::uint32_t number) const {
  const std::lock_guard lock(shared_mutex_);
  return *shape_texts_[number - 1];
}

const void* JitState::find_symbol(const std::string& name) const {
  const std::uint64_t hash = hash_name(name);
  if (const void* const address = registered.value(hash, name)) return address;
  if (const void* const found = compiled.value(hash, name))
    return static_cast<const Compiled*>(found)->address();
  for (const SymbolSource& source : options.symbol_sources)
    if (const void* const address = source(name)) return address;
  return nullptr;
}

Result<const void*> JitState::find_address(const codegen::Symbol& symbol,
                                           const std::string& caller) const {
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
Made<std::optional<Wanted>> JitState::wanted_pair(std::string usual,
                                                  const std::string& template_name,
                                                  Arguments& arguments) const {
  const std::uint64_t hash = hash_name(usual);
  if (registered.value(hash, usual) != nullptr) return std::nullopt;
  auto row = metadata.find(hash, usual);
  if (!row) return refused(row.error().message);
  if (*row && (row->row->arguments != &arguments || row->row->template_name != template_name)) {
    return refused(describe_clash(usual, template_name, arguments.text, row->row->template_name,
                                  row->row->arguments->text));
  }
  FoundRow found = *row ? *std::move(row) : metadata.find_pair(template_name, arguments);
  auto record = found ? found.record : metadata.find_template(template_name);
  if (record == nullptr && (!found || options.compiler == nullptr)) return std::nullopt;
  std::string symbol = found ? std::string(found.row->mangled_name) : usual;
  return Wanted{.symbol = std::move(symbol),
                .usual = std::move(usual),
                .template_name = template_name,
                .arguments = &arguments,
                .row = std::move(found),
                .record = std::move(record)};
}

void JitState::keep_block(const std::byte* block) {
  if (options.code_memory == nullptr) return;
  const std::lock_guard lock(publish_mutex_);
  blocks_.push_back(block);
}

}  // namespace smf::internal
