// How large a value is, and where its parts are: as C has it on every 64-bit processor that this
// library is built for.
//
//   I8 U8 Bool 1, I16 U16 Char 2, I32 U32 F32 4, I64 U64 F64 and pointers 8, Unit and Never 0
//   array         its elements in a row
//   struct, tuple fields in order, each aligned, the size rounded up to the largest alignment
//   Slice, text   a pointer and an unsigned 64-bit length
//   enum, Result  a 32-bit tag, then a C union of the variants' structs
//
// A field of no size is at the place of the next one. A size is below 2^31: so is each offset, and
// no sum of two can wrap. What has no layout is a parameter, a type of another back end (Dict,
// Promise, Generator, ActorType, Union, other opaque ones), and a struct that contains itself
// without a pointer between.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/program.h"

namespace smf::mir {

struct Layout {
  std::uint64_t size = 0;  // bytes
  std::uint64_t alignment = 1;
};

struct FieldLayout {
  TypeId type = 0;
  std::uint64_t offset = 0;
};

class Layouts {
 public:
  static constexpr std::uint64_t kMaxSize = (std::uint64_t{1} << 31) - 1;

  explicit Layouts(Program& program) : program_(program) {}

  // kUnsupported, kInvalidInput or kLimit, with the type.
  Result<Layout> of(TypeId type);
  // Of a struct, tuple, Slice, text, or of a variant of an enum or Result. Errors as Program's.
  Result<std::vector<FieldLayout>> fields(TypeId type, std::uint32_t variant = 0);

 private:
  Result<Layout> compute(TypeId type);
  Result<Layout> lay_out(TypeId type, std::uint32_t variant, std::vector<FieldLayout>* fields);
  Result<Layout> of_enum(TypeId type);
  std::uint32_t variants(TypeId type) const;

  struct Nested {
    explicit Nested(unsigned& count) : count(count) { ++count; }
    ~Nested() { --count; }
    unsigned& count;
  };

  // An alignment is no such number.
  static constexpr std::uint64_t kUnknown = 0;
  static constexpr std::uint64_t kBeingComputed = ~std::uint64_t{0};

  Program& program_;
  unsigned nesting_ = 0;
  std::vector<Layout> known_{};  // of each type; `alignment` tells whether it is known
};

}  // namespace smf::mir
