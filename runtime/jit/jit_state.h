// What a JitInstantiator is made of, and the quick ways to an answer: compiled before, under this
// name or another, or an equal body. What has to be made is made by an Instantiation.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/jit/jit_instantiator.h"
#include "runtime/jit/metadata.h"
#include "runtime/jit/name_table.h"
#include "runtime/jit/note_updates.h"
#include "runtime/jit/persisting.h"
#include "runtime/jit/requests.h"
#include "runtime/jit/session.h"

namespace smf::internal {

template <typename T>
using Made = std::expected<T, JitResult>;

std::unexpected<JitResult> refused(std::string message);

// An instantiation that is wanted: what its name means, and where that comes from.
struct Wanted {
  std::string symbol{};  // as it was asked for
  std::string usual{};   // as mangled_name() makes it
  std::string template_name{};
  Arguments* arguments = nullptr;
  FoundRow row{};                            // or none
  std::shared_ptr<TemplateRecord> record{};  // or none
};

// One that is there. Its parts never change, and it stays as long as the instantiator.
struct Compiled {
  std::string template_name{};
  Arguments* arguments = nullptr;
  std::span<const std::byte> code{};
  std::uint64_t record = 0;  // the id of the template that it was made from
  bool is_foreign = false;   // by a compiler of the embedder's, not from MIR

  const void* address() const { return code.data(); }
  bool means(const Wanted& wanted) const {
    return arguments == wanted.arguments && template_name == wanted.template_name;
  }
};

struct Counters {
  std::atomic<std::uint64_t> cached{0}, compiled{0}, shared{0}, persisted_hits{0}, compile_ns{0},
      code_bytes{0}, waits{0};
};

class JitState {
 public:
  explicit JitState(JitOptions options) : options(std::move(options)) {}
  ~JitState();
  Result<void> open();

  JitResult request(std::string_view symbol);
  Result<void> load(std::string_view path);
  bool forget(std::string_view symbol);

  // ---- For an Instantiation ----

  // The row's instantiation.
  Wanted wanted(std::string_view symbol, FoundRow row) const;
  // nullptr where it is not there; refused where a name of it is, for another meaning.
  Made<const Compiled*> find_compiled(const Wanted& wanted) const;
  bool is_compiled(const Wanted& wanted) const;
  // Under both of its names; what is there already stays, and is returned. Refused as above.
  Made<const Compiled*> publish(const Wanted& wanted, Compiled compiled);
  // Code of this template for arguments of this shape; nullptr without.
  const Compiled* find_shared(std::uint64_t record, std::uint32_t shape) const;
  void share(std::uint64_t record, std::uint32_t shape, const Compiled* compiled);
  // A number for a shape, from 1, and back.
  std::uint32_t number_of(const std::string& shape);
  std::string shape_of_number(std::uint32_t number) const;
  // Wanted for a template and its arguments; nullopt where neither a row nor a template is there,
  // or the name was registered. Refused as above.
  Made<std::optional<Wanted>> wanted_pair(std::string usual, const std::string& template_name,
                                          Arguments& arguments) const;
  // The module that keeps its code, if that has room.
  std::shared_ptr<Module> home_of(const Wanted& wanted) const;
  // Code that a process before this one made, published; nullptr without any that is of now. The
  // caller has a frame for `wanted`.
  Made<const Compiled*> find_persisted(const Wanted& wanted);
  // What the code that is compiled here is for.
  const Hash128& target() const { return targets_.front(); }
  // What `name` is for code that names it: registered, compiled, or of a source. nullptr.
  const void* find_symbol(const std::string& name) const;
  // The same for all that code may name. kNotFound, with who needs it.
  Result<const void*> find_address(const codegen::Symbol& symbol, const std::string& caller) const;
  // The row leaves `possible`, as the mode says.
  std::optional<JitUpdateFailed> promote(const std::string& symbol, std::span<const FoundRow> rows);
  void keep_block(const std::byte* block);
  Persisting& persisting() { return *persisting_; }
  os::SystemCalls& calls() const {
    return options.calls == nullptr ? os::SystemCalls::kernel() : *options.calls;
  }

  JitOptions options;
  std::shared_ptr<SmfCache> cache{};
  std::shared_ptr<CodeMemory> memory{};
  Metadata metadata{};
  SessionPool sessions{};
  Claims claims{};
  NameTable compiled{};    // values are Compiled
  NameTable registered{};  // values are addresses
  std::mutex registered_mutex{};
  Counters counters{};

  struct Trap {
    codegen::TrapFunction handler = nullptr;
    void* context = nullptr;
  };

 private:
  struct SharedKey {
    std::uint64_t record = 0;
    std::uint32_t shape = 0;
    friend bool operator==(const SharedKey&, const SharedKey&) = default;
  };
  struct HashShared {
    std::size_t operator()(const SharedKey& key) const {
      return (key.record << 32 | key.shape) * 0x9E3779B97F4A7C15u;
    }
  };

  JitResult success(std::string_view symbol, const Compiled& compiled, const FoundRow& row);
  JitResult instantiate(const Wanted& wanted);
  const void* bring(const std::string& instance);
  std::optional<PersistedCode> find_in_room(const Module& home, const Wanted& one) const;
  std::optional<codegen::Code> take_code(const PersistedCode& found,
                                         std::vector<std::string>& instances) const;
  const Compiled* equal_body(const FoundRow& row) const;
  const Compiled* find_contested(std::string_view name) const;
  void contest(const Module& module);
  void find_shapes(const Module& module);

  std::unique_ptr<NoteUpdates> updates_{};
  std::unique_ptr<Persisting> persisting_{};
  Trap trap_{};
  std::vector<Hash128> targets_{};  // the own, and that of code for any processor of its kind

  mutable std::mutex publish_mutex_{};
  std::deque<Compiled> all_{};
  std::map<std::string, const Compiled*, std::less<>> contested_{};  // and what they stood for
  std::atomic<bool> has_contested_{false};
  std::vector<const std::byte*> blocks_{};  // of a code memory that is the embedder's

  mutable std::mutex shared_mutex_{};
  std::unordered_map<SharedKey, const Compiled*, HashShared> shared_{};
  std::unordered_map<std::string, std::uint32_t> shapes_{};
  std::vector<const std::string*> shape_texts_{};

  friend class smf::JitInstantiator;
};

// What compiled code calls where it traps; `context` is a JitState::Trap.
[[noreturn]] void enter_trap(void* context, const codegen::TrapRecord* record);

}  // namespace smf::internal
