#include "runtime/jit/requests.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace smf::internal {
namespace {

std::mutex claims_mutex;

// Whether `chain` would wait for itself.
bool closes_circle(const Claim& claim, const Chain& chain) {
  for (const Chain* owner = claim.owner; owner != nullptr;
       owner = owner->waits_for == nullptr ? nullptr : owner->waits_for->owner)
    if (owner == &chain) return true;
  return false;
}

}  // namespace

Chain& Chain::current() {
  thread_local Chain chain;
  return chain;
}

const Frame*& Chain::innermost() {
  thread_local constinit const Frame* frame = nullptr;
  return frame;
}

std::size_t depth_of(const void* owner) {
  std::size_t depth = 0;
  for (const Frame* frame = Chain::innermost(); frame != nullptr; frame = frame->outer)
    depth += frame->owner == owner ? 1 : 0;
  return depth;
}

std::vector<std::string> chain_of(const void* owner) {
  std::vector<std::string> names;
  for (const Frame* frame = Chain::innermost(); frame != nullptr; frame = frame->outer)
    if (frame->owner == owner) names.emplace_back(frame->symbol);
  std::ranges::reverse(names);
  return names;
}

Claim** Claims::find(std::uint64_t hash, std::string_view name) noexcept {
  Claim** at = &slots_[hash % slots_.size()];
  while (*at != nullptr && ((*at)->hash != hash || (*at)->name != name)) at = &(*at)->next;
  return at;
}

Claim& Claims::unused() {
  if (free_ == nullptr) {
    free_ = all_.emplace_back(std::make_unique<Claim>()).get();
  }
  return *free_;
}

Claims::Outcome Claims::claim(std::uint64_t hash, std::string_view name,
                              const std::function<bool()>& is_done,
                              std::atomic<std::uint64_t>& waits) {
  Chain& chain = Chain::current();
  std::unique_lock lock(claims_mutex);
  for (;;) {
    if (is_done()) return Outcome::kDone;
    Claim** const found = find(hash, name);
    if (*found == nullptr) {
      Claim& claim = unused();
      claim.name = name;
      // Nothing fails from here on.
      claim.hash = hash;
      claim.owner = &chain;
      free_ = std::exchange(claim.next, nullptr);
      *found = &claim;
      return Outcome::kMine;
    }
    Claim& claim = **found;
    if (closes_circle(claim, chain)) return Outcome::kNotMine;
    waits.fetch_add(1, std::memory_order_relaxed);
    chain.waits_for = &claim;
    ++claim.waiting;
    claim.changed.wait(lock, [&] { return claim.owner == nullptr; });
    chain.waits_for = nullptr;
    if (--claim.waiting == 0) claim.next = std::exchange(free_, &claim);
  }
}

void Claims::release(std::uint64_t hash, std::string_view name) noexcept {
  const std::lock_guard lock(claims_mutex);
  Claim** const found = find(hash, name);
  if (*found == nullptr) return;
  Claim& claim = **found;
  *found = std::exchange(claim.next, nullptr);
  claim.owner = nullptr;
  if (claim.waiting != 0) return claim.changed.notify_all();
  claim.next = std::exchange(free_, &claim);
}

}  // namespace smf::internal
