// The body of a random function, statement by statement.
//
// What makes such a body useful, and keeps it valid:
//   * Variables are known to be defined where they are used: a block that ends takes its own with
//     it (Variables), and loops, branches and jumps are made as a whole.
//   * What is computed is mixed into `hash_`, from which the result is made, so that a wrong bit
//     anywhere becomes a wrong result. Addresses and bytes that nobody has written are not.
//   * Steps are counted while they are written, each as often as the loops around it may go, and
//     a call as often as its function's own count; what would be too many is not written.
//   * What may trap mostly has operands that do not: a function that always traps says little.
//   * A NaN has bits that nobody promises, and the lesser of two zeros has a sign that nobody
//     promises: both are replaced before they could be seen.
// Rejected: an expression tree that is flattened. It makes deep functions of few variables, and
// what machine code goes wrong at is many variables that live across blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/mir/testing/function_draft.h"
#include "runtime/mir/testing/random_choice.h"
#include "runtime/mir/testing/random_types.h"
#include "runtime/mir/unit_builder.h"
#include "runtime/mir/verify.h"

namespace smf::mir {

// A function that can be called.
struct RandomCallee {
  std::string name{};
  TypeId signature = 0;
  bool is_recursive = false;  // argument 0, a U32, is how deep, and small
  std::uint64_t cost = 0;     // at most so many steps
};

// What the bodies of a unit share.
struct RandomScope {
  RandomChoice& choice;
  UnitBuilder& builder;
  RandomTypes& types;
  bool is_trappy = false;
  Symbol global = 0;
  std::vector<RandomCallee> callees{};
  std::string never_returns{};
  struct Operator {
    Op op = Op::kBinary;
    std::uint8_t detail = 0;
    RandomCallee callee{};
  };
  std::vector<Operator> operators{};  // of types that have none
  // fn(u64, T) -> u64, of all of a T.
  std::map<TypeId, RandomCallee> mixers{};
  struct Written {
    FunctionDraft draft;
    std::string name;
    TypeId signature;
    List parameters;
  };
  std::deque<Written> written{};
};

class RandomBody {
 public:
  // Of at most so many steps, with those of what it calls.
  RandomBody(RandomScope& scope, RandomCallee self, int statements, std::uint64_t max_steps);
  // The function, as one that can be called.
  RandomCallee write();
  RandomCallee write_never();
  static RandomCallee write_mixer(RandomScope& scope, TypeId type);
  // Templates, and calls of them with types.
  static void write_templates(RandomScope& scope);

 private:
  struct Variable {
    LocalId local = 0;
    TypeId type = 0;
    bool may_change = true;
  };
  // What blocks that are left take with them.
  class Variables {
   public:
    explicit Variables(RandomBody& body) : body_(body), count_(body.variables_.size()) {}
    ~Variables() { body_.variables_.resize(count_); }
    Variables(const Variables&) = delete;
    Variables& operator=(const Variables&) = delete;

   private:
    RandomBody& body_;
    std::size_t count_;
  };
  struct Loop {
    BlockId next = 0;
    BlockId after = 0;
  };

  bool chance(std::uint64_t one_in) { return choice_.chance(one_in); }
  std::uint64_t below(std::uint64_t bound) { return choice_.below(bound); }
  bool may_trap() { return chance(scope_.is_trappy ? 2 : 60); }
  TypeKind kind(TypeId type) const { return types_.kind(type); }
  static constexpr TypeId of(TypeKind kind) { return primitive(kind); }

  // ---- Emitting (random_body.cc) ----

  void arguments();
  LocalId temporary(TypeId type) { return draft_.local(type); }
  // A new variable, or one that gets another value. To be chosen after the operands.
  LocalId destination(TypeId type);
  void emit(Instruction instruction, std::initializer_list<Operand> operands);
  void emit(Instruction instruction, std::span<const Operand> operands);
  LocalId emit_binary(BinaryOp op, TypeId result, Operand left, Operand right);
  LocalId emit_intrinsic(Intrinsic which, TypeId result, std::span<const Operand> operands);
  LocalId emit_cast(Operand value, TypeId to);
  void assign(LocalId to, Operand value);
  void go_to(BlockId block);
  void branch(Operand condition, BlockId then, BlockId otherwise);
  void end(Terminator terminator, std::span<const Operand> operands = {},
           std::span<const BlockId> targets = {}, std::span<const Case> cases = {});
  // For each number below `count`; `body` gets it, a U64.
  template <typename Body>
  void for_each(std::uint64_t count, const Body& body);

