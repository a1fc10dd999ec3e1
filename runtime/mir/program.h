// Templates that have become functions: types in place of parameters, and everything checked that
// can be checked without running it.
//
// A Program is fed Units, from as many modules as there are, and makes functions of their
// templates. They all live in one Unit, the program's own, in which
//   * types are concrete, and equal types have one TypeId, wherever they came from;
//   * structs and enums are known by name: Units of different compilations number them differently.
//     Two that have a name in common must be the same;
//   * locals and blocks are numbered from 0 in their order, so a LocalId is an index;
//   * callees are functions of the program (Callee), named by their mangled name or by the name of
//     what the embedder provides.
// A function is made once for its arguments. What it calls is not made with it: dependencies()
// lists that, so that whoever compiles one thing compiles one thing, and recursion is no special
// case.
//
// A template can be added in its general form as well, check(): then its parameters stay types of
// their own, about which nothing is known.
//
// Not thread-safe. Memory: some 200 bytes an instruction of each function made.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/id_table.h"
#include "runtime/mir/type_expression.h"
#include "runtime/mir/unit.h"
#include "runtime/mir/unit_builder.h"

namespace smf::mir {

// An index into Program::unit().functions.
using FunctionId = std::uint32_t;

// A function by its name and its arguments: `max` of {i64}.
struct Callee {
  std::string name{};
  std::vector<TypeId> arguments{};

  friend bool operator==(const Callee&, const Callee&) = default;
  friend auto operator<=>(const Callee&, const Callee&) = default;
};

class Program {
 public:
  static constexpr std::uint32_t kMaxTypeDepth = 200;
  static constexpr std::uint32_t kMaxTypeSize = 5'000;

  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Its functions can be made from now on; the definitions are there at once. kInvalidInput: a
  // definition that differs from one of the same name, or names what is not there; a function of a
  // name that is there already. kOutOfMemory. After an error nothing was added but definitions.
  Result<void> add(Unit unit);

  // The type of an expression as callers and notes spell it: `i64`, `text`, `List<List<i64>>`.
  // kInvalidInput.
  Result<TypeId> type(std::string_view expression);
  // The same the other way.
  std::string name_of(TypeId type) const { return spell_type(unit(), type); }
  // `max$i64`.
  std::string mangled_name(const Callee& callee) const;

  bool has(std::string_view name) const { return by_name_.contains(name); }
  // The names of its parameters' constraints are kept. kNotFound: no function of that name.
  // kInvalidArgument: another number of arguments, or one that its constraint refuses; the message
  // names it. kInvalidInput: the body makes no sense, with function, block and instruction.
  // kUnsupported: it has instructions of other back ends. kLimit: types nested too deep.
  Result<FunctionId> make(const Callee& callee);
  // What make() has made of it already.
  std::optional<FunctionId> find(const Callee& callee) const {
    const FunctionId found = find(callee, hash_of(callee));
    return found == IdTable::kNotThere ? std::nullopt : std::optional(found);
  }
  // The function in its general form. Errors as for make().
  Result<FunctionId> check(std::string_view name);

  // Whether it is one in its general form.
  bool is_general(FunctionId function) const { return made_[function].is_general; }
  // What a function calls, each once, in the order of the first call.
  const std::vector<Callee>& dependencies(FunctionId function) const {
    return made_[function].dependencies;
  }
  // Of what a constant operand names: an index into dependencies().
  std::uint32_t callee(FunctionId function, ConstantId constant) const;

  const Unit& unit() const { return builder_.unit; }
  // For who needs further types, such as a pointer to one.
  UnitBuilder& builder() { return builder_; }

  // Whether a parameter is in it, anywhere.
  bool holds_parameter(TypeId type) const;
  // The types of the fields of a struct, or of a variant of an enum or Result, or the parts of a
  // tuple, of a slice or of text. kInvalidInput for what has none, and where there is no such
  // variant.
  Result<std::vector<TypeId>> fields(TypeId type, std::uint32_t variant = 0);

 private:
  struct Source {
    Unit unit{};
    std::map<Symbol, Symbol> symbols{};  // of its definitions, in the program
    // What is the same in all that is made of it: the program's of each string, type and constant,
    // or kNone where it was not asked for yet, or depends on a parameter.
    std::vector<StringId> strings{};
    std::vector<TypeId> types{};
    std::vector<ConstantId> constants{};
    std::vector<bool> depends{};  // of each type: whether a parameter is in it
  };
  struct Made {
    Callee callee{};
    bool is_general = false;
    std::vector<Callee> dependencies{};
    std::map<ConstantId, std::uint32_t> callees{};  // indices into these
  };
  // Of an Importer, whose memory is kept from one function to the next.
  struct Buffers {
    std::vector<std::pair<StringId, TypeId>> scope{};
    std::vector<TypeId> types{};
    std::vector<TypeId> parts{};
    std::vector<TypeId> local_types{};
  };
  friend class Importer;

  IdTable::Hash hash_of(const Callee& callee) const {
    return IdTable::Hash(made_ids_).add(callee.name).add(callee.arguments);
  }
  FunctionId find(const Callee& callee, const IdTable::Hash& hash) const {
    return made_ids_.find(hash, [&](FunctionId id) { return made_[id].callee == callee; });
  }

  static void prepare(Source& source);
  Result<void> add_definitions(Source& source);
  Result<void> add_parts(Source& source, const Definition& from, bool is_new);
  NamedType find_definition(std::string_view name) const;
  // kLimit where a type is nested deeper than kMaxTypeDepth, or written out has more than
  // kMaxTypeSize types in it: parts are shared, so a short source can spell a very long type.
  Result<void> check_extent(TypeId type);
  TypeId substitute(TypeId type, std::span<const std::pair<StringId, TypeId>> scope);
  Result<FunctionId> import(Source& source, const Function& function, const Callee& callee);

  UnitBuilder builder_{};
  struct Extent {
    std::uint32_t depth = 0;
    std::uint32_t size = 0;
  };
  std::vector<Extent> extents_{};  // of each type
  std::deque<Source> sources_{};
  struct Place {
    std::size_t source = 0;
    std::size_t function = 0;
  };
  std::map<std::string, Place, std::less<>> by_name_{};
  std::map<std::string, Symbol, std::less<>> definitions_{};
  std::deque<Made> made_{};  // by FunctionId
  IdTable made_ids_{};
  Buffers buffers_{};
};

}  // namespace smf::mir
