// A progress bar on standard error, for people who wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "smftool/context.h"

namespace smf::tool {

// Shows nothing unless standard error is a terminal, the work takes over a second, and the user did
// not ask for quiet; wipes its line when it goes. Not thread-safe.
class Progress {
 public:
  enum class Unit : std::uint8_t { kBytes, kOther };  // only the share is told of others

  Progress(const Context& context, std::string what, Unit unit = Unit::kBytes);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  // `done` of `total`. Cheap: prints at most ten times a second.
  void update(std::uint64_t done, std::uint64_t total);
  // update(), for interfaces that take a callback. Empty where nothing would be shown.
  std::function<void(std::uint64_t, std::uint64_t)> callback();

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* out_;
  std::string what_;
  Unit unit_;
  bool is_wanted_;
  bool is_shown_ = false;
  Clock::time_point next_;
};

}  // namespace smf::tool
