// What exec_bench does with each allocator: a class with
//   void* add(const void* code, std::size_t written, std::size_t size)
//                         where the code runs, in a block of `size` bytes
//   void remove(void* code)
#pragma once

#include <benchmark/benchmark.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <vector>

#include "bench/stopwatch.h"

namespace smf::bench {

inline constexpr std::array<std::byte, 2048> kCodeOfNobody{};

inline void keep_on_processor(const benchmark::State& state) {
  if (state.threads() == 1) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(state.thread_index(), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

template <typename Allocator>
void cycles_of(benchmark::State& state, Allocator& allocator) {
  keep_on_processor(state);
  for (auto _ : state) {
    void* const code = allocator.add(kCodeOfNobody.data(), 64, 64);
    benchmark::DoNotOptimize(code);
    allocator.remove(code);
  }
}

// Of one allocator, whichever threads there are.
template <typename Allocator>
void cycle(benchmark::State& state) {
  static Allocator allocator;
  cycles_of(state, allocator);
}

// Of one for each thread.
template <typename Allocator>
void cycle_unshared(benchmark::State& state) {
  static Allocator allocators[2];
  cycles_of(state, allocators[state.thread_index()]);
}

inline constexpr std::size_t kBlocks = 100'000;

// Time of a block, of which 8 bytes are written.
template <typename Allocator>
void keep(benchmark::State& state) {
  for (auto _ : state) {
    Allocator allocator;
    Stopwatch watch;
    for (std::size_t i = 0; i != kBlocks; ++i) allocator.add(kCodeOfNobody.data(), 8, 64);
    state.SetIterationTime(watch.lap() * 1e-9 / kBlocks);
  }
}

// Half of the blocks are freed, at random, and as many allocated of other sizes. Time of one of the
// latter, of which 8 bytes are written: what it takes to find a place.
template <typename Allocator>
void refill_holes(benchmark::State& state) {
  for (auto _ : state) {
    Allocator allocator;
    std::mt19937 random(7);
    const auto size = [&] { return 8 + random() % 1024; };
    std::vector<void*> blocks;
    for (std::size_t i = 0; i != kBlocks; ++i)
      blocks.push_back(allocator.add(kCodeOfNobody.data(), 8, size()));
    std::shuffle(blocks.begin(), blocks.end(), random);
    for (std::size_t i = 0; i != kBlocks / 2; ++i) allocator.remove(blocks[i]);
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i != kBlocks / 2; ++i) sizes.push_back(size());
    Stopwatch watch;
    for (const std::size_t next : sizes)
      benchmark::DoNotOptimize(allocator.add(kCodeOfNobody.data(), 8, next));
    state.SetIterationTime(watch.lap() * 1e-9 / (0.5 * kBlocks));
  }
}

}  // namespace smf::bench
