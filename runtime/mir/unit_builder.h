// How a Unit comes to be: its strings, types and constants are there once, and what belongs
// together stands together.
//
// Lists are appended whole: whoever reads an instruction gathers its operands, then adds them. A
// function's locals, blocks and instructions are appended in order while nothing else is.
//
// All functions throw std::bad_alloc, and std::length_error at 2^30 of anything; readers turn both
// into errors.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/mir/id_table.h"
#include "runtime/mir/unit.h"

namespace smf::mir {

class UnitBuilder {
 public:
  UnitBuilder();
  UnitBuilder(const UnitBuilder&) = delete;
  UnitBuilder& operator=(const UnitBuilder&) = delete;

  StringId string(std::string_view text);
  TypeId type(TypeKind kind, std::span<const std::uint32_t> parts = {}, bool flag = false,
              std::uint64_t number = 0, StringId name = kNone);
  ConstantId constant(const Constant& constant);

  List numbers(std::span<const std::uint32_t> values) { return add(unit.numbers, values); }
  List operands(std::span<const Operand> values) { return add(unit.operands, values); }
  template <typename T>
  static List add(std::vector<T>& array, std::span<const T> values) {
    const List list{.first = size_of(array), .count = static_cast<std::uint32_t>(values.size())};
    array.insert(array.end(), values.begin(), values.end());
    return list;
  }
  // What was appended since `first`.
  template <typename T>
  static List since(std::uint32_t first, const std::vector<T>& array) {
    return {.first = first, .count = size_of(array) - first};
  }
  template <typename T>
  static std::uint32_t size_of(const std::vector<T>& array) {
    check_size(array.size());
    return static_cast<std::uint32_t>(array.size());
  }

  // The source's own things are added to it directly.
  Unit unit{};

 private:
  struct ConstantHash {
    std::size_t operator()(const Constant& constant) const;
  };
  static void check_size(std::size_t size) {
    if (size >= Operand::kMaxIndex) refuse_size();
  }
  [[noreturn]] static void refuse_size();

  IdTable strings_{};
  IdTable types_{};
  std::unordered_map<Constant, ConstantId, ConstantHash> constants_{};
};

}  // namespace smf::mir
