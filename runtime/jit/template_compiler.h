// A compiler of the embedder's own, in front of the library's: for templates in a language of his
// (Program::make() refuses what is not MIR's), or a back end of his for MIR.
//
// Both functions are asked first, for everything, and kUnsupported means "not mine": then the
// library's does it. They are called from several threads at once, may ask the instantiator for
// other symbols, and may throw, which passes through the request; nothing is left in progress.
#pragma once

#include <span>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/codegen/code.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf {

struct TemplateRequest {
  std::string_view symbol{};
  std::string_view template_name{};
  std::string_view type_args{};  // canonical, joined with `,`
  Bytes body{};                  // as the module stores it, its first byte the form; may be empty
  std::string_view module{};     // the path of the module that has the template; may be empty
};

class TemplateCompiler {
 public:
  virtual ~TemplateCompiler() = default;

  // The code of one function, whose entry is the first. What its relocations name is found as
  // callees of MIR are; a name that some module's note lists is instantiated for it.
  virtual Result<codegen::Code> compile_template(const TemplateRequest& /*request*/) {
    return fail(ErrorCode::kUnsupported, "templates are the library's");
  }
  // Of functions that were verified, as codegen::Compiler::compile(): an entry for each.
  virtual Result<codegen::Code> compile_functions(mir::Program& /*program*/,
                                                  mir::Layouts& /*layouts*/,
                                                  std::span<const mir::FunctionId> /*functions*/) {
    return fail(ErrorCode::kUnsupported, "functions are the library's");
  }
};

}  // namespace smf
