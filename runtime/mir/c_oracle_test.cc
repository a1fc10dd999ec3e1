// The interpreter against C: random functions are run by it and, as C that is made of them, by what
// gcc makes of that. Results, traps and what is left in the global have to be the same.
//
// SMF_LONG=1 in the environment tries 20 000 functions. SMF_SEED=n tries that of one seed, and
// prints it.
#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/emit_c.h"
#include "runtime/mir/interpreter.h"
#include "runtime/mir/random_function.h"
#include "runtime/mir/sample_values.h"
#include "runtime/mir/text.h"
#include "runtime/mir/verify.h"
#include "runtime/os/filter_program.h"

namespace smf::mir {
namespace {

const std::uint64_t kFunctions = std::getenv("SMF_LONG") != nullptr ? 20'000 : 300;
constexpr std::uint64_t kBatch = 200;  // functions of one C file
constexpr int kRuns = 5;               // of a function
constexpr std::uint64_t kGlobal = 0x0123'4567'89AB'CDEF;

// ---- What C does ----

struct CTrap {
  int kind = 0;
  int function = 0;
  int block = 0;
};
std::jmp_buf leave_c;
CTrap c_trap;

[[noreturn]] void on_trap(int kind, int function, int block) {
  c_trap = {kind, function, block};
  std::longjmp(leave_c, 1);
}

using Entry = void (*)(const void* const* arguments, void* result);

// Nothing here is to be destroyed.
bool returns(Entry function, const void* const* arguments, void* result) {
  if (setjmp(leave_c) != 0) return false;
  function(arguments, result);
  return true;
}

void native(const void* const* arguments, void* result) {
  std::uint64_t word = 0;
  std::int16_t count = 0;
  std::memcpy(&word, arguments[0], sizeof word);
  std::memcpy(&count, arguments[1], sizeof count);
  word = word * 31 + static_cast<std::uint64_t>(count);
  std::memcpy(result, &word, sizeof word);
}

// A library that gcc makes of a text.
class CLibrary {
 public:
  explicit CLibrary(std::string_view code) {
    const char* const folder = std::getenv("TEST_TMPDIR");
    static int number = 0;
    path_ = fmt::format("{}/c_oracle_{}_{}.so", folder != nullptr ? folder : "/tmp", ::getpid(),
                        number++);
    const auto made =
        os::run_filter({"gcc", "-x", "c", "-std=gnu11", "-O1", "-fwrapv", "-fno-strict-aliasing",
                        "-ffp-contract=off", "-w", "-fPIC", "-shared", "-o", path_, "-", "-lm"},
                       code);
    if (!made) {
      is_missing_ = made.error().system_errno == ENOENT;
      error_ = made.error().describe();
    } else if (made->exit_status != 0) {
      error_ = made->errors;
    } else {
      handle_ = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle_ == nullptr) error_ = ::dlerror();
    }
    ::unlink(path_.c_str());
  }
  ~CLibrary() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }
  CLibrary(const CLibrary&) = delete;
  CLibrary& operator=(const CLibrary&) = delete;

  bool is_missing() const { return is_missing_; }  // there is no gcc
  const std::string& error() const { return error_; }
  template <typename T>
  T* find(const std::string& name) const {
    void* const found = ::dlsym(handle_, name.c_str());
    EXPECT_NE(found, nullptr) << name;
    return reinterpret_cast<T*>(found);
  }

 private:
  std::string path_;
  std::string error_;
  bool is_missing_ = false;
  void* handle_ = nullptr;
};

// ---- What there was ----

struct Seen {
  std::set<Op> ops;
  std::set<std::pair<BinaryOp, TypeId>> unchecked, checked;
  std::set<std::pair<UnaryOp, TypeId>> unary;
  std::set<std::pair<TypeId, TypeId>> casts;
  std::set<std::size_t> intrinsics;
  std::set<TypeKind> types;
  std::set<End> ends;
  std::uint64_t returned = 0;
  std::map<Trap::Kind, std::uint64_t> traps;
  std::uint64_t steps = 0;

