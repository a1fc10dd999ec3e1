#include "runtime/mir/testing/sample_values.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>

namespace smf::mir {
namespace {

template <typename T>
T value_at(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <typename T>
void put_at(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

bool is_scalar(TypeKind kind) { return kind <= TypeKind::kChar; }

// The bits of an integer of that many bytes.
std::uint64_t random_integer(std::uint64_t size, RandomChoice& choice) {
  const std::uint64_t top = std::uint64_t{1} << (size * 8 - 1);
  switch (choice.below(9)) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return ~std::uint64_t{0};
    case 3:
      return top;
    case 4:
      return top - 1;
    case 5:
      return choice.below(20);
    case 6:
      return std::uint64_t{0} - choice.below(20);
    default:
      return choice.bits();
  }
}

template <typename T, typename Bits>
T random_float(RandomChoice& choice) {
  using Limits = std::numeric_limits<T>;
  constexpr T kEdges[] = {0,
                          -T{0},
                          1,
                          -1,
                          T{0.5},
                          T{-2.5},
                          T{127.5},
                          T{300},
                          Limits::quiet_NaN(),
                          Limits::infinity(),
                          -Limits::infinity(),
                          Limits::denorm_min(),
                          Limits::min(),
                          Limits::max(),
                          Limits::lowest()};
  if (choice.chance(2)) return choice.of(kEdges);
  if (choice.chance(2)) return static_cast<T>(choice.below(2000)) / 16 - 60;
  const T any = std::bit_cast<T>(static_cast<Bits>(choice.bits()));
  return std::isnan(any) ? T{7} : any;  // a NaN that signals is nobody's
}

}  // namespace

std::uint32_t SampleValues::variants(TypeId type) const {
  const Type& of = program_.unit().types[type];
  return of.kind == TypeKind::kResult ? 2 : program_.unit().definitions[of.number].parts.count;
}

std::vector<SampleValues::Part> SampleValues::parts(TypeId type, std::uint32_t variant) {
  std::vector<Part> found;
  const Type of = program_.unit().types[type];
  if (of.kind == TypeKind::kArray) {
    const TypeId element = program_.unit().parts(of)[0];
    const std::size_t size = layouts_.of(element)->size;
    for (std::size_t i = 0; i != of.number; ++i) found.push_back({element, i * size});
    return found;
  }
  const auto fields = layouts_.fields(type, variant);
  for (const FieldLayout& field : *fields) found.push_back({field.type, field.offset});
  return found;
}

std::vector<std::byte> SampleValues::random(TypeId type, RandomChoice& choice) {
  std::vector<std::byte> made(layouts_.of(type)->size);
  for (std::byte& one : made) one = static_cast<std::byte>(choice.below(256));
  fill(type, made.data(), choice);
  return made;
}

void SampleValues::fill(TypeId type, std::byte* to, RandomChoice& choice) {
  const TypeKind kind = program_.unit().types[type].kind;
  switch (kind) {
    case TypeKind::kUnit:
    case TypeKind::kNever:
      return;
    case TypeKind::kBool:
      // What is not 0 is true.
      return put_at(
          to, static_cast<std::uint8_t>(choice.chance(8) ? choice.below(256) : choice.below(2)));
    case TypeKind::kF32:
      return put_at(to, random_float<float, std::uint32_t>(choice));
    case TypeKind::kF64:
      return put_at(to, random_float<double, std::uint64_t>(choice));
    default:
      break;
  }
  if (is_scalar(kind)) {
    const std::size_t size = layouts_.of(type)->size;
    const std::uint64_t bits = random_integer(size, choice);
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(to, &bits, size);
    return;
  }
  std::uint32_t variant = 0;
  if (has_variants(kind)) {
    variant = choice.small(variants(type));
    // There is none of Never.
    if (kind == TypeKind::kResult &&
        program_.unit().parts(type)[variant] == primitive(TypeKind::kNever))
      variant = 1 - variant;
    put_at(to, variant);
  }
  for (const Part& part : parts(type, variant)) fill(part.type, to + part.offset, choice);
}

bool SampleValues::are_equal(TypeId type, const std::byte* left, const std::byte* right) {
  const TypeKind kind = program_.unit().types[type].kind;
  const auto floats = [](auto a, auto b) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
  };
  switch (kind) {
    case TypeKind::kUnit:
    case TypeKind::kNever:
      return true;
    case TypeKind::kBool:
      return (*left != std::byte{0}) == (*right != std::byte{0});
    case TypeKind::kF32:
      return floats(value_at<float>(left), value_at<float>(right));
    case TypeKind::kF64:
      return floats(value_at<double>(left), value_at<double>(right));
    default:
      break;
  }
  if (is_scalar(kind)) return std::memcmp(left, right, layouts_.of(type)->size) == 0;
  std::uint32_t variant = 0;
  if (has_variants(kind)) {
    variant = value_at<std::uint32_t>(left);
    if (variant != value_at<std::uint32_t>(right)) return false;
    if (variant >= variants(type)) return true;
  }
  for (const Part& part : parts(type, variant))
    if (!are_equal(part.type, left + part.offset, right + part.offset)) return false;
  return true;
}

std::string SampleValues::show(TypeId type, const std::byte* value) {
  const TypeKind kind = program_.unit().types[type].kind;
  switch (kind) {
    case TypeKind::kUnit:
    case TypeKind::kNever:
      return "()";
    case TypeKind::kBool:
      return fmt::format("bool {:#x}", value_at<std::uint8_t>(value));
    case TypeKind::kF32:
      return fmt::format("{} ({:#x})", value_at<float>(value), value_at<std::uint32_t>(value));
    case TypeKind::kF64:
      return fmt::format("{} ({:#x})", value_at<double>(value), value_at<std::uint64_t>(value));
    default:
      break;
  }
  if (is_scalar(kind)) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, value, layouts_.of(type)->size);
    return fmt::format("{:#x}", bits);
  }
  std::uint32_t variant = 0;
  std::string shown;
  if (has_variants(kind)) {
    variant = value_at<std::uint32_t>(value);
    shown = fmt::format("variant {} ", variant);
    if (variant >= variants(type)) return shown;
  }
  shown += '(';
  for (const Part& part : parts(type, variant)) {
    if (shown.back() != '(') shown += ", ";
    shown += show(part.type, value + part.offset);
  }
  return shown + ')';
}

}  // namespace smf::mir
