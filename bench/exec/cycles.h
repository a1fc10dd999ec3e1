// What exec_bench does with code memory, once for each build of it.
//
// A build without protection has the same names as the one that ships. So each is compiled into a
// shared object of its own, which shows nothing but these functions; and what they do is here,
// compiled twice, so that it is the same.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
// `count` times: a block of `size` bytes, written, published and freed.
void protected_cycles(std::uint64_t count, std::size_t size);
void unprotected_cycles(std::uint64_t count, std::size_t size);
}
