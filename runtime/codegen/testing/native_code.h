// For tests: LIR that runs. Every function is allocated with many registers or few, checked
// (allocation_checker.h), encoded for this processor and put into code memory.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/codegen/allocation.h"
#include "runtime/codegen/target.h"
#include "runtime/codegen/testing/allocation_checker.h"
#include "runtime/exec/code_memory.h"
#include "runtime/exec/tiny_code.h"
#include "runtime/exec/unwinding.h"

namespace smf::codegen {

// Which registers the allocator may use.
enum class Pressure {
  kNone,           // all
  kFew,            // two and one
  kOnlySlots,      // none
  kPreservedOnly,  // of general registers those that callees preserve, and one vector register
};
inline constexpr Pressure kPressures[] = {Pressure::kNone, Pressure::kFew, Pressure::kOnlySlots,
                                          Pressure::kPreservedOnly};

// A target with fewer registers.
class PressedTarget final : public Target {
 public:
  PressedTarget(std::unique_ptr<Target> target, Pressure pressure) : target_(std::move(target)) {
    for (const Bank bank : {Bank::kGeneral, Bank::kVector})
      for (const std::uint8_t physical : target_->allocatable(bank))
        if (is_left(bank, physical, pressure))
          registers_[static_cast<std::size_t>(bank)].push_back(physical);
  }

  std::span<const std::uint8_t> allocatable(Bank bank) const override {
    return registers_[static_cast<std::size_t>(bank)];
  }
  RegisterMask preserved(Bank bank) const override { return target_->preserved(bank); }
  RegisterMask clobbered(const Instruction& i) const override { return target_->clobbered(i); }
  bool writes_early(const Instruction& i) const override { return target_->writes_early(i); }
  Result<void> encode(std::span<const Function* const> functions,
                      std::span<const Allocation* const> allocations, Code& code) override {
    return target_->encode(functions, allocations, code);
  }

 private:
  bool is_left(Bank bank, std::uint8_t physical, Pressure pressure) const {
    const std::size_t count = registers_[static_cast<std::size_t>(bank)].size();
    switch (pressure) {
      case Pressure::kNone:
        return true;
      case Pressure::kFew:
        return count < (bank == Bank::kGeneral ? 2 : 1);
      case Pressure::kOnlySlots:
        return false;
      case Pressure::kPreservedOnly:
        break;
    }
    if (bank == Bank::kVector) return count < 1;
    return (target_->preserved(bank) >> physical & 1) != 0;
  }

  std::unique_ptr<Target> target_;
  std::vector<std::uint8_t> registers_[2];
};

struct NativeOptions {
  EncodingOptions encoding{.features = native_features(), .checks_frames = true};
  Pressure pressure = Pressure::kNone;
  std::map<std::string, const void*> symbols{};  // by name, whatever their kind
};

// What a trap throws, in tests.
struct Trapped {
  TrapRecord record{};
  std::string function{};
  std::string message{};
  void* context = nullptr;
};

[[noreturn]] inline void throw_trapped(void* context, const TrapRecord* record) {
  throw Trapped{*record, std::string(record->function()), std::string(record->message()), context};
}

// Functions compiled together, in code memory of their own.
class NativeCode {
 public:
  explicit NativeCode(std::span<const Function* const> functions,
                      const NativeOptions& options = {}) {
    PressedTarget target(make_target(kThisMachine, options.encoding), options.pressure);
    encode(functions, target);
    if (code_.bytes.empty()) return;
    CodeMemoryOptions memory_options;
    memory_options.listeners = {unwinding()};
    static CodeMemory memory = CodeMemory::create(memory_options).value();
    memory_ = &memory;
    auto writer = memory.begin(code_.bytes.size()).value();
    fill_in(writer, options);
    address_ = static_cast<const std::byte*>(writer.commit().value());
  }
  explicit NativeCode(const Function& function, const NativeOptions& options = {})
      : NativeCode(std::initializer_list<const Function*>{&function}, options) {}
  NativeCode(std::initializer_list<const Function*> functions, const NativeOptions& options = {})
      : NativeCode(std::span(functions.begin(), functions.size()), options) {}
  NativeCode(const NativeCode&) = delete;
  NativeCode& operator=(const NativeCode&) = delete;
  ~NativeCode() {
    // An emulator may go on with what was at an address before: each is used once there.
    if (address_ == nullptr || is_emulated()) return;
    EXPECT_TRUE(memory_->free(address_));
  }

  // The function of that number, as what C++ calls.
  template <typename Signature>
  Signature* as(std::size_t index = 0) const {
    const std::byte* const at = address_ + code_.entries.at(index).offset;
    Signature* function = nullptr;
    std::memcpy(&function, &at, sizeof function);
    return function;
  }
  const Code& code() const { return code_; }
  const Result<void>& status() const { return status_; }
  const std::vector<Allocation>& allocations() const { return allocations_; }

 private:
  static std::shared_ptr<Unwinding> unwinding() { return std::make_shared<Unwinding>(); }

  void encode(std::span<const Function* const> functions, Target& target) {
    Allocator allocator;
    allocations_.resize(functions.size());
    std::vector<const Allocation*> pointers;
    for (std::size_t n = 0; n != functions.size(); ++n) {
      allocator.allocate(*functions[n], target, allocations_[n]);
      pointers.push_back(&allocations_[n]);
      EXPECT_EQ(check_allocation(*functions[n], target, allocations_[n]), "")
          << describe(*functions[n]);
    }
    status_ = target.encode(functions, pointers, code_);
    if (!status_) code_.bytes.clear();
  }

  void fill_in(CodeWriter& writer, const NativeOptions& options) {
    std::memcpy(writer.bytes().data(), code_.bytes.data(), code_.bytes.size());
    for (const Relocation& relocation : code_.relocations) {
      const auto found = options.symbols.find(relocation.symbol.name);
      const void* value = nullptr;
      if (found != options.symbols.end())
        value = found->second;
      else if (relocation.symbol.name == kTrapFunction)
        value = reinterpret_cast<const void*>(&throw_trapped);
      else if (relocation.symbol.name != kTrapContext)
        ADD_FAILURE() << "nobody knows " << relocation.symbol.name;
      std::memcpy(writer.bytes().data() + relocation.offset, &value, sizeof value);
    }
  }

  Code code_{};
  Result<void> status_{};
  std::vector<Allocation> allocations_{};
  CodeMemory* memory_ = nullptr;
  const std::byte* address_ = nullptr;
};

}  // namespace smf::codegen
