#include <cstring>

#include "runtime/format/elf/testing/sample.h"
#include "runtime/format/elf/testing/sample_inline.h"

namespace {

long counter;                                         // .bss
long steps[3] = {1, 10, 100};                         // .data
const char* const kNames[] = {"zero", "one", "two"};  // .data.rel.ro, pointers into .rodata.str
constexpr double kFactor = 2.5;                       // .rodata.cst8

}  // namespace

extern "C" {

long sample_switch(int which, long x) {
  switch (which) {
    case 0:
      return sample_twice(x);
    case 1:
      return sample_minus(x);
    case 2:
      return x * x;
    case 3:
      return sample_twice(x) + 3;
    case 4:
      return x ^ 0x55;
    case 5:
      return sample_minus(x) * 5;
    default:
      return -1;
  }
}

double sample_scale(double x) { return x * kFactor; }

const char* sample_name(unsigned index) { return index < 3 ? kNames[index] : nullptr; }

long sample_count() {
  counter += steps[counter % 3];
  return counter;
}

std::size_t sample_length(const char* text) { return std::strlen(text); }

int sample_catch(int value) { return sample_catch_inline(value); }

void* sample_shared_here() { return &SampleCounter::count; }
}
