// Which module a full cache lets go.
//
// A hit must not touch anything that threads share, so it does not move anything in a list: it
// leaves a stamp with its thread (thread_cells.h). The stamps are read when somebody has to go,
// under the cache's lock. LRU keeps a heap by the stamps it last saw. Its least entry is taken off
// and its stamp read anew; if it has grown, the entry goes back with it, and otherwise no other
// entry can be older, since stamps only grow. So the victim is exactly the least recently used one,
// and each step but the last is paid for by a hit since.
//
// SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi, NSDI 2024) keeps the order of insertion and a hand
// that walks from old to new: what was hit since the hand last passed stays where it is, the first
// other one goes. It needs no heap, and often misses less; it is not made for scans.
//
// Rejected: a list moved at each hit (a lock), a ring of buffered hits for each thread (bounded, so
// hits are lost when it is full, and one thread must read what another has written meanwhile),
// sampling (not LRU, which is the contract).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace smf {

// The number of a module in its cache, from 0, used again after the module is gone.
using ModuleNumber = std::uint32_t;
// When a module was last used: larger is later.
using Stamp = std::uint64_t;

enum class EvictionKind : std::uint8_t { kLru, kSieve };

std::string_view eviction_name(EvictionKind kind);  // "lru", "sieve"

// Not thread-safe. Methods that take memory throw std::bad_alloc, and nothing is changed then.
class Eviction {
 public:
  using ReadStamp = std::function<Stamp(ModuleNumber)>;

  static std::unique_ptr<Eviction> create(EvictionKind kind);
  virtual ~Eviction() = default;

  // `module` is new, and is as if it were used at `stamp`; but SIEVE does not take that for a hit.
  virtual void insert(ModuleNumber module, Stamp stamp) = 0;
  // It left for another reason. Does nothing for one that is not there.
  virtual void erase(ModuleNumber module) = 0;
  // Takes out the one that goes. There must be one. `read` gives the present stamp of any of them,
  // which is that of its last hit, or any that is not later than the one it came with.
  virtual ModuleNumber evict(const ReadStamp& read) = 0;
  virtual std::size_t size() const = 0;
};

}  // namespace smf
