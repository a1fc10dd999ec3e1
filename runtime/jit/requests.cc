#include "runtime/jit/requests.h"

#include <algorithm>
#include <mutex>

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

Claims::Outcome Claims::claim(const std::string& name, const std::function<bool()>& is_done,
                              std::atomic<std::uint64_t>& waits) {
  Chain& chain = Chain::current();
  std::unique_lock lock(claims_mutex);
  for (;;) {
    if (is_done()) return Outcome::kDone;
    const auto found = claims_.find(name);
    if (found == claims_.end()) {
      auto claim = std::make_shared<Claim>();
      claim->owner = &chain;
      claims_.emplace(name, std::move(claim));
      return Outcome::kMine;
    }
    const std::shared_ptr<Claim> claim = found->second;
    if (closes_circle(*claim, chain)) return Outcome::kNotMine;
    waits.fetch_add(1, std::memory_order_relaxed);
    chain.waits_for = claim.get();
    ++claim->waiting;
    claim->changed.wait(lock, [&] { return claim->owner == nullptr; });
    --claim->waiting;
    chain.waits_for = nullptr;
  }
}

void Claims::release(const std::string& name) noexcept {
  const std::lock_guard lock(claims_mutex);
  const auto found = claims_.find(name);
  if (found == claims_.end()) return;
  const std::shared_ptr<Claim> claim = std::move(found->second);
  claims_.erase(found);
  claim->owner = nullptr;
  if (claim->waiting != 0) claim->changed.notify_all();
}

}  // namespace smf::internal
