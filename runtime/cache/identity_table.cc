#include "runtime/cache/identity_table.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace smf::internal {

// Inodes that were made together stand in a row, so anything less than a hash would cluster.
Chain<CachedModule>& IdentityTable::bucket(const FileIdentity& identity) {
  const std::uint64_t parts[] = {identity.device, identity.inode};
  return buckets_[xxh3_64(std::as_bytes(std::span(parts))) & (buckets_.size() - 1)];
}

CachedModule* IdentityTable::find(const FileIdentity& identity) const {
  if (buckets_.empty()) return nullptr;
  CachedModule* at = const_cast<IdentityTable*>(this)->bucket(identity).first();
  while (at != nullptr && at->file.identity() != identity) at = at->next;
  return at;
}

void IdentityTable::reserve_one() {
  if (size_ < kMostInABucket * buckets_.size()) return;
  std::vector<Chain<CachedModule>> old(std::max(kFirstBuckets, 2 * buckets_.size()));
  buckets_.swap(old);
  for (auto& chain : old)
    while (CachedModule* const module = chain.pop()) bucket(module->file.identity()).push(module);
}

void IdentityTable::insert(CachedModule& module) {
  SMF_DCHECK(size_ < kMostInABucket * buckets_.size());
  bucket(module.file.identity()).push(&module);
  ++size_;
}

bool IdentityTable::erase(const CachedModule& module) {
  if (buckets_.empty() || !bucket(module.file.identity()).remove(&module)) return false;
  --size_;
  return true;
}

}  // namespace smf::internal
