// Bytes of malloc(3), which C can free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"

namespace smf::ffi {

struct Allocation {
  struct Free {
    void operator()(std::uint8_t* data) const { std::free(data); }
  };

  std::unique_ptr<std::uint8_t, Free> data{};  // never null; a zero follows, which is not counted
  std::size_t size = 0;
};

// kOutOfMemory.
Result<Allocation> copy_of(Bytes bytes);

}  // namespace smf::ffi
