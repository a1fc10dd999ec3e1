// Compiled instantiations that a module keeps for the next process (runtime/persisted).
//
// What is looked for is known without making anything: the key is a hash over all that the code
// depends on,
//   the version of the code generator, the processor that it is for and the features it asks of it;
//   the template, its body, and the bodies of all templates that can be reached from it by name,
//   since some of them may have been inlined;
//   the arguments, and their layout, since a type's definition may have changed.
// So what is found is what would be compiled, or the same for any processor of this kind: code that
// asks for no features is looked for too, since that is what modules are delivered with. An address
// of another instantiation is stored as the template and its arguments, `max<i64>`: the mangled
// name alone would not say how to make it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/codegen/code.h"
#include "runtime/codegen/target.h"
#include "runtime/jit/metadata.h"
#include "runtime/os/system_calls.h"
#include "runtime/persisted/reader.h"
#include "runtime/persisted/trust.h"
#include "runtime/persisted/writer.h"

namespace smf::internal {

// Of a relocation: as codegen::Symbol::Kind, and one more.
inline constexpr std::uint8_t kInstanceRelocation = 3;

// Of what code is made from: `record` for these arguments. nullopt where a template that it
// reaches does not read.
std::optional<Hash128> source_hash(const Metadata& metadata, TemplateRecord& record,
                                   std::string_view args, std::string_view shape);
// Of what code is made for, this version of the code generator included.
Hash128 target_hash(const codegen::CodeTarget& target);
// The key of code that is made from that, for that.
Hash128 persisted_key(const Hash128& source, const Hash128& target);

// Of a module that is loaded: its entries, where their code may be run and there is room for any.
// nullptr where there is no room.
struct PersistedRoom {
  PersistedCodeReader reader;
  bool is_trusted = false;
};
std::shared_ptr<const PersistedRoom> open_room(const ModuleRef& ref, const std::string& path,
                                               TrustPersisted rule, os::SystemCalls& calls);

// Code that was compiled, on its way into a module's file.
struct PieceToPersist {
  ByteVector code{};
  std::vector<PersistedFunction> functions{};
  std::vector<PersistedRelocation> relocations{};
  // What these name, each in a place of its own: pieces move.
  std::vector<std::unique_ptr<const std::string>> names{};

  std::string_view keep(std::string name) {
    return *names.emplace_back(std::make_unique<const std::string>(std::move(name)));
  }
};
static_assert(std::is_nothrow_move_constructible_v<PieceToPersist>);

// Thread-safe.
class Persisting {
 public:
  explicit Persisting(os::SystemCalls& calls) : calls_(calls) {}

  void write_later(const std::string& path, PieceToPersist piece);
  // The first error, after all modules were tried. What could not be written is dropped: it is
  // compiled again.
  Result<void> flush();

 private:
  Result<void> write(const std::string& path, std::span<const PieceToPersist> pieces);

  os::SystemCalls& calls_;
  std::mutex mutex_{};
  std::map<std::string, std::vector<PieceToPersist>> waiting_{};
  std::mutex writing_{};
  std::map<std::string, PersistedCodeWriter> writers_{};
};

}  // namespace smf::internal
