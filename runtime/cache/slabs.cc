#include "runtime/cache/slabs.h"

#include <new>

#include "runtime/base/check.h"
#include "runtime/cache/slab_pool.h"

namespace smf {

SlabBlock& SlabBlock::operator=(SlabBlock&& other) noexcept {
  std::swap(begin_, other.begin_);
  std::swap(size_, other.size_);
  std::swap(slab_, other.slab_);
  return *this;
}

void SlabBlock::reset() {
  std::byte* const begin = std::exchange(begin_, nullptr);
  if (begin != nullptr) internal::SlabPool::give_back(*slab_, begin, std::exchange(size_, 0));
}

Result<Slabs> Slabs::create(os::SystemCalls& calls) {
  auto* const pool = new (std::nothrow) internal::SlabPool(calls);
  if (pool == nullptr) return fail(ErrorCode::kOutOfMemory, "not enough memory for modules");
  return Slabs(pool);
}

Slabs& Slabs::operator=(Slabs&& other) noexcept {
  std::swap(pool_, other.pool_);
  return *this;
}

Slabs::~Slabs() {
  if (pool_ != nullptr) pool_->leave();
}

Result<SlabBlock> Slabs::allocate(std::uint64_t size) {
  SMF_CHECK(pool_ != nullptr);
  return pool_->allocate(size);
}

SlabStats Slabs::stats() const {
  SMF_CHECK(pool_ != nullptr);
  return pool_->stats();
}

}  // namespace smf
