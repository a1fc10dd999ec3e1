#include "runtime/jit/template_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/mir/template_source.h"
#include "runtime/mir/type_expression.h"

namespace smf::internal {
namespace {

// Constants that name functions are texts of a function's type, or of an opaque one.
std::vector<std::string> callees_of(const mir::Unit& unit) {
  std::vector<std::string> names;
  for (const mir::Constant& constant : unit.constants) {
    if (constant.kind != mir::ValueKind::kString) continue;
    const std::string_view text = unit.string(static_cast<mir::StringId>(constant.bits));
    if (!text.ends_with('>')) continue;
    const mir::CalleeExpression callee = mir::split_callee(text);
    if (!callee.arguments.empty()) names.emplace_back(callee.name);
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

std::uint64_t TemplateRecord::next_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Result<TemplateRecord::Parsed> TemplateRecord::parse() const {
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::kInvalidInput, fmt::format("template '{}': {}", name_, what));
  };
  if (body_.empty()) return wrong("the module has no body of it");
  const ByteVector body(body_.begin(), body_.end());
  if (!section_->module().ok()) return wrong("its file was truncated");
  auto unit = mir::read_body(body);
  if (!unit) {
    Error error = std::move(unit).error();
    error.message = fmt::format("template '{}': {}", name_, error.message);
    return std::unexpected(std::move(error).at_path(module_));
  }
  if (is_function() &&
      (unit->functions.size() != 1 || unit->string(unit->functions[0].name) != name_))
    return wrong("its body is that of something else");
  if (!is_function() && !unit->functions.empty()) return wrong("its body is that of a function");
  Parsed parsed{.unit = *std::move(unit), .hash = xxh3_128(body), .callees = {}};
  parsed.callees = callees_of(parsed.unit);
  return parsed;
}

Result<const TemplateRecord::Parsed*> TemplateRecord::parsed() {
  const Result<Parsed>* ready = ready_.load(std::memory_order_acquire);
  if (ready == nullptr) {
    const std::lock_guard lock(mutex_);
    ready = ready_.load(std::memory_order_relaxed);
    if (ready == nullptr) {
      result_ = std::make_unique<const Result<Parsed>>(parse());
      ready = result_.get();
      // What is only a want of memory is tried again.
      if (*ready || ready->error().code != ErrorCode::kOutOfMemory)
        ready_.store(ready, std::memory_order_release);
    }
  }
  if (!*ready) return std::unexpected(ready->error());
  return &**ready;
}

void TemplateRecord::set_demands(mir::Demands demands) {
  const std::lock_guard lock(mutex_);
  if (kept_demands_ != nullptr) return;
  kept_demands_ = std::make_unique<const mir::Demands>(std::move(demands));
  demands_.store(kept_demands_.get(), std::memory_order_release);
}

}  // namespace smf::internal
