// rt_smf_jit_*: thin over JitInstantiator.
#include <fmt/format.h>

#include <bit>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "runtime/ffi/jit_functions.h"
#include "runtime/ffi/smf_objects.h"
#include "runtime/jit/jit_instantiator.h"

namespace {

using smf::Error;
using smf::ErrorCode;
using smf::JitOptions;
using smf::JitResult;
using smf::Result;
using smf::ffi::about;
using smf::ffi::CacheObject;
using smf::ffi::handles;
using smf::ffi::JitObject;
using smf::ffi::number_of;
using smf::ffi::text_of;
using smf::ffi::with;

// Where code traps: its frame is left by longjmp(), so there is nothing here to clean up.
void hand_on_trap(void* context, const smf::codegen::TrapRecord* record) {
  const auto& given = *static_cast<const rt_smf_jit_options*>(context);
  const rt_smf_trap trap{.kind = record->kind,
                         .block = record->block,
                         .function = record->function().data(),
                         .function_length = record->function_size,
                         .message = record->message().data(),
                         .message_length = record->message_size};
  given.trap_handler(given.trap_context, &trap);
}

std::int64_t address_of(const void* pointer) {
  return static_cast<std::int64_t>(std::bit_cast<std::uintptr_t>(pointer));
}

const void* pointer_to(std::int64_t address) {
  return std::bit_cast<const void*>(static_cast<std::uintptr_t>(address));
}

// `given` lasts as long as the instantiator.
Result<JitOptions> jit_options(rt_smf_jit_options& given) {
  JitOptions options;
  SMF_ASSIGN(const bool is_disabled, smf::ffi::yes_or_no("disabled", given.disabled));
  options.enabled = !is_disabled;
  SMF_ASSIGN(options.update_mode,
             smf::ffi::choice_of(
                 "update_mode", given.update_mode,
                 {smf::UpdateMode::kDeferred, smf::UpdateMode::kSync, smf::UpdateMode::kOff}));
  SMF_ASSIGN(options.max_depth,
             smf::ffi::count_of("max_depth", given.max_depth, options.max_depth));
  SMF_ASSIGN(options.trust_persisted,
             smf::ffi::choice_of("trust", given.trust,
                                 {smf::TrustPersisted::kOwnerOnly, smf::TrustPersisted::kNever,
                                  smf::TrustPersisted::kAlways}));
  SMF_ASSIGN(options.missing_files_ok,
             smf::ffi::yes_or_no("missing_files_ok", given.missing_files_ok));
  SMF_ASSIGN(options.verbose, smf::ffi::yes_or_no("verbose", given.verbose));
  if (given.cache != 0) {
    SMF_ASSIGN(auto object, handles().find<CacheObject>(given.cache));
    smf::SmfCache* const cache = &object->cache;
    options.cache = std::shared_ptr<smf::SmfCache>(std::move(object), cache);
  }
  if (given.trap_handler != nullptr) {
    options.trap_handler = &hand_on_trap;
    options.trap_context = &given;
  }
  if (given.symbol_source != nullptr)
    options.symbol_sources.emplace_back([&given](std::string_view symbol) {
      return pointer_to(
          given.symbol_source(given.symbol_context, symbol.data(), number_of(symbol.size())));
    });
  if (given.global_source != nullptr)
    options.global_source = [&given](std::uint64_t number) {
      return pointer_to(given.global_source(given.global_context, number_of(number)));
    };
  SMF_ASSIGN(const bool uses_process,
             smf::ffi::yes_or_no("process_symbols", given.process_symbols));
  if (uses_process) options.symbol_sources.push_back(smf::dlsym_source());
  return options;
}

// What became of a request, in numbers, and the error where there is one.
struct Outcome {
  rt_smf_jit_result result{};
  Error error{};
};

Outcome outcome_of(const JitResult& result) {
  Outcome outcome;
  outcome.error.message = result.describe();
  if (result.is_success()) {
    outcome.result = {.status = RT_SMF_JIT_SUCCESS, .address = address_of(result.address())};
  } else if (std::holds_alternative<smf::JitNotFound>(result)) {
    outcome.result.status = RT_SMF_JIT_NOT_FOUND;
    outcome.error.code = ErrorCode::kNotFound;
  } else if (std::holds_alternative<smf::JitCircularDependency>(result)) {
    outcome.result.status = RT_SMF_JIT_CIRCULAR;
  } else if (const auto* const failed = std::get_if<smf::JitUpdateFailed>(&result)) {
    outcome.result.status = RT_SMF_JIT_UPDATE_FAILED;
    outcome.error.code = failed->error.code;
    outcome.error.system_errno = failed->error.system_errno;
  } else {
    outcome.result.status = RT_SMF_JIT_COMPILATION_ERROR;
  }
  return outcome;
}

// `work` gets the instantiator and the name.
template <typename T, typename Work>
T about_symbol(const char* name, T failure, std::int64_t jit, const char* text, std::int64_t length,
               const Work& work) {
  return about(name, failure, jit, [&]() -> Result<T> {
    SMF_ASSIGN(const auto object, handles().find<JitObject>(jit));
    SMF_ASSIGN(const std::string_view given, text_of("symbol", text, length));
    return work(*object->jit, given);
  });
}

template <typename Work>
bool about_path_of_jit(const char* name, std::int64_t jit, const char* path, std::int64_t length,
                       const Work& work) {
  return about(name, false, jit, [&]() -> Result<bool> {
    SMF_ASSIGN(const auto object, handles().find<JitObject>(jit));
    SMF_ASSIGN(const std::string_view given, smf::ffi::path_of(path, length));
    return work(*object->jit, given);
  });
}

Result<bool> done(Result<void> result) {
  SMF_TRY(std::move(result));
  return true;
}

Result<bool> found_in_jit(bool is_there, std::string_view name, std::string_view what) {
  if (is_there) return true;
  return smf::fail(ErrorCode::kNotFound, fmt::format("'{}' was not {}", name, what));
}

}  // namespace

