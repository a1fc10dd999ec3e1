#include "smftool/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace smf::tool {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kInterval{100};
constexpr std::uint64_t kBarWidth = 30;

}  // namespace

Progress::Progress(const Context& context, std::string what, Unit unit)
    : out_(context.err),
      what_(std::move(what)),
      unit_(unit),
      is_wanted_(!context.is_quiet && ::isatty(::fileno(context.err)) == 1),
      next_(Clock::now() + kPatience) {}

Progress::~Progress() {
  if (!is_shown_) return;
  fmt::print(out_, "\r\033[K");
  std::fflush(out_);
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  if (!is_wanted_ || total == 0) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  is_shown_ = true;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto full = static_cast<std::uint64_t>(share * kBarWidth);
  fmt::print(out_, "\r\033[K{} [{:=<{}}{:{}}] {:3.0f}%", what_, "", full, "", kBarWidth - full,
             share * 100);
  if (unit_ == Unit::kBytes)
    fmt::print(out_, " of {:.1f} MiB", static_cast<double>(total) / (1 << 20));
  std::fflush(out_);
}

std::function<void(std::uint64_t, std::uint64_t)> Progress::callback() {
  if (!is_wanted_) return {};
  return [this](std::uint64_t done, std::uint64_t total) { update(done, total); };
}

}  // namespace smf::tool
