// The types of a random function: definitions of structs and enums, and what is made of them.
//
// Types are small, some six scalars at most, so that a function can look at all of a value. Three
// sorts matter to what may be done with one:
//   * plain: without addresses, so zero is a value of it, and it may outlive the function;
//   * solid: plain, and made of integers without gaps, so each byte of it is known: what memcmp,
//     bit casts and views of bytes are for (a gap's bytes, a NaN's and a Bool's are nobody's);
//   * others, with addresses that are never null and never of a function that has returned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/mir/testing/random_choice.h"
#include "runtime/mir/unit.h"
#include "runtime/mir/unit_builder.h"

namespace smf::mir {

// Of an integer.
constexpr unsigned bits_of(TypeKind kind) {
  return kind == TypeKind::kChar ? 16 : 8u << (static_cast<unsigned>(kind) % 4);
}

class RandomTypes {
 public:
  RandomTypes(RandomChoice& choice, UnitBuilder& builder) : choice_(choice), builder_(builder) {}

  // Once, before anything else.
  void define();

  TypeId integer();  // Char too
  TypeId scalar();   // an integer, a float or Bool
  TypeId plain(int depth = 2);
  // Of that size in bytes, which is 1, 2, 4 or 8.
  TypeId solid(std::uint64_t size);
  // To be written through. A Ptr or a Ref, as it comes.
  TypeId pointer(TypeId to);
  TypeId pointer(TypeKind kind, TypeId to, bool is_mutable);
  TypeId array(TypeId element, std::uint64_t count);
  TypeId slice(TypeId element) { return builder_.type(TypeKind::kSlice, {{element}}); }
  TypeId tuple(const std::vector<TypeId>& parts);
  TypeId text() { return builder_.type(TypeKind::kOpaque, {}, false, 0, builder_.string("text")); }
  TypeId option(TypeId of);  // an enum of nothing, and of one thing
  TypeId node();             // a struct: a U64, and a pointer to the next
  // A struct without parameters.
  TypeId first_struct() const { return first_struct_; }
  Symbol symbol();  // one that nothing has

  // ---- What a type is ----

  TypeKind kind(TypeId type) const { return builder_.unit.types[type].kind; }
  const Type& get(TypeId type) const { return builder_.unit.types[type]; }
  TypeId part(TypeId type, std::size_t index = 0) const { return builder_.unit.parts(type)[index]; }
  // Of a struct, tuple, slice or text, or of a variant.
  std::vector<TypeId> fields(TypeId type, std::uint32_t variant = 0);
  std::uint32_t variants(TypeId type) const;  // of an enum or a Result
  bool is_enum(TypeId type) const { return has_variants(kind(type)); }
  bool is_plain(TypeId type);
  // Scalars in it, or in its largest variant.
  std::uint64_t weight(TypeId type);
  std::optional<std::uint64_t> solid_size(TypeId type) {
    const auto layout = solid_layout(type);
    return layout ? std::optional(layout->size) : std::nullopt;
  }

 private:
  struct Solid {
    std::uint64_t size = 0;
    std::uint64_t alignment = 1;
  };
  std::optional<Solid> solid_layout(TypeId type);
  TypeId compound(int depth);
  TypeId instance(std::size_t definition, int depth);
  TypeId substitute(TypeId type, const Definition& definition, TypeId instance);
  TypeId field_type(std::span<const TypeId> parameters);
  List fields_at_random(std::uint64_t count, bool with_names, std::span<const TypeId> parameters);
  void define_struct(std::string_view name, std::uint64_t parameters);
  void define_enum(std::string_view name, std::uint64_t parameters);
  void define_node();
  List parameters(std::uint64_t count, std::vector<TypeId>& types);

  RandomChoice& choice_;
  UnitBuilder& builder_;
  std::vector<Symbol> symbols_{};
  TypeId first_struct_ = kNone;
  Symbol node_ = 0;
  Symbol option_ = 0;
};

}  // namespace smf::mir