int64_t rt_smf_jit_new(const rt_smf_jit_options* options) {
  static constexpr const char* kName = "rt_smf_jit_new";
  return smf::ffi::at_boundary(
      kName, std::int64_t{0},
      [&]() -> Result<std::int64_t> {
        auto object = std::make_shared<JitObject>();
        SMF_ASSIGN(object->given, smf::ffi::options_of(options));
        SMF_ASSIGN(JitOptions all, jit_options(object->given));
        SMF_ASSIGN(object->jit, smf::JitInstantiator::create(std::move(all)));
        return smf::ffi::jit_functions().add(std::move(object));
      },
      [] { return std::string(kName); });
}

bool rt_smf_jit_free(int64_t jit) {
  return about("rt_smf_jit_free", false, jit, [=]() -> Result<bool> {
    SMF_TRY(handles().remove_unused<JitObject>(jit));
    return true;
  });
}

bool rt_smf_jit_load(int64_t jit, const char* path, int64_t path_length) {
  return about_path_of_jit(
      "rt_smf_jit_load", jit, path, path_length,
      [](auto& in, std::string_view file) { return done(in.load_metadata(file)); });
}

bool rt_smf_jit_unload(int64_t jit, const char* path, int64_t path_length) {
  return about_path_of_jit("rt_smf_jit_unload", jit, path, path_length,
                           [](auto& in, std::string_view file) { return done(in.unload(file)); });
}

rt_smf_jit_result rt_smf_jit_instantiate(int64_t jit, const char* symbol, int64_t symbol_length) {
  rt_smf_jit_result result{};
  about_symbol("rt_smf_jit_instantiate", false, jit, symbol, symbol_length,
               [&](auto& in, std::string_view name) -> Result<bool> {
                 Outcome outcome = outcome_of(in.try_jit_instantiate(name));
                 result = outcome.result;
                 if (result.status == RT_SMF_JIT_SUCCESS) return true;
                 return std::unexpected(std::move(outcome.error));
               });
  return result;
}

int64_t rt_smf_jit_can_instantiate(int64_t jit, const char* symbol, int64_t symbol_length) {
  return about_symbol("rt_smf_jit_can_instantiate", std::int64_t{-1}, jit, symbol, symbol_length,
                      [](auto& in, std::string_view name) -> Result<std::int64_t> {
                        return in.can_jit_instantiate(name) ? 1 : 0;
                      });
}

int64_t rt_smf_jit_resolve(int64_t jit, const char* symbol, int64_t symbol_length) {
  return about_symbol("rt_smf_jit_resolve", std::int64_t{0}, jit, symbol, symbol_length,
                      [](auto& in, std::string_view name) -> Result<std::int64_t> {
                        if (const void* const own = in.registered_symbol(name))
                          return address_of(own);
                        JitResult made = in.try_jit_instantiate(name);
                        // It is there, and says so when it is asked for again.
                        if (std::holds_alternative<smf::JitUpdateFailed>(made))
                          made = in.try_jit_instantiate(name);
                        Outcome outcome = outcome_of(made);
                        if (made.is_success()) return outcome.result.address;
                        return std::unexpected(std::move(outcome.error));
                      });
}

bool rt_smf_jit_register(int64_t jit, const char* symbol, int64_t symbol_length, int64_t address) {
  return about_symbol("rt_smf_jit_register", false, jit, symbol, symbol_length,
                      [=](auto& in, std::string_view name) {
                        return done(in.register_symbol(name, pointer_to(address)));
                      });
}

bool rt_smf_jit_forget(int64_t jit, const char* symbol, int64_t symbol_length) {
  return about_symbol("rt_smf_jit_forget", false, jit, symbol, symbol_length,
                      [](auto& in, std::string_view name) {
                        return found_in_jit(in.forget(name), name, "compiled");
                      });
}

bool rt_smf_jit_flush(int64_t jit) {
  return with<JitObject>("rt_smf_jit_flush", jit,
                         [](JitObject& object) { return object.jit->flush(); });
}

bool rt_smf_jit_stats(int64_t jit, rt_smf_jit_statistics* statistics) {
  return with<JitObject>("rt_smf_jit_stats", jit, [=](JitObject& object) {
    const smf::JitStats stats = object.jit->stats();
    return smf::ffi::give(rt_smf_jit_statistics{.size = 0,
                                                .cached = number_of(stats.cached_count),
                                                .modules = number_of(stats.loaded_smf_count),
                                                .compiled = number_of(stats.compiled),
                                                .shared = number_of(stats.shared),
                                                .persisted_hits = number_of(stats.persisted_hits),
                                                .compile_ns = number_of(stats.compile_ns),
                                                .code_bytes = number_of(stats.code_bytes),
                                                .waits = number_of(stats.waits)},
                          statistics);
  });
}
