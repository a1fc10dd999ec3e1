#include "runtime/codegen/calling_convention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"

namespace smf::codegen {
namespace {

constexpr std::uint32_t kEightbyte = 8;
constexpr std::uint64_t kInRegistersAtMost = 16;  // of a composite, but for 4 floats on AArch64
constexpr std::uint64_t kMostFloats = 4;          // of a homogeneous aggregate
constexpr std::uint32_t kStackAlignment = 16;
constexpr std::uint32_t kTagSize = 4;

constexpr std::array<std::uint8_t, 6> kSystemVGeneral{7, 6, 2, 1, 8, 9};  // rdi rsi rdx rcx r8 r9
constexpr std::array<std::uint8_t, 8> kFirstEight{0, 1, 2, 3, 4, 5, 6, 7};
constexpr std::array<std::uint8_t, 2> kSystemVResults{0, 2};  // rax rdx
constexpr std::uint8_t kReturnedAddress = 0;                  // rax
constexpr std::uint8_t kResultAddress = 8;                    // x8

// What is known of a value no larger than the largest that can be in registers.
struct Scalars {
  std::array<bool, 4> has_integer{};  // of each eightbyte
  std::array<bool, 4> has_float{};
  std::uint32_t floats = 0;
  std::uint32_t float_size = 0;  // of all of them, or 0
  bool is_homogeneous = true;    // nothing but floats of one size
};

class ScalarsOf {
 public:
  ScalarsOf(mir::Program& program, mir::Layouts& layouts) : program_(program), layouts_(layouts) {}

  Result<Scalars> find(mir::TypeId type) {
    SMF_TRY(add(type, 0));
    return scalars_;
  }

 private:
  Result<void> add(mir::TypeId id, std::uint32_t offset) {
    const mir::Type& type = program_.unit().types[id];
    SMF_ASSIGN(const mir::Layout layout, layouts_.of(id));
    if (layout.size == 0) return {};
    switch (type.kind) {
      case mir::TypeKind::kArray: {
        const mir::TypeId element = program_.unit().parts(type)[0];
        const auto count = static_cast<std::uint32_t>(type.number);
        const auto size = static_cast<std::uint32_t>(layout.size) / count;
        for (std::uint32_t i = 0; i != count; ++i) SMF_TRY(add(element, offset + i * size));
        return {};
      }
      case mir::TypeKind::kSlice:
        // A pointer and a number.
        add_scalar(offset, kEightbyte, false);
        add_scalar(offset + kEightbyte, kEightbyte, false);
        return {};
      case mir::TypeKind::kTuple:
      case mir::TypeKind::kStruct:
      case mir::TypeKind::kOpaque:
        return add_fields(id, 0, offset);
      case mir::TypeKind::kEnum:
      case mir::TypeKind::kResult:
        return add_variants(id, offset);
      default:
        add_scalar(offset, static_cast<std::uint32_t>(layout.size), mir::is_float(type.kind));
        return {};
    }
  }

  // Not by Layouts::fields(), which looks at all variants for each.
  Result<void> add_fields(mir::TypeId id, std::uint32_t variant, std::uint32_t offset) {
    SMF_ASSIGN(const std::vector<mir::TypeId> fields, program_.fields(id, variant));
    for (const mir::TypeId field : fields) {
      SMF_ASSIGN(const mir::Layout layout, layouts_.of(field));
      offset = static_cast<std::uint32_t>(align_up(offset, layout.alignment));
      SMF_TRY(add(field, offset));
      offset += static_cast<std::uint32_t>(layout.size);
    }
    return {};
  }

  // An enum at one place once: variants that hold enums, which hold enums, are as many as their
  // product.
  Result<void> add_variants(mir::TypeId id, std::uint32_t offset) {
    const std::pair key{id, offset};
    if (std::ranges::find(enums_, key) != enums_.end()) return {};
    enums_.push_back(key);
    add_scalar(offset, kTagSize, false);
    // The union is behind the tag: at 4, or at 8 if that is its alignment.
    SMF_ASSIGN(const mir::Layout layout, layouts_.of(id));
    const auto payload = static_cast<std::uint32_t>(layout.alignment);
    const mir::Type type = program_.unit().types[id];
    const std::uint32_t variants = type.kind == mir::TypeKind::kResult
                                       ? 2
                                       : program_.unit().definitions[type.number].parts.count;
    for (std::uint32_t variant = 0; variant != variants; ++variant)
      SMF_TRY(add_fields(id, variant, offset + payload));
    return {};
  }

