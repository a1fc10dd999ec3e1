#include "runtime/jit/session.h"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "runtime/mir/verify.h"
#include "runtime/note/names.h"

namespace smf::internal {
namespace {

// The words of a type expression.
std::vector<std::string_view> words_of(std::string_view expression) {
  constexpr std::string_view kPunctuation = "<>()[]{},;:&*?|=- \t";
  std::vector<std::string_view> words;
  for (std::size_t at = 0;
       (at = expression.find_first_not_of(kPunctuation, at)) != std::string::npos;) {
    const std::size_t end = std::min(expression.find_first_of(kPunctuation, at), expression.size());
    words.push_back(expression.substr(at, end - at));
    at = end;
  }
  return words;
}

// Of an error in something that a template's name tells.
Error about(std::string_view name, Error error) {
  if (error.message.find(name) == std::string::npos)
    error.message = fmt::format("'{}': {}", name, error.message);
  return error;
}

}  // namespace

Result<void> Session::add(const std::shared_ptr<TemplateRecord>& record, bool with_functions) {
  SMF_ASSIGN(const TemplateRecord::Parsed* const parsed, record->parsed());
  mir::Unit unit = parsed->unit;
  if (!with_functions) unit.functions.clear();
  auto added = program_.add(std::move(unit));
  if (added) return {};
  is_spoilt_ = true;
  return std::unexpected(about(record->name(), std::move(added).error()));
}

Result<mir::TypeId> Session::type(std::string_view expression) {
  auto found = noted(program_.type(expression));
  if (found || found.error().code != ErrorCode::kInvalidInput) return found;
  bool has_more = false;
  for (const std::string_view word : words_of(expression)) {
    const auto record = metadata_.find_definition(word);
    if (record == nullptr || fed_.contains(record) || !fed_definitions_.insert(record).second)
      continue;
    SMF_TRY(add(record, false));
    has_more = true;
  }
  return has_more ? noted(program_.type(expression)) : std::move(found);
}

Result<std::vector<mir::TypeId>> Session::types(std::string_view args) {
  std::vector<mir::TypeId> types;
  for (const std::string_view one : split_type_args(args)) {
    SMF_ASSIGN(const mir::TypeId id, type(one));
    types.push_back(id);
  }
  return types;
}

Result<void> Session::feed(const std::shared_ptr<TemplateRecord>& record) {
  if (!fed_.contains(record)) {
    SMF_TRY(add(record, true));
    fed_.insert(record);
  }
  if (record->is_verified.load(std::memory_order_acquire)) return {};
  SMF_TRY(noted(check(*record)));
  record->is_verified.store(true, std::memory_order_release);
  return {};
}

Result<void> Session::check(const TemplateRecord& record) {
  auto general = program_.check(record.name());
  if (!general) return std::unexpected(about(record.name(), std::move(general).error()));
  return mir::verify(program_, layouts_, *general);
}

Result<mir::FunctionId> Session::make(const mir::Callee& callee) {
  auto function = noted(program_.make(callee));
  if (!function) return std::unexpected(about(callee.name, std::move(function).error()));
  return function;
}

Result<void> Session::verify(mir::FunctionId function) {
  if (verified_.contains(function)) return {};
  SMF_TRY(noted(mir::verify(program_, layouts_, function)));
  verified_.insert(function);
  return {};
}

Result<codegen::Code> Session::compile(std::span<const mir::FunctionId> functions) {
  if (!compiler_) {
    compiler_.emplace(program_, layouts_,
                      codegen::CompilerOptions{.machine = target_.machine,
                                               .encoding = {.features = target_.features}});
  }
  return noted(compiler_->compile(functions));
}

std::unique_ptr<Session> SessionPool::take(Metadata& metadata, const codegen::CodeTarget& target) {
  {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      auto session = std::move(idle_.back());
      idle_.pop_back();
      if (session->is_kept()) return session;
    }
  }
  return std::make_unique<Session>(metadata, target);
}

void SessionPool::give_back(std::unique_ptr<Session> session) {
  if (!session->is_kept()) return;
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(session));
}

}  // namespace smf::internal
