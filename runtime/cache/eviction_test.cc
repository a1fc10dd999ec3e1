#include "runtime/cache/eviction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <random>
#include <vector>

namespace smf {
namespace {

// Stamps as a thread's hits leave them.
class Uses {
 public:
  void use(ModuleNumber module) { stamps_[module] = ++now_; }
  Stamp now() { return ++now_; }
  Eviction::ReadStamp reader() {
    return [this](ModuleNumber module) { return stamps_[module]; };
  }
  void insert(Eviction& eviction, ModuleNumber module) {
    stamps_[module] = ++now_;
    eviction.insert(module, now_);
  }

 private:
  std::map<ModuleNumber, Stamp> stamps_;
  Stamp now_ = 0;
};

TEST(Lru, LetsTheLeastRecentlyUsedGo) {
  const auto lru = Eviction::create(EvictionKind::kLru);
  Uses uses;
  for (const ModuleNumber module : {0u, 1u, 2u}) uses.insert(*lru, module);
  uses.use(0);
  EXPECT_EQ(lru->evict(uses.reader()), 1u);
  uses.use(2);
  EXPECT_EQ(lru->evict(uses.reader()), 0u);
  EXPECT_EQ(lru->evict(uses.reader()), 2u);
  EXPECT_EQ(lru->size(), 0u);
}

// A million operations against a list that is moved at each use.
TEST(Lru, IsExactlyThatOfAList) {
  const auto lru = Eviction::create(EvictionKind::kLru);
  Uses uses;
  std::list<ModuleNumber> model;  // the most recently used in front
  std::mt19937_64 random(1);
  for (int step = 0; step < 1'000'000; ++step) {
    const auto module = static_cast<ModuleNumber>(random() % 200);
    const auto place = std::ranges::find(model, module);
    switch (random() % 8) {
      case 0:
        if (place == model.end()) break;
        lru->erase(module);
        model.erase(place);
        break;
      case 1:
        if (model.empty()) break;
        ASSERT_EQ(lru->evict(uses.reader()), model.back()) << "step " << step;
        model.pop_back();
        break;
      default:
        if (place == model.end()) {
          uses.insert(*lru, module);
        } else {
          uses.use(module);
          model.erase(place);
        }
        model.push_front(module);
    }
    ASSERT_EQ(lru->size(), model.size());
  }
}

// As the paper has it: a bit for each, and a hand.
class SieveModel {
 public:
  void insert(ModuleNumber module) { queue_.push_front({module, false}); }
  bool use(ModuleNumber module) {
    const auto place = find(module);
    if (place == queue_.end()) return false;
    place->visited = true;
    return true;
  }
  void erase(ModuleNumber module) {
    const auto place = find(module);
    if (place != queue_.end()) remove(place);
  }
  ModuleNumber evict() {
    auto at = has_hand_ ? hand_ : std::prev(queue_.end());
    while (at->visited) {
      at->visited = false;
      at = at == queue_.begin() ? std::prev(queue_.end()) : std::prev(at);
    }
    hand_ = at;
    has_hand_ = true;
    const ModuleNumber module = at->module;
    remove(at);
    return module;
  }
  bool empty() const { return queue_.empty(); }

 private:
  struct Item {
    ModuleNumber module;
    bool visited;
  };
  using Place = std::list<Item>::iterator;

  Place find(ModuleNumber module) { return std::ranges::find(queue_, module, &Item::module); }
  void remove(Place place) {
    if (has_hand_ && hand_ == place) {
      has_hand_ = place != queue_.begin();
      if (has_hand_) hand_ = std::prev(place);
    }
    queue_.erase(place);
  }

  std::list<Item> queue_;  // the newest in front
  Place hand_{};
  bool has_hand_ = false;
};

TEST(Sieve, IsThatOfThePaper) {
  const auto sieve = Eviction::create(EvictionKind::kSieve);
  Uses uses;
  SieveModel model;
  std::mt19937_64 random(2);
  for (int step = 0; step < 200'000; ++step) {
    const auto module = static_cast<ModuleNumber>(random() % 100);
    const std::uint64_t choice = random() % 10;
    if (choice == 0) {
      sieve->erase(module);
      model.erase(module);
    } else if (choice == 1 && !model.empty()) {
      ASSERT_EQ(sieve->evict(uses.reader()), model.evict()) << "step " << step;
    } else if (model.use(module)) {
      uses.use(module);
    } else {
      uses.insert(*sieve, module);
      model.insert(module);
    }
  }
}

// What is being hit all the time must not keep an eviction from ending.
TEST(Eviction, EndsWhileEverythingIsUsed) {
  for (const EvictionKind kind : {EvictionKind::kLru, EvictionKind::kSieve}) {
    const auto eviction = Eviction::create(kind);
    for (ModuleNumber module = 0; module < 10; ++module) eviction->insert(module, module + 1);
    Stamp now = 100;
    EXPECT_LT(eviction->evict([&](ModuleNumber) { return ++now; }), 10u) << eviction_name(kind);
    EXPECT_EQ(eviction->size(), 9u);
  }
}

}  // namespace
}  // namespace smf
