// Values of any plain type, as bytes: at random, compared, and shown. For tests of what runs
// functions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "runtime/mir/testing/random_choice.h"

namespace smf::mir {

class SampleValues {
 public:
  SampleValues(Program& program, Layouts& layouts) : program_(program), layouts_(layouts) {}

  // At an edge often; what is between fields is any.
  std::vector<std::byte> random(TypeId type, RandomChoice& choice);
  // Whether they mean the same: a NaN is a NaN, a Bool is true or false, and what is between fields
  // or of no field of the variant is nothing.
  bool are_equal(TypeId type, const std::byte* left, const std::byte* right);
  std::string show(TypeId type, const std::byte* value);

 private:
  struct Part {
    TypeId type = 0;
    std::size_t offset = 0;
  };
  // Those of an enum are of that variant.
  std::vector<Part> parts(TypeId type, std::uint32_t variant);
  std::uint32_t variants(TypeId type) const;
  void fill(TypeId type, std::byte* to, RandomChoice& choice);

  Program& program_;
  Layouts& layouts_;
};

}  // namespace smf::mir
