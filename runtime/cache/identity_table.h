// From a file's identity to its module, for one thread at a time: chains through the modules
// themselves, one pointer for two of them at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/cache/cached_module.h"
#include "runtime/cache/chain.h"

namespace smf::internal {

class IdentityTable {
 public:
  CachedModule* find(const FileIdentity& identity) const;

  // Room for one more: afterwards insert() cannot fail. Throws std::bad_alloc.
  void reserve_one();
  // No module of this identity may be there.
  void insert(CachedModule& module);
  // False where it was not there.
  bool erase(const CachedModule& module);

 private:
  static constexpr std::size_t kFirstBuckets = 64;
  static constexpr std::size_t kMostInABucket = 2;  // on average

  Chain<CachedModule>& bucket(const FileIdentity& identity);

  std::vector<Chain<CachedModule>> buckets_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace smf::internal
