#include "runtime/mir/foreign.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "runtime/mir/unit.h"

namespace smf::mir {
bool is_foreign_instruction(const Json& json) {
  if (json.is_string()) return json.get_ref<const std::string&>() != "Nop";
  if (!json.is_object() || json.size() != 1) return false;
  const std::string& name = json.begin().key();
  if (!find_name(kOpNames, &Names::json, name)) return true;
  const bool is_binary = name == "BinOp" || name == "CheckedBinOp";
  if (!is_binary && name != "UnaryOp") return false;
  const Json& inside = json.begin().value();
  if (!inside.is_object() || !inside.contains("op") || !inside.contains("dest")) return false;
  const Json& dest = inside["dest"];
  const Json& op = inside["op"];
  if (!op.is_string() || !dest.is_number_unsigned()) return false;
  if (dest.get<std::uint64_t>() >= Operand::kMaxIndex) return false;
  const auto& operation = op.get_ref<const std::string&>();
  return is_binary ? !find_name(kBinaryNames, &Names::json, operation)
                   : !find_name(kUnaryNames, &Names::json, operation);
}

bool is_foreign_terminator(const Json& json) {
  if (json.is_string()) return json.get_ref<const std::string&>() != "Unreachable";
  if (!json.is_object() || json.size() != 1) return false;
  constexpr std::string_view kOurs[] = {"Goto",   "Return", "If",
                                        "Switch", "Abort",  "CallTerminator"};
  return std::ranges::find(kOurs, json.begin().key()) == std::end(kOurs);
}

}  // namespace smf::mir
