#pragma once

#include <stdexcept>

// Each object has a copy of these, in COMDAT groups.
struct SampleCounter {
  static inline long count = 7;
};

[[gnu::noinline]] inline int sample_throw(int value) {
  if (value > 10) throw std::out_of_range("over ten");
  return value + 1;
}

[[gnu::noinline]] inline int sample_catch_inline(int value) {
  try {
    return sample_throw(value);
  } catch (const std::out_of_range&) {
    return -1;
  }
}