  void add_scalar(std::uint32_t offset, std::uint32_t size, bool is_float) {
    auto& has = is_float ? scalars_.has_float : scalars_.has_integer;
    has[offset / kEightbyte] = true;
    if (!is_float || (scalars_.floats != 0 && scalars_.float_size != size))
      scalars_.is_homogeneous = false;
    if (is_float) {
      ++scalars_.floats;
      scalars_.float_size = size;
    }
  }

  mir::Program& program_;
  mir::Layouts& layouts_;
  Scalars scalars_{};
  std::vector<std::pair<mir::TypeId, std::uint32_t>> enums_{};
};

// The registers of a bank that are left, in their order.
struct Registers {
  std::span<const std::uint8_t> numbers{};
  std::uint32_t used = 0;

  std::uint32_t left() const { return static_cast<std::uint32_t>(numbers.size()) - used; }
  std::uint8_t take() { return numbers[used++]; }
};

class Assignment {
 public:
  Assignment(Machine machine, mir::Program& program, mir::Layouts& layouts, std::size_t parameters)
      : machine_(machine), program_(program), layouts_(layouts) {
    convention_.parameters.reserve(parameters);
  }

  // The result comes first: the address of its memory may take a register.
  Result<void> assign_result(mir::TypeId type);
  Result<void> assign_parameter(mir::TypeId type);
  Result<Convention> finish(bool is_variadic);

 private:
  // Its pieces without registers; none of what is in memory.
  Result<PassedValue> split(mir::TypeId type);
  bool is_composite(mir::TypeId type) const;
  bool take_registers(Pieces& pieces);
  void put_on_stack(PassedValue& value, std::uint64_t size);

  bool is_x86() const { return machine_ == Machine::kX86_64; }

