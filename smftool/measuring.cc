#include "smftool/measuring.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace smf::tool {
namespace {

constexpr double kOvertime = 1.5;  // times the time that was planned

struct Measured {
  double cost_ns = 0;  // of a sample, with what prepares it
  std::uint64_t count = 1;
  std::vector<double> samples{};
  std::optional<Error> failure{};
};

void take(const Subject& subject, Measured& measured) {
  if (measured.failure) return;
  Result<double> sample = subject.sample(measured.count);
  if (sample) {
    measured.samples.push_back(*sample);
  } else {
    measured.failure = std::move(sample).error();
  }
}

double time_sample(const Subject& subject, Measured& measured) {
  const Watch watch;
  take(subject, measured);
  return watch.ns();
}

// How long a sample takes, and of how many operations it is made.
Measured try_out(const Subject& subject) {
  Measured measured;
  measured.cost_ns = time_sample(subject, measured);
  while (subject.is_short && measured.cost_ns < MeasuringLimits::kShortSampleNs) {
    if (measured.failure) break;
    measured.count *= 2;
    measured.cost_ns = time_sample(subject, measured);
  }
  // The first one of a process may take far longer than those that follow, and any by accident.
  if (!measured.failure)
    measured.cost_ns = std::min(measured.cost_ns, time_sample(subject, measured));
  measured.samples.clear();
  return measured;
}

// Which subject's turn it is, from first to last. Samples of one subject lie evenly over the time,
// each at a random place within its stretch.
std::vector<std::size_t> plan(const std::vector<Measured>& all, double share_ns) {
  std::minstd_rand random(1);  // the same turns each time
  std::uniform_real_distribution<double> place(0, 1);
  std::vector<std::pair<double, std::size_t>> turns;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].failure) continue;
    const auto count = static_cast<std::size_t>(std::clamp(share_ns / all[i].cost_ns,
                                                           double{MeasuringLimits::kFewestSamples},
                                                           double{MeasuringLimits::kMostSamples}));
    for (std::size_t k = 0; k < count; ++k)
      turns.emplace_back((static_cast<double>(k) + place(random)) / static_cast<double>(count), i);
  }
  std::ranges::sort(turns);
  std::vector<std::size_t> order;
  order.reserve(turns.size());
  for (const auto& turn : turns) order.push_back(turn.second);
  return order;
}

Figure summarize(const Subject& subject, Measured measured) {
  Figure figure{.name = subject.name, .title = subject.title, .bytes = subject.bytes};
  figure.failure = std::move(measured.failure);
  if (figure.failure) return figure;
  std::vector<double>& samples = measured.samples;
  std::ranges::sort(samples);
  figure.samples = samples.size();
  figure.operations = measured.count;
  figure.min = samples.front();
  figure.median = (samples[(samples.size() - 1) / 2] + samples[samples.size() / 2]) / 2;
  // The least that 99 % of all are not above.
  const double rank = std::ceil(static_cast<double>(samples.size()) * 0.99);
  figure.p99 = samples[static_cast<std::size_t>(rank) - 1];
  return figure;
}

}  // namespace

std::vector<Figure> measure(const std::vector<Subject>& subjects, std::chrono::nanoseconds time,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  std::vector<Measured> all;
  all.reserve(subjects.size());
  for (const Subject& subject : subjects) all.push_back(try_out(subject));
  const double whole_ns = static_cast<double>(time.count());
  const std::vector<std::size_t> turns =
      plan(all, whole_ns / static_cast<double>(std::max<std::size_t>(subjects.size(), 1)));
  // Where samples take longer than those that were tried: all end early, but not with too few.
  const Watch watch;
  std::uint64_t done = 0;
  for (const std::size_t i : turns) {
    if (watch.ns() < whole_ns * kOvertime ||
        all[i].samples.size() < MeasuringLimits::kFewestSamples)
      take(subjects[i], all[i]);
    if (progress) progress(++done, turns.size());
  }
  std::vector<Figure> figures;
  figures.reserve(subjects.size());
  for (std::size_t i = 0; i < subjects.size(); ++i)
    figures.push_back(summarize(subjects[i], std::move(all[i])));
  return figures;
}

}  // namespace smf::tool
