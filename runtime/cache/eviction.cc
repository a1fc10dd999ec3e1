#include "runtime/cache/eviction.h"

#include <algorithm>
#include <vector>

#include "runtime/base/check.h"

namespace smf {
namespace {

constexpr std::size_t kPasses = 4;

// A binary heap of module numbers that knows where each stands in it.
class Lru final : public Eviction {
 public:
  void insert(ModuleNumber module, Stamp stamp) override {
    if (module >= places_.size()) places_.resize(module + std::size_t{1}, kNowhere);
    if (module >= stamps_.size()) stamps_.resize(module + std::size_t{1});
    SMF_CHECK(places_[module] == kNowhere);
    heap_.push_back(module);
    stamps_[module] = stamp;
    places_[module] = static_cast<std::uint32_t>(heap_.size() - 1);
    rise(heap_.size() - 1);
  }

  void erase(ModuleNumber module) override {
    if (module >= places_.size() || places_[module] == kNowhere) return;
    remove(places_[module]);
  }

  ModuleNumber evict(const ReadStamp& read) override {
    SMF_CHECK(!heap_.empty());
    // Threads may hit everything over and over meanwhile: then the oldest by then has to do.
    for (std::size_t left = kPasses * heap_.size(); left > 0; --left) {
      Stamp& oldest = stamps_[heap_.front()];
      const Stamp stamp = read(heap_.front());
      if (stamp <= oldest) break;
      oldest = stamp;
      sink(0);
    }
    const ModuleNumber module = heap_.front();
    remove(0);
    return module;
  }

  std::size_t size() const override { return heap_.size(); }

 private:
  static constexpr std::uint32_t kNowhere = UINT32_MAX;

  Stamp stamp_at(std::size_t place) const { return stamps_[heap_[place]]; }

  void put(std::size_t place, ModuleNumber module) {
    heap_[place] = module;
    places_[module] = static_cast<std::uint32_t>(place);
  }

  void rise(std::size_t place) {
    const ModuleNumber module = heap_[place];
    while (place > 0 && stamps_[module] < stamp_at((place - 1) / 2)) {
      put(place, heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, module);
  }

  void sink(std::size_t place) {
    const ModuleNumber module = heap_[place];
    while (true) {
      std::size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && stamp_at(child + 1) < stamp_at(child)) ++child;
      if (stamps_[module] <= stamp_at(child)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, module);
  }

  void remove(std::size_t place) {
    places_[heap_[place]] = kNowhere;
    const ModuleNumber last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    put(place, last);
    rise(place);
    sink(places_[last]);
  }

  std::vector<ModuleNumber> heap_;
  // By module.
  std::vector<std::uint32_t> places_;
  std::vector<Stamp> stamps_;  // as last seen
};

// A doubly linked list in arrays, from the newest to the oldest.
class Sieve final : public Eviction {
 public:
  void insert(ModuleNumber module, Stamp stamp) override {
    if (module >= nodes_.size()) nodes_.resize(module + std::size_t{1});
    Node& node = nodes_[module];
    SMF_CHECK(!node.is_in);
    node = {.is_in = true, .newer = kNone, .older = newest_, .seen = stamp};
    if (newest_ != kNone) nodes_[newest_].newer = module;
    newest_ = module;
    if (oldest_ == kNone) oldest_ = module;
    ++size_;
  }

  void erase(ModuleNumber module) override {
    if (module >= nodes_.size() || !nodes_[module].is_in) return;
    Node& node = nodes_[module];
    if (hand_ == module) hand_ = node.newer;
    (node.newer == kNone ? newest_ : nodes_[node.newer].older) = node.older;
    (node.older == kNone ? oldest_ : nodes_[node.older].newer) = node.newer;
    node.is_in = false;
    --size_;
  }

  ModuleNumber evict(const ReadStamp& read) override {
    SMF_CHECK(size_ > 0);
    for (std::size_t left = kPasses * size_;; --left) {
      if (hand_ == kNone) hand_ = oldest_;
      Node& node = nodes_[hand_];
      const Stamp stamp = read(hand_);
      if (stamp <= node.seen || left == 0) break;
      node.seen = stamp;
      hand_ = node.newer;
    }
    const ModuleNumber module = hand_;
    erase(module);
    return module;
  }

  std::size_t size() const override { return size_; }

 private:
  static constexpr ModuleNumber kNone = UINT32_MAX;

  struct Node {
    bool is_in = false;
    ModuleNumber newer = kNone, older = kNone;
    Stamp seen = 0;  // the stamp when it came, or when the hand passed
  };

  std::vector<Node> nodes_;  // by module
  ModuleNumber newest_ = kNone, oldest_ = kNone;
  ModuleNumber hand_ = kNone;
  std::size_t size_ = 0;
};

}  // namespace

std::string_view eviction_name(EvictionKind kind) {
  return kind == EvictionKind::kLru ? "lru" : "sieve";
}

std::unique_ptr<Eviction> Eviction::create(EvictionKind kind) {
  if (kind == EvictionKind::kSieve) return std::make_unique<Sieve>();
  return std::make_unique<Lru>();
}

}  // namespace smf