  void look_at(const Unit& unit, TypeId type) {
    if (type == kNone || (type >= kPrimitives && !looked_at.insert(type).second)) return;
    types.insert(unit.types[type].kind);
    for (const TypeId part : unit.parts(type)) look_at(unit, part);
  }
  void look_at(const Unit& unit) {
    looked_at.clear();
    for (const Function& function : unit.functions) {
      std::map<LocalId, TypeId> locals;
      for (const Local& local : Unit::of(unit.locals, function.locals)) {
        locals[local.id] = local.type;
        look_at(unit, local.type);
      }
      const auto type_of = [&](Operand operand) {
        return operand.is_local() ? locals.at(operand.index) : unit.constants[operand.index].type;
      };
      for (const Block& block : Unit::of(unit.blocks, function.blocks)) {
        ends.insert(block.terminator.end);
        for (const Instruction& one : Unit::of(unit.instructions, block.instructions)) {
          ops.insert(one.op);
          const auto operands = unit.of(one);
          const TypeId type = operands.empty() ? kNone : type_of(operands[0]);
          if (one.op == Op::kBinary) unchecked.emplace(static_cast<BinaryOp>(one.detail), type);
          if (one.op == Op::kChecked) checked.emplace(static_cast<BinaryOp>(one.detail), type);
          if (one.op == Op::kUnary) unary.emplace(static_cast<UnaryOp>(one.detail), type);
          if (one.op == Op::kCast) casts.emplace(type, one.type);
          if (one.op == Op::kIntrinsic) intrinsics.insert(find_intrinsic(unit.string(one.number)));
        }
      }
    }
  }

 private:
  std::set<TypeId> looked_at;
};

// ---- The comparison ----

class Trial {
 public:
  explicit Trial(std::uint64_t seed) : seed_(seed), prefix_(fmt::format("s{}_", seed)) {}

