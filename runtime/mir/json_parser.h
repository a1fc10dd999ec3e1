// What the JSON of MIR is made of: members, names, numbers, types, values and operands.
//
// Every function takes a part of the tree, and throws JsonMistake for what is not expected there;
// the message begins with where that is, as far as the reader has said (name_, block_,
// instruction_).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/mir/json_text.h"
#include "runtime/mir/unit_builder.h"

namespace smf::mir {

// Thrown to read_json, and no further.
struct JsonMistake {
  std::string message;
};

class JsonParser {
 protected:
  static constexpr std::size_t kTerminator = ~std::size_t{0};

  Unit& unit() { return builder_.unit; }

  // ---- What is there ----

  [[noreturn]] void refuse(const std::string& message) const;
  // No other members than these.
  void expect(const Json& object, std::initializer_list<std::string_view> members) const;
  static std::string shown(const Json& json);
  const Json& member(const Json& object, const char* name) const;
  const Json::array_t& array(const Json& json, const char* what) const;
  // From 0 to `limit` - 1.
  std::uint32_t number(const Json& json, const char* what, std::uint32_t limit = kNone) const;
  LocalId local(const Json& json, const char* what) const;
  LocalId local_or_null(const Json& object, const char* name) const;
  bool boolean(const Json& json, const char* what) const;
  StringId string(const Json& json, const char* what);
  StringId string_or_null(const Json& json, const char* what);
  // The single member of {"Name": …}.
  std::pair<std::string_view, const Json*> single(const Json& json, const char* what) const;

  // ---- Types, values, operands ----

  TypeId type(const Json& json);
  std::vector<TypeId> types(const Json& json, std::string_view what);
  // Of a struct or enum: its symbol, bare or with arguments.
  TypeId symbol_type(TypeKind kind, const Json& json);
  TypeId signature(const Json& json);
  ConstantId constant(const Json& json, TypeId type);
  static std::pair<ValueKind, std::uint64_t> integer(const Json& json);
  Operand operand(const Json& json);

  UnitBuilder builder_{};
  std::vector<StringId> scope_{};  // names of the parameters

  // Where.
  const char* thing_ = "";
  std::string name_{};
  std::optional<BlockId> block_{};
  std::optional<std::size_t> instruction_{};  // or kTerminator

 private:
  TypeId pair(TypeKind kind, const Json& json, const char* first, const char* second);
  TypeId named(TypeKind kind, const Json& json);
};

}  // namespace smf::mir
