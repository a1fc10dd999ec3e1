// What one thread compiles with: a program of templates, their layouts, and a compiler.
//
// A session knows nothing at first. Templates and definitions are fed to it by name when they are
// needed, and stay, so the next request for one finds it checked and in place. Sessions wait in a
// pool between requests. One is dropped when what names mean has changed (a module was loaded or
// unloaded), when it has grown large, and when something was refused on the way in, of which a
// Program keeps parts.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/codegen/compiler.h"
#include "runtime/jit/metadata.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf::internal {

class Session {
 public:
  // Instructions of all functions made, some 200 bytes each, or types, from which on it is not
  // kept.
  static constexpr std::size_t kMaxKept = 50'000;

  Session(Metadata& metadata, const codegen::CodeTarget& target)
      : metadata_(metadata),
        target_(target),
        generation_(metadata.generation()),
        meanings_(metadata.meanings()) {}

  // The type that an argument in canonical form names.
  Result<mir::TypeId> type(std::string_view expression);
  // The types of arguments as a note has them, joined with `,`.
  Result<std::vector<mir::TypeId>> types(std::string_view args);
  // The template's function is in the program then, and was verified in its general form once.
  Result<void> feed(const std::shared_ptr<TemplateRecord>& record);
  // Of a template that was fed.
  Result<mir::FunctionId> make(const mir::Callee& callee);
  // Once for each. The general form says little of what is done with a value whose type is a
  // parameter, and compilers rely on what the verifier says.
  Result<void> verify(mir::FunctionId function);
  Result<codegen::Code> compile(std::span<const mir::FunctionId> functions);

  mir::Program& program() { return program_; }
  mir::Layouts& layouts() { return layouts_; }
  // Functions that were made with all that they call.
  std::unordered_set<mir::FunctionId>& closed() { return closed_; }

  std::uint64_t meanings() const { return meanings_; }
  bool is_fresh() const { return fed_.empty(); }
  bool is_spoilt() const { return is_spoilt_; }
  bool is_kept() const {
    return !is_spoilt_ && generation_ == metadata_.generation() &&
           program_.unit().instructions.size() < kMaxKept &&
           program_.unit().types.size() < kMaxKept;
  }

 private:
  Result<void> add(const std::shared_ptr<TemplateRecord>& record, bool with_functions);
  Result<void> check(const TemplateRecord& record);
  // After a want of memory nobody knows what a Program has in it.
  template <typename T>
  Result<T> noted(Result<T> result) {
    if (!result && result.error().code == ErrorCode::kOutOfMemory) is_spoilt_ = true;
    return result;
  }

  Metadata& metadata_;
  const codegen::CodeTarget target_;
  const std::uint64_t generation_;
  const std::uint64_t meanings_;
  mir::Program program_{};
  mir::Layouts layouts_{program_};
  std::optional<codegen::Compiler> compiler_{};
  std::set<std::shared_ptr<TemplateRecord>> fed_{};
  std::set<std::shared_ptr<TemplateRecord>> fed_definitions_{};
  std::unordered_set<mir::FunctionId> verified_{};
  std::unordered_set<mir::FunctionId> closed_{};
  bool is_spoilt_ = false;
};

class SessionPool {
 public:
  std::unique_ptr<Session> take(Metadata& metadata, const codegen::CodeTarget& target);
  void give_back(std::unique_ptr<Session> session);

 private:
  std::mutex mutex_{};
  std::vector<std::unique_ptr<Session>> idle_{};
};

}  // namespace smf::internal
