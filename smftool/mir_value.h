// Values of MIR's types as JSON: the arguments that `mir run` takes, and the results it prints.
//
//   numbers, bool, char   3, -0.5, "NaN", "Infinity", true, 65 or "A"
//   text                  "abc", or as it is: abc
//   slices, pointers      [1, 2]: what they point at, in a row; null
//   arrays, tuples        [1, 2]
//   structs               {"x": 1, "y": 2}, every field
//   enums, Result         "None" or None, {"Some": [1]}, {"Ok": [1]}: the fields of the variant
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/interpreter.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "smftool/json_output.h"

namespace smf::tool {

class MirValues {
 public:
  // Memory that arguments need is lent to `interpreter`. All three outlive it.
  MirValues(mir::Program& program, mir::Layouts& layouts, mir::Interpreter& interpreter)
      : program_(program), layouts_(layouts), interpreter_(interpreter) {}

  // Where a value of the type is. kInvalidArgument for JSON that is none of it.
  Result<const void*> make(mir::TypeId type, std::string_view text);
  // Room for one.
  Result<void*> make_room(mir::TypeId type);

  // The value at an address, which has room for one. Pointers and slices are followed where they
  // lead to memory that was made here or lent by others.
  Result<Json> show(mir::TypeId type, const void* at);

 private:
  struct Made {
    const std::byte* begin;
    std::uint64_t count;  // of what is pointed at
  };

  std::byte* room(std::uint64_t size);
  Result<void> put(mir::TypeId type, const Json& json, std::byte* at);
  Result<void> put_number(mir::TypeKind kind, const Json& json, std::byte* at);
  Result<void> put_text(const Json& json, std::byte* at);
  Result<void> put_row(mir::TypeId element, const Json& json, std::byte* at, bool is_slice);
  Result<void> put_fields(mir::TypeId type, std::uint32_t variant, const Json& json, std::byte* at);
  Result<void> put_variant(mir::TypeId type, const Json& json, std::byte* at);
  Result<Json> show_known(mir::TypeId type, const std::byte* at);
  Result<Json> show_row(mir::TypeId element, const std::byte* begin, std::uint64_t count);
  Result<Json> show_fields(mir::TypeId type, std::uint32_t variant, const std::byte* at);
  std::vector<std::string> variants(mir::TypeId type) const;
  std::vector<std::string> field_names(mir::TypeId type) const;
  std::unexpected<Error> expected(mir::TypeId type, std::string_view what, const Json& json) const;

  mir::Program& program_;
  mir::Layouts& layouts_;
  mir::Interpreter& interpreter_;
  std::deque<std::unique_ptr<std::byte[]>> memory_{};
  std::vector<Made> made_{};
  std::uint64_t shown_ = 0;  // values
  unsigned depth_ = 0;       // of those being shown
};

}  // namespace smf::tool
