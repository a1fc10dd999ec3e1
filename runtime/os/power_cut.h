// For tests: what a disk may hold of a file after the power went.
//
// The model is the weakest that file systems promise. What was synced is there. Of what was written
// since, each sector of 512 bytes is as it was, or as any of the writes since left it, each for
// itself and in no order; so is the file's size. A name leads to the file it led to when the folder
// was synced, or to any it was given since.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/os/memory_calls.h"

namespace smf::os {

class PowerCut {
 public:
  // Of `path`, which named file `number` that held `image` on the disk, after `events`.
  PowerCut(const std::string& path, ino_t number, std::string image,
           std::span<const MemoryCalls::Event> events)
      : names_{number} {
    using enum MemoryCalls::Event::Kind;
    disks_.emplace(number, Disk(std::move(image)));
    for (const MemoryCalls::Event& event : events) {
      if (event.kind == kWrite) disks_[event.file].write(event.offset, event.data);
      if (event.kind == kSync) disks_[event.file].sync();
      if (event.kind == kName) disks_.try_emplace(event.file);
      if (event.kind == kName && event.path == path) names_.push_back(event.file);
      if (event.kind == kSyncFolder) names_ = {names_.back()};
    }
  }

  // Calls check(image) for every state there can be, or where there are more than `limit`, for
  // `limit` random ones. True where it was every one.
  template <typename Check>
  bool for_each_state(std::uint64_t limit, const Check& check) const {
    bool all = true;
    for (const ino_t name : names_) {
      const Disk& disk = disks_.at(name);
      const std::uint64_t count = disk.state_count();
      std::mt19937_64 random(count);
      all &= count <= limit;
      for (std::uint64_t n = 0; n < std::min(count, limit); ++n)
        check(disk.state([&](std::uint64_t place, std::uint64_t choices) {
          return (count <= limit ? n / place : random()) % choices;
        }));
    }
    return all;
  }

  // One of the states, by numbers of the caller's.
  template <typename Choose>
  std::string any_state(const Choose& choose) const {
    const Disk& disk = disks_.at(names_.at(choose(names_.size())));
    return disk.state([&](std::uint64_t, std::uint64_t choices) { return choose(choices); });
  }

 private:
  static constexpr std::size_t kSector = 512;  // what a disk writes whole
  static constexpr std::uint64_t kMany = std::uint64_t{1} << 40;

  class Disk {
   public:
    Disk() = default;
    explicit Disk(std::string image) : synced_(image), cache_(std::move(image)) {}

    void write(std::size_t offset, const std::string& data) {
      if (data.empty()) return;
      const std::size_t end = offset + data.size();
      if (end > cache_.size()) {
        cache_.resize(end);
        sizes_.push_back(end);
      }
      cache_.replace(offset, data.size(), data);
      for (std::size_t s = offset / kSector; s <= (end - 1) / kSector; ++s)
        sectors_[s].push_back(cache_.substr(s * kSector, kSector));
    }

    void sync() {
      synced_ = cache_;
      sizes_.clear();
      sectors_.clear();
    }

    std::uint64_t state_count() const {
      std::uint64_t count = sizes_.size() + 1;
      for (const auto& [sector, states] : sectors_)
        count = std::min(count * (states.size() + 1), kMany);
      return count;
    }

    // choose(place, choices) is below `choices`; places are the products of the choices before.
    template <typename Choose>
    std::string state(const Choose& choose) const {
      std::string image = synced_;
      std::uint64_t place = 1;
      const auto next = [&](std::uint64_t choices) {
        const auto chosen = static_cast<std::size_t>(choose(place, choices));
        place = std::min(place * choices, kMany);
        return chosen;
      };
      const std::size_t size = next(sizes_.size() + 1);
      image.resize(size == 0 ? synced_.size() : sizes_[size - 1]);
      for (const auto& [sector, states] : sectors_) {
        const std::size_t chosen = next(states.size() + 1);
        const std::size_t at = sector * kSector;
        if (chosen == 0 || at >= image.size()) continue;
        const std::string part = states[chosen - 1].substr(0, image.size() - at);
        image.replace(at, part.size(), part);
      }
      return image;
    }

   private:
    std::string synced_, cache_;
    std::vector<std::size_t> sizes_{};
    std::map<std::size_t, std::vector<std::string>> sectors_{};  // contents since the last sync
  };

  std::vector<ino_t> names_;  // what the path may name
  std::map<ino_t, Disk> disks_{};
};

}  // namespace smf::os