  Machine machine_;
  mir::Program& program_;
  mir::Layouts& layouts_;
  Convention convention_{};
  Registers general_{};
  Registers vectors_{};
  std::uint64_t stack_ = 0;
};

bool Assignment::is_composite(mir::TypeId type) const {
  const mir::TypeKind kind = program_.unit().types[type].kind;
  return kind >= mir::TypeKind::kArray;
}

Result<PassedValue> Assignment::split(mir::TypeId type) {
  SMF_ASSIGN(const mir::Layout layout, layouts_.of(type));
  PassedValue value{.type = type, .layout = layout};
  if (layout.size == 0) return value;
  value.kind = PassedValue::Kind::kPieces;
  const auto size = static_cast<std::uint32_t>(layout.size);
  if (!is_composite(type)) {
    const Bank bank = mir::is_float(type) ? Bank::kVector : Bank::kGeneral;
    value.pieces.push_back({.bank = bank, .size = size});
    return value;
  }
  const bool is_small = layout.size <= kInRegistersAtMost;
  Scalars scalars;
  if (is_small || (!is_x86() && layout.size <= kMostFloats * kEightbyte)) {
    SMF_ASSIGN(scalars, ScalarsOf(program_, layouts_).find(type));
    const bool is_full = size == scalars.floats * scalars.float_size;
    if (!is_x86() && scalars.is_homogeneous && is_full && scalars.floats <= kMostFloats) {
      for (std::uint32_t at = 0; at != size; at += scalars.float_size)
        value.pieces.push_back({.bank = Bank::kVector, .offset = at, .size = scalars.float_size});
      return value;
    }
  }
  if (!is_small) {
    value.kind = is_x86() ? PassedValue::Kind::kStack : PassedValue::Kind::kReference;
    return value;
  }
  for (std::uint32_t at = 0; at < size; at += kEightbyte) {
    // One that holds an integer and a float is an integer's, on both.
    const std::uint32_t eightbyte = at / kEightbyte;
    const bool is_vector =
        is_x86() && scalars.has_float[eightbyte] && !scalars.has_integer[eightbyte];
    value.pieces.push_back({.bank = is_vector ? Bank::kVector : Bank::kGeneral,
                            .offset = at,
                            .size = std::min(size - at, kEightbyte)});
  }
  return value;
}

// All of them or none. On AArch64 a bank that has been too small once is used up.
bool Assignment::take_registers(Pieces& pieces) {
  const auto vectors = static_cast<std::uint32_t>(
      std::ranges::count(pieces, Bank::kVector, [](const Piece& piece) { return piece.bank; }));
  const auto generals = static_cast<std::uint32_t>(pieces.size()) - vectors;
  if (generals > general_.left() || vectors > vectors_.left()) {
    if (!is_x86()) {
      Registers& bank = vectors != 0 ? vectors_ : general_;
      bank.used += bank.left();
    }
    return false;
  }
  for (Piece& piece : pieces)
    piece.physical = piece.bank == Bank::kVector ? vectors_.take() : general_.take();
  return true;
}

void Assignment::put_on_stack(PassedValue& value, std::uint64_t size) {
  // finish() refuses what is more than it can hold.
  value.stack_offset = static_cast<std::uint32_t>(stack_);
  stack_ += align_up(size, std::uint64_t{kEightbyte});
}

Result<void> Assignment::assign_result(mir::TypeId type) {
  SMF_ASSIGN(PassedValue value, split(type));
  if (value.kind == PassedValue::Kind::kPieces) {
    general_.numbers = is_x86() ? std::span<const std::uint8_t>(kSystemVResults) : kFirstEight;
    vectors_.numbers = kFirstEight;
    SMF_CHECK(take_registers(value.pieces));
  } else if (value.kind != PassedValue::Kind::kNothing) {
    value.kind = PassedValue::Kind::kReference;
  }
  general_ = {.numbers = is_x86() ? std::span<const std::uint8_t>(kSystemVGeneral) : kFirstEight};
  vectors_ = {.numbers = kFirstEight};
  if (value.kind == PassedValue::Kind::kReference) {
    convention_.result_address = is_x86() ? general_.take() : kResultAddress;
    convention_.returned_address = kReturnedAddress;
    convention_.returns_address = is_x86();
  }
  convention_.result = value;
  return {};
}

Result<void> Assignment::assign_parameter(mir::TypeId type) {
  SMF_ASSIGN(PassedValue value, split(type));
  const bool is_reference = value.kind == PassedValue::Kind::kReference;
  if (is_reference) value.pieces.push_back({.bank = Bank::kGeneral, .size = kEightbyte});
  if (!value.pieces.empty() && !take_registers(value.pieces)) {
    value.pieces.clear();
    if (!is_reference) value.kind = PassedValue::Kind::kStack;
    put_on_stack(value, is_reference ? kEightbyte : value.layout.size);
  } else if (value.kind == PassedValue::Kind::kStack) {
    put_on_stack(value, value.layout.size);
  }
  convention_.parameters.push_back(value);
  return {};
}

Result<Convention> Assignment::finish(bool is_variadic) {
  if (stack_ > mir::Layouts::kMaxSize - kStackAlignment) {
    return fail(ErrorCode::kLimit, fmt::format("arguments take more than {} bytes of the stack",
                                               mir::Layouts::kMaxSize - kStackAlignment));
  }
  convention_.stack_bytes =
      static_cast<std::uint32_t>(align_up(stack_, std::uint64_t{kStackAlignment}));
  convention_.vector_arguments = static_cast<std::uint8_t>(vectors_.used);
  convention_.is_variadic = is_variadic;
  return std::move(convention_);
}

Result<Convention> assign(Machine machine, mir::Program& program, mir::Layouts& layouts,
                          mir::TypeId signature, std::span<const mir::TypeId> further) {
  const mir::Type type = program.unit().types[signature];
  SMF_CHECK(type.kind == mir::TypeKind::kFuncPtr);
  Assignment assignment(machine, program, layouts, type.parts.count - 1 + further.size());
  const mir::TypeId result = program.unit().parts(type)[0];
  SMF_TRY(assignment.assign_result(result == mir::kNone ? mir::primitive(mir::TypeKind::kUnit)
                                                        : result));
  // By index: the array may grow and move.
  for (std::uint32_t i = 1; i != type.parts.count; ++i)
    SMF_TRY(assignment.assign_parameter(program.unit().parts(type)[i]));
  for (const mir::TypeId argument : further) SMF_TRY(assignment.assign_parameter(argument));
  return assignment.finish(type.flag);
}

}  // namespace

Result<Convention> convention_of(Machine machine, mir::Program& program, mir::Layouts& layouts,
                                 mir::TypeId signature, std::span<const mir::TypeId> further) try {
  return assign(machine, program, layouts, signature, further);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a calling convention");
}

}  // namespace smf::codegen
