// What a template demands of the types in place of its parameters, so that it is verified once and
// not once for each function that is made of it.
//
// About a value whose type is a parameter, verify() lets pass what it cannot tell: popcount of a T.
// Each time it does so, that is noted here. All else that it looks at is the same in every function
// of the template, since those differ from its general form in their types alone, and types that
// are the same in the general form are the same in each of them. So:
//
//   arguments that meet the demands make a function that verify() accepts.
//
// Not the other way round: demands are a little stricter than need be where that keeps them few. A
// function whose arguments do not meet them is verified as any other, and that decides.
//
// Nothing in a Demands is an index into a Program: they hold for all of them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "runtime/mir/unit.h"

namespace smf::mir {

// A bit for each TypeKind.
using TypeKinds = std::uint32_t;
static_assert(kTypeKinds <= 32);
constexpr TypeKinds only(TypeKind kind) { return TypeKinds{1} << static_cast<unsigned>(kind); }
constexpr bool has(TypeKinds kinds, TypeKind kind) { return (kinds & only(kind)) != 0; }

struct Demands {
  // A type that has to have a size: an argument, that of a local, or what a local points at.
  struct Sized {
    enum class Where : std::uint8_t { kArgument, kLocal, kPointee };
    Where where = Where::kArgument;
    std::uint32_t index = 0;
  };
  // An instruction, or kNone for the terminator.
  struct Place {
    std::uint32_t block = kNone;
    std::uint32_t instruction = kNone;
    friend auto operator<=>(const Place&, const Place&) = default;
  };

  std::vector<TypeKinds> kinds{};  // what each argument may be
  std::vector<Sized> sizes{};
  std::vector<Place> places{};  // to be checked anew, with the types that are there then
};

// Verifies the general form of a function of `source`, which was added to `program`. Errors as
// those of Program::check() and verify().
Result<Demands> verify_template(Program& program, Layouts& layouts, const Unit& source,
                                const Function& function);

// What verify() says of a function that was made of that template with these arguments: the same,
// in a twentieth of the time where the demands are met.
Result<void> verify(Program& program, Layouts& layouts, FunctionId function, const Demands& demands,
                    std::span<const TypeId> arguments);

// Whether the demands are met. Of the function itself only `places` are looked at. Throws
// std::bad_alloc.
bool meets(Program& program, Layouts& layouts, FunctionId function, const Demands& demands,
           std::span<const TypeId> arguments);

// ---- For the verifier ----

// Gathers them while a general form is verified.
class DemandNotes {
 public:
  DemandNotes(const Program& program, FunctionId general, std::span<const TypeId> parameters);

  // `place` is where that was met.
  void kinds(TypeId parameter, TypeKinds kinds, Demands::Place place);
  void size(TypeId type, Demands::Place place);
  void place(Demands::Place place) { places_.insert(place); }
  Demands take();

 private:
  // Where a function has a type: each type of its locals, and what those point at.
  std::map<TypeId, Demands::Sized> found_{};
  std::set<TypeId> sized_{};
  std::set<Demands::Place> places_{};
  Demands demands_{};
};

}  // namespace smf::mir
