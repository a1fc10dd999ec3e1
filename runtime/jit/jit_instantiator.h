// The centre of it all: a symbol is missing, a module's note says that it is possible, its template
// is compiled for its type arguments, and the caller gets a function pointer.
//
//     SMF_ASSIGN(auto jit, JitInstantiator::create());
//     SMF_TRY(jit->load_metadata("lib/list.smf"));
//     const JitResult result = jit->try_jit_instantiate("max$i64");
//     if (result.is_success()) call(result.address());
//
// What a request does, in this order, each step only when those before it did not end it:
//   1 disabled                      JitNotFound
//   2 max_depth reached             JitCompilationError "Maximum JIT depth (50) exceeded: a -> b"
//   3 compiled before               JitSuccess, in some 20 ns: one hash, one probe, no lock
//   4 in progress in this chain     JitCircularDependency
//   5 in no note that was loaded    JitNotFound
//   6 compiled, with what it needs  JitSuccess, JitCompilationError, JitUpdateFailed
// A chain is what one thread has in progress: a request, and those that a compiler of the
// embedder's makes for it. What another chain is compiling is waited for; if the waits would close
// a circle, the one that would close it compiles the group itself, and who publishes first wins.
//
// **What a function calls** is found as: a registered symbol; compiled before; a row of a note; a
// template, for which no row is needed; what the symbol sources say. Callees come first; functions
// that call each other in a circle are compiled and published as one.
//
// **Names.** A mangled name is a key and no more. Behind each there is one pair of template and
// canonical arguments, which every hit compares; a name that is met with two pairs is an error that
// names both. Templates and types are known by their names: of several modules that have one, the
// first loaded counts.
//
// **Sharing.** Two instantiations of one template are one piece of code, where the arguments have
// the same layout and nothing that it calls depends on them. What such code tells when it traps has
// the name of the first.
//
// **Pointers** that were handed out stay valid as long as the instantiator lives, whatever is
// unloaded, loaded anew or forgotten meanwhile. A symbol that is compiled stays what it is when its
// module is loaded anew: forget() makes the next request compile.
//
// Thread-safe, but for destruction. docs/jit.md has the reasons and the limits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/jit/jit_options.h"
#include "runtime/jit/jit_result.h"

namespace smf {

namespace internal {
class JitState;
}

// A row of a note as the instantiator knows it.
struct JitRow {
  std::string template_name{};
  std::string type_args{};  // as the note spells them
  std::string mangled_name{};
  std::string to_obj{};  // of an instantiation
  std::string status{};  // the same; empty where it is possible
};

struct JitMetadata {
  std::vector<JitRow> possible{};
  std::vector<JitRow> instantiations{};  // those that moved last, in the order in which they did
};

struct JitPossible {
  std::string module{};  // its path
  JitRow row{};
};

// A function that was compiled, by the place of its code.
struct JitFunction {
  struct Type {
    bool is_of_words = false;  // takes, and returns, 64-bit integers and addresses alone
    bool returns = false;      // anything
    std::uint32_t parameters = 0;
  };
  std::span<const std::byte> code{};
  // nullopt where that is not known: of what an earlier process, or the embedder's compiler, made.
  std::optional<Type> type{};
};

struct JitStats {
  std::uint64_t cached_count = 0;  // symbols compiled, or sharing code
  std::uint64_t loaded_smf_count = 0;
  std::uint64_t smf_cache_hits = 0;
  std::uint64_t smf_cache_misses = 0;
  std::uint64_t smf_files_mapped = 0;
  std::uint64_t smf_memory_mapped = 0;  // bytes
  std::uint64_t compiled = 0;           // functions
  std::uint64_t shared = 0;             // symbols that got code of an equal body
  std::uint64_t persisted_hits = 0;
  std::uint64_t compile_ns = 0;  // in step 6, of requests that are not in another
  std::uint64_t code_bytes = 0;
  std::uint64_t waits = 0;  // for what another chain was compiling
};

class JitInstantiator {
 public:
  // Errors are those of CodeMemory and SmfCache, where it makes its own.
  static Result<std::unique_ptr<JitInstantiator>> create(JitOptions options = {});
  // flush(), unless updates are off. No request is running, and nobody runs its code.
  ~JitInstantiator();
  JitInstantiator(const JitInstantiator&) = delete;
  JitInstantiator& operator=(const JitInstantiator&) = delete;

  const JitOptions& options() const;

  // Reads a module's note and templates; linear in both. A path that was loaded before is loaded
  // anew, in the place it had, with the rows of now. Errors are those of SmfCache and Note, with
  // the path; then what was loaded before stays.
  Result<void> load_metadata(std::string_view path);
  // kNotFound where it is not loaded.
  Result<void> unload(std::string_view path);
  // Its rows; nullopt where it is not loaded. Here and below, what needs memory and gets none
  // answers as if nothing were there.
  std::optional<JitMetadata> metadata(std::string_view path) const;

  JitResult try_jit_instantiate(std::string_view symbol);
  // Whether step 6 would be reached, were it not compiled yet.
  bool can_jit_instantiate(std::string_view symbol) const;
  // The row that it would be made from: the first in `possible`, in the order in which modules were
  // loaded; without one, the first instantiation that was `deferred` or `jit_compiled` and whose
  // template is there.
  std::optional<JitPossible> find_possible(std::string_view symbol) const;

  // What callees of this name are, before all else; nullptr takes it back. Code that is there keeps
  // what it has.
  Result<void> register_symbol(std::string_view symbol, const void* address);
  // nullptr without one.
  const void* registered_symbol(std::string_view symbol) const;

  // The next request for it compiles. What is compiled keeps calling the old code. False where it
  // was not compiled.
  bool forget(std::string_view symbol);

  // What was compiled there: the function that begins at this address, or one in whose code it is;
  // nullopt where it is no code of this instantiator's. Of code that several functions share, any
  // of them.
  std::optional<JitFunction> function_at(const void* address) const;

  // Moves all rows that wait for it, module by module. The first error; rows that could not be
  // moved wait for the next flush().
  Result<void> flush();
  // Moves this row now, whatever the mode but kOff. Nothing to do, and no error, where the module
  // is not loaded or has no such row.
  Result<void> update_note(std::string_view path, std::string_view symbol);

  JitStats stats() const;

 private:
  explicit JitInstantiator(std::unique_ptr<internal::JitState> state);
  std::unique_ptr<internal::JitState> state_;
};

}  // namespace smf
