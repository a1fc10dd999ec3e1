#include "runtime/cache/eviction.h"

#include <algorithm>
#include <vector>

#include "runtime/base/check.h"

namespace smf {
namespace {

constexpr std::size_t kPasses = 4;

// A binary heap that knows where each module stands in it.
class Lru final : public Eviction {
 public:
  void insert(ModuleNumber module, Stamp stamp) override {
    if (module >= places_.size()) places_.resize(module + std::size_t{1}, kNowhere);
    SMF_CHECK(places_[module] == kNowhere);
    heap_.push_back({stamp, module});
    places_[module] = heap_.size() - 1;
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
      Item& oldest = heap_.front();
      const Stamp stamp = read(oldest.module);
      if (stamp == oldest.stamp) break;
      SMF_DCHECK(stamp > oldest.stamp);
      oldest.stamp = stamp;
      sink(0);
    }
    const ModuleNumber module = heap_.front().module;
    remove(0);
    return module;
  }

  std::size_t size() const override { return heap_.size(); }

 private:
  static constexpr std::size_t kNowhere = SIZE_MAX;

  struct Item {
    Stamp stamp;
    ModuleNumber module;
  };

  void put(std::size_t place, Item item) {
    heap_[place] = item;
    places_[item.module] = place;
  }

  void rise(std::size_t place) {
    const Item item = heap_[place];
    while (place > 0 && item.stamp < heap_[(place - 1) / 2].stamp) {
      put(place, heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, item);
  }

  void sink(std::size_t place) {
    const Item item = heap_[place];
    while (true) {
      std::size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1].stamp < heap_[child].stamp) ++child;
      if (item.stamp <= heap_[child].stamp) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, item);
  }

  void remove(std::size_t place) {
    places_[heap_[place].module] = kNowhere;
    const Item last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    put(place, last);
    rise(place);
    sink(places_[last.module]);
  }

  std::vector<Item> heap_;
  std::vector<std::size_t> places_;  // by module
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
      if (stamp == node.seen || left == 0) break;
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