  // ---- Values (random_values.cc) ----

  Operand read(LocalId local);
  std::optional<Variable> find(TypeId type, bool has_to_change = false);
  Operand value(TypeId type);  // of a variable, mostly
  Operand fresh(TypeId type);
  Operand constant(TypeId type);  // a scalar, at an edge often
  Operand integer(TypeId type, std::uint64_t bits);
  Operand number(std::uint64_t value) { return integer(of(TypeKind::kU64), value); }
  Operand zero(TypeId type);
  Operand from_hash(TypeId type);
  Operand aggregate(TypeId type, bool is_of_hash);
  Operand condition(std::uint64_t one_in);
  // A float that is one, and no negative zero.
  Operand without_nan(Operand value);
  Operand without_sign_of_zero(Operand value);
  void mix(Operand value);
  void mix_word(Operand word);
  void saw(LocalId result);  // mixes it, sometimes

  // ---- Statements ----

  void statements(int count);
  void statement();

  // random_arithmetic.cc
  void binary();
  void compare();
  void unary();
  void cast();
  void bit_cast();
  void intrinsic();
  void guard(BinaryOp op, TypeId type, bool is_checked, Operand& left, Operand& right);
  Operand masked(TypeId type, Operand value, std::uint64_t mask);
  void size_of();

  // random_memory.cc
  LocalId slot(TypeId type);
  LocalId any_pointer();
  LocalId place(LocalId pointer);  // a part of what it points at
  Operand index(std::uint64_t bound);
  LocalId element(LocalId base, std::span<const Operand> indices, TypeId type);
  LocalId first_element(LocalId array);  // a pointer to it, of one to the array
  void store(LocalId pointer, Operand value);
  LocalId load(LocalId pointer);
  void new_slot();
  void access();
  void walk();
  void pointers();
  void memory();
  void compare_memory();
  void bytes();
  void nodes();
  void global();

  // random_parts.cc
  void assign_variable();
  void make_aggregate();
  void field();
  void set_field();
  void enumeration();
  void slice();
  void text();
  Operand new_slice(TypeId type);
  void mix_parts(Operand whole);
  void mix_sequence(Operand whole);
  void nothing();

  // random_calls.cc
  bool is_affordable(std::uint64_t cost) const;
  std::vector<Operand> call_operands(Operand callee, TypeId signature, bool is_recursive);
  LocalId call_destination(TypeId signature);
  void call();
  void call_indirect();
  void call_template();
  void call_operator();
  void recurse();
  Operand name_of(std::string_view name, TypeId signature);

  // random_flow.cc
  void if_else();
  void switch_over();
  void loop();
  void region();
  void leave();
  void trap();
  void return_early();
  void finish();
  void nested(int count);

  RandomScope& scope_;
  RandomChoice& choice_;
  RandomTypes& types_;
  UnitBuilder& builder_;
  RandomCallee self_;
  FunctionDraft& draft_;
  int left_ = 0;  // statements
  std::uint64_t max_steps_ = 0;
  int depth_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t times_ = 1;  // what is written here may be done
  bool has_recursed_ = false;
  LocalId hash_ = 0;
  LocalId how_deep_ = kNone;
  std::vector<Variable> variables_{};
  std::vector<Loop> loops_{};
};

template <typename Body>
void RandomBody::for_each(std::uint64_t count, const Body& body) {
  const BlockId test = draft_.block(), inside = draft_.block(), after = draft_.block();
  const LocalId i = temporary(of(TypeKind::kU64));
  assign(i, number(0));
  go_to(test);
  draft_.enter(test);
  const std::uint64_t before = std::exchange(times_, times_ * (count + 1));
  branch(Operand::copy(
             emit_binary(BinaryOp::kLt, of(TypeKind::kBool), Operand::copy(i), number(count))),
         inside, after);
  draft_.enter(inside);
  body(i);
  emit({.op = Op::kBinary, .detail = static_cast<std::uint8_t>(BinaryOp::kAdd), .dest = i},
       {Operand::copy(i), number(1)});
  go_to(test);
  times_ = before;
  draft_.enter(after);
}

}  // namespace smf::mir
