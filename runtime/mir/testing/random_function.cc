#include "runtime/mir/testing/random_function.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/testing/random_body.h"
#include "runtime/mir/type_expression.h"

namespace smf::mir {
namespace {

// Steps that a function may take with all that it calls.
constexpr std::uint64_t kMostOfFirst = 3'000;
constexpr std::uint64_t kMostOfOthers = 300;

class RandomFunctions {
 public:
  RandomFunctions(std::uint64_t seed, const RandomFunctionOptions& options)
      : choice_(seed), options_(options) {}

  Unit make() && {
    types_.define();
    if (choice_.chance(2)) builder_.unit.name = builder_.string("random");
    scope_.is_trappy = choice_.chance(3);
    scope_.global = kRandomGlobal;
    scope_.never_returns = "stop";
    RandomBody::write_templates(scope_);
    write_operators();
    const TypeId word = primitive(TypeKind::kU64), never = primitive(TypeKind::kNever);
    const TypeId stops = builder_.type(TypeKind::kFuncPtr, {{never, word}});
    RandomBody(scope_, {.name = "stop", .signature = stops}, 2, kMostOfOthers).write_never();
    const auto most = static_cast<std::uint64_t>(options_.max_callees);
    for (std::uint64_t i = choice_.below(most + 1); i != 0; --i) write_callee(i);
    const TypeId signature = first_signature();
    RandomBody(scope_, {.name = "f0", .signature = signature}, options_.statements, kMostOfFirst)
        .write();
    finish();
    return std::move(builder_.unit);
  }

 private:
  // The first is first; the others in any order.
  void finish() {
    std::vector<RandomScope::Written*> others;
    for (RandomScope::Written& one : scope_.written)
      if (one.name != "f0") others.push_back(&one);
    choice_.shuffle(std::span(others));
    const auto finish_one = [&](RandomScope::Written& one) {
      one.draft.finish(types_.symbol(), one.name, one.signature, one.parameters);
    };
    for (RandomScope::Written& one : scope_.written)
      if (one.name == "f0") finish_one(one);
    for (RandomScope::Written* const one : others) finish_one(*one);
  }

  TypeId first_signature() {
    std::vector<TypeId> parts{primitive(TypeKind::kU64)};
    if (choice_.chance(2)) {
      do {
        parts[0] = types_.plain();
      } while (types_.weight(parts[0]) == 0);
    }
    for (std::uint64_t count = choice_.below(5); count != 0; --count)
      parts.push_back(choice_.chance(3) ? types_.plain() : types_.scalar());
    return builder_.type(TypeKind::kFuncPtr, parts);
  }

  TypeId parameter() {
    switch (choice_.below(12)) {
      case 0:
      case 1: {
        const TypeId to = types_.plain();
        return types_.pointer(to);
      }
      case 2: {
        const TypeId each = types_.plain(1);
        return types_.slice(each);
      }
      case 3:
        return types_.text();
      case 4:
      case 5:
      case 6:
        return types_.plain();
      default:
        return types_.scalar();
    }
  }
  TypeId result() {
    switch (choice_.below(12)) {
      case 0:
        return kNone;
      case 1:
        return primitive(TypeKind::kUnit);
      case 2:
        return types_.text();
      case 3:
      case 4:
      case 5:
        return types_.scalar();
      default:
        return types_.plain();
    }
  }

  void write_callee(std::uint64_t number) {
    RandomCallee self{.name = "f" + std::to_string(number)};
    if (!scope_.callees.empty() && choice_.chance(3)) {
      const RandomCallee& like = choice_.of(scope_.callees);
      self.signature = like.signature;
      self.is_recursive = like.is_recursive;
    } else {
      std::vector<TypeId> parts{result()};
      self.is_recursive = choice_.chance(4);
      if (self.is_recursive) parts.push_back(primitive(TypeKind::kU32));
      for (std::uint64_t count = choice_.below(5); count != 0; --count)
        parts.push_back(parameter());
      self.signature = builder_.type(TypeKind::kFuncPtr, parts);
    }
    scope_.callees.push_back(
        RandomBody(scope_, self, options_.statements / 3, kMostOfOthers).write());
  }

  // Of a struct, and of text: functions with the names that Program looks for.
  void write_operators() {
    const auto write = [&](Op op, std::uint8_t detail, std::string_view spelled, TypeId type,
                           TypeId result) {
      const std::string name = std::string(spelled) + "$" + spell_type(builder_.unit, type);
      std::vector<TypeId> parts{result, type};
      if (op != Op::kUnary) parts.push_back(type);
      RandomCallee self{.name = name, .signature = builder_.type(TypeKind::kFuncPtr, parts)};
      self = RandomBody(scope_, self, 2, kMostOfOthers).write();
      scope_.operators.push_back({.op = op, .detail = detail, .callee = self});
    };
    constexpr auto kEq = static_cast<std::uint8_t>(BinaryOp::kEq);
    if (choice_.chance(2))
      write(Op::kBinary, kEq, kBinaryNames[kEq].text, types_.text(), primitive(TypeKind::kBool));
    const TypeId type = types_.first_struct();
    if (choice_.chance(2)) {
      const TypeId result = types_.plain(1);
      const auto op = static_cast<std::uint8_t>(choice_.below(kBinaryOps));
      write(choice_.chance(2) ? Op::kChecked : Op::kBinary, op, kBinaryNames[op].text, type,
            result);
    }
    if (choice_.chance(4)) {
      const auto op = static_cast<std::uint8_t>(choice_.below(kUnaryOps));
      write(Op::kUnary, op, kUnaryNames[op].text, type, type);
    }
  }

  RandomChoice choice_;
  const RandomFunctionOptions& options_;
  UnitBuilder builder_{};
  RandomTypes types_{choice_, builder_};
  RandomScope scope_{.choice = choice_, .builder = builder_, .types = types_};
};

}  // namespace

Unit random_function(std::uint64_t seed, const RandomFunctionOptions& options) {
  return RandomFunctions(seed, options).make();
}

}  // namespace smf::mir
