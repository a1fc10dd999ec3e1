#include "runtime/format/elf/testing/sample.h"
#include "runtime/format/elf/testing/sample_inline.h"

namespace {

using Step = long (*)(long);
const Step kSteps[] = {sample_twice, sample_minus};

}  // namespace

extern "C" {

long sample_start = 1000;

long sample_twice(long x) { return 2 * x; }
long sample_minus(long x) { return -x; }

long sample_through_table(unsigned index, long x) { return kSteps[index % 2](x); }

long sample_across(long x) { return sample_start + sample_switch(0, x); }

int sample_catch_there(int value) {
  try {
    return sample_catch_inline(value) + sample_throw(value + 1);
  } catch (const std::exception&) {
    return -2;
  }
}

void* sample_shared_there() { return &SampleCounter::count; }
}