  std::string c_code() {
    auto added = program_.add(random_function(seed_));
    if (!added) return refuse(added.error());
    const auto made = program_.make({.name = "f0"});
    if (!made) return refuse(made.error());
    function_ = *made;
    auto emitted = emit_c(program_, layouts_, prefix_, std::span(&function_, 1));
    if (!emitted) return refuse(emitted.error());
    emitted_ = *std::move(emitted);
    return std::move(emitted_.code);
  }
  void run(const CLibrary& library, Seen& seen) {
    auto* const entry = library.find<void(const void* const*, void*)>(
        fmt::format("{}f{}_call", prefix_, function_));
    ASSERT_NE(entry, nullptr);
    for (std::size_t i = 0; i != emitted_.natives.size(); ++i) {
      ASSERT_EQ(emitted_.natives[i], kRandomNative);
      *library.find<Entry>(fmt::format("{}native{}", prefix_, i)) = &native;
    }
    std::uint64_t c_global = 0, global = 0;
    for (const Symbol symbol : emitted_.globals) {
      ASSERT_EQ(symbol, kRandomGlobal);
      *library.find<void*>(fmt::format("{}global{}", prefix_, symbol)) = &c_global;
    }
    Interpreter interpreter(program_, layouts_, {.is_checked = true, .max_steps = 100'000});
    interpreter.lend(&global, sizeof global, true);
    interpreter.provide_global(kRandomGlobal, &global);
    interpreter.provide(std::string(kRandomNative),
                        [](std::span<const void* const> arguments, void* result) {
                          native(arguments.data(), result);
                        });
    const auto given = program_.unit().parts(program_.unit().functions[function_].signature);
    const std::vector<TypeId> types(given.begin(), given.end());
    RandomChoice choice(seed_);
    for (int run = 0; run != kRuns; ++run) {
      std::vector<std::vector<std::byte>> arguments;
      std::vector<const void*> pointers{};
      for (std::size_t i = 1; i != types.size(); ++i)
        arguments.push_back(values_.random(types[i], choice));
      for (const auto& argument : arguments) pointers.push_back(argument.data());
      const std::size_t size = layouts_.of(types[0])->size + 1;
      std::vector<std::byte> result(size), c_result(size);
      global = c_global = kGlobal;
      const auto done = interpreter.run(function_, pointers, result.data());
      const bool has_returned = returns(entry, pointers.data(), c_result.data());
      seen.steps += interpreter.steps();
      if (done) {
        ++seen.returned;
      } else {
        ++seen.traps[done.error().kind];
      }
      const std::string said =
          done ? values_.show(types[0], result.data())
               : fmt::format("trap {} in {}, block {}: {}", static_cast<int>(done.error().kind),
                             done.error().function, done.error().block, done.error().message);
      const std::string c_said = has_returned ? values_.show(types[0], c_result.data())
                                              : fmt::format("trap {} in {}, block {}", c_trap.kind,
                                                            name_of(c_trap.function), c_trap.block);
      bool is_same = done.has_value() == has_returned && global == c_global;
      if (is_same && done) is_same = values_.are_equal(types[0], result.data(), c_result.data());
      if (is_same && !done) {
        is_same = static_cast<int>(done.error().kind) == c_trap.kind &&
                  done.error().function == name_of(c_trap.function) &&
                  static_cast<int>(done.error().block) == c_trap.block;
      }
      const bool is_own = done || done.error().kind <= Trap::Kind::kUnreachable;
      EXPECT_TRUE(is_own) << "seed " << seed_ << ": " << said;
      if (is_same && !is_shown_) continue;
      std::string shown = fmt::format("seed {}\n", seed_);
      for (std::size_t i = 1; i != types.size(); ++i)
        shown += fmt::format("argument {}: {}\n", i - 1,
                             values_.show(types[i], arguments[i - 1].data()));
      shown += fmt::format("interpreter: {}\nC:           {}\nglobals: {:#x}, {:#x}\n", said,
                           c_said, global, c_global);
      if (is_same) {
        std::fputs(shown.c_str(), stdout);
        continue;
      }
      ADD_FAILURE() << shown << write_text(random_function(seed_));
      return;
    }
  }
  void show() { is_shown_ = true; }

 private:
  std::string refuse(const Error& error) {
    ADD_FAILURE() << "seed " << seed_ << ": " << error.describe() << "\n"
                  << write_text(random_function(seed_));
    return "";
  }
  std::string name_of(int function) const {
    const auto id = static_cast<FunctionId>(function);
    if (id >= program_.unit().functions.size()) return "nothing";
    return std::string(program_.unit().string(program_.unit().functions[id].name));
  }

  const std::uint64_t seed_;
  const std::string prefix_;
  Program program_{};
  Layouts layouts_{program_};
  SampleValues values_{program_, layouts_};
  FunctionId function_ = 0;
  EmittedC emitted_{};
  bool is_shown_ = false;
};

// Whether there is a gcc that makes libraries for this process.
void compare(std::uint64_t first, std::uint64_t last, Seen& seen, bool is_shown = false) {
  for (std::uint64_t begin = first; begin <= last; begin += kBatch) {
    std::string code(c_prologue());
    std::vector<std::unique_ptr<Trial>> trials;
    for (std::uint64_t seed = begin; seed <= std::min(last, begin + kBatch - 1); ++seed) {
      seen.look_at(random_function(seed));
      trials.push_back(std::make_unique<Trial>(seed));
      code += trials.back()->c_code();
    }
    if (testing::Test::HasFailure()) return;
    if (is_shown) std::fputs(code.c_str(), stdout);
    const CLibrary library(code);
    ASSERT_EQ(library.error(), "") << "seeds from " << begin;
    *library.find<decltype(&on_trap)>("smf_trap") = &on_trap;
    for (const auto& one : trials) {
      if (is_shown) one->show();
      one->run(library, seen);
    }
    if (testing::Test::HasFailure()) return;
  }
}

void print(const Seen& seen) {
  const auto trapped = [&](Trap::Kind kind) {
    const auto found = seen.traps.find(kind);
    return found == seen.traps.end() ? 0 : found->second;
  };
  fmt::print("{} returned; trapped: {} operations, {} abort, {} unreachable; {} steps\n",
             seen.returned, trapped(Trap::Kind::kOperation), trapped(Trap::Kind::kAbort),
             trapped(Trap::Kind::kUnreachable), seen.steps);
}

// Everything but what is of other back ends.
void expect_everything(const Seen& seen) {
  for (std::size_t i = 0; i != kOps; ++i) {
    const auto op = static_cast<Op>(i);
    EXPECT_TRUE(op == Op::kForeign || seen.ops.contains(op)) << kOpNames[i].json;
  }
  for (std::size_t i = 0; i != kEnds; ++i) {
    const auto end = static_cast<End>(i);
    EXPECT_TRUE(end == End::kForeign || seen.ends.contains(end)) << i;
  }
  for (std::size_t i = 0; i != kIntrinsics; ++i)
    EXPECT_TRUE(seen.intrinsics.contains(i)) << kIntrinsicNames[i];
  const std::set<TypeKind> not_here = {TypeKind::kDict, TypeKind::kUnion, TypeKind::kPromise,
                                       TypeKind::kGenerator, TypeKind::kActor};
  for (std::size_t i = 0; i != kTypeKinds; ++i) {
    const auto kind = static_cast<TypeKind>(i);
    EXPECT_EQ(seen.types.contains(kind), !not_here.contains(kind)) << kTypeNames[i].json;
  }
  // Of each type that they have.
  for (TypeId type = 0; type != primitive(TypeKind::kUnit); ++type) {
    const auto kind = static_cast<TypeKind>(type);
    const bool is_bool = kind == TypeKind::kBool;
    const std::string_view name = kTypeNames[type].json;
    for (std::size_t i = 0; i != kBinaryOps; ++i) {
      const auto op = static_cast<BinaryOp>(i);
      const bool is_bitwise = op >= BinaryOp::kBitAnd && op <= BinaryOp::kBitXor;
      if (op == BinaryOp::kOffset) continue;
      if (is_float(kind) && (is_bitwise || is_shift(op))) continue;
      if (is_bool && !is_bitwise && !is_comparison(op)) continue;
      EXPECT_TRUE(seen.unchecked.contains({op, type})) << kBinaryNames[i].json << " of " << name;
      EXPECT_TRUE(seen.checked.contains({op, type}))
          << "checked " << kBinaryNames[i].json << " of " << name;
    }
    EXPECT_EQ(seen.unary.contains({UnaryOp::kNeg, type}), !is_bool) << name;
    EXPECT_EQ(seen.unary.contains({UnaryOp::kNot, type}), is_bool) << name;
    EXPECT_EQ(seen.unary.contains({UnaryOp::kBitNot, type}), is_integer(kind)) << name;
    for (TypeId to = 0; to != primitive(TypeKind::kUnit); ++to)
      EXPECT_TRUE(seen.casts.contains({type, to})) << name << " to " << kTypeNames[to].json;
  }
}

TEST(COracle, TheInterpreterAndCAgree) {
  if (std::getenv("SMF_EMULATE_CPU") != nullptr)
    GTEST_SKIP() << "gcc is not for the processor that is emulated";
  const CLibrary probe(c_prologue());
  if (probe.is_missing()) GTEST_SKIP() << "there is no gcc in PATH";
  ASSERT_EQ(probe.error(), "");
  Seen seen;
  if (const char* const seed = std::getenv("SMF_SEED")) {
    const std::uint64_t one = std::strtoull(seed, nullptr, 0);
    std::fputs(write_text(random_function(one)).c_str(), stdout);
    compare(one, one, seen, true);
    return print(seen);
  }
  compare(1, kFunctions, seen);
  print(seen);
  if (!HasFailure()) expect_everything(seen);
}

}  // namespace
}  // namespace smf::mir
