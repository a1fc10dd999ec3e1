// smftool bench: opening the file, and touching its pages.

#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>

#include "runtime/cache/cache.h"
#include "runtime/cache/module_file.h"
#include "runtime/cache/slabs.h"
#include "runtime/os/input_file.h"
#include "runtime/os/mapped_file.h"
#include "runtime/os/page_cache.h"
#include "runtime/os/page_size.h"
#include "smftool/counted.h"
#include "smftool/module_benchmark.h"

namespace smf::tool {
namespace {

constexpr const char* kTooLarge = "the file is too large to be read quickly";

std::uint64_t pages_of(std::uint64_t bytes) {
  return (bytes + os::page_size() - 1) / os::page_size();
}

// A byte of each page.
void touch(Bytes bytes) {
  const volatile std::byte* const at = bytes.data();
  for (std::size_t offset = 0; offset < bytes.size(); offset += os::page_size())
    static_cast<void>(at[offset]);
}

enum class Pages { kWarm, kCold };

// Opens and closes one file, again and again, and holds nothing of it between.
class Opening {
 public:
  static Result<std::shared_ptr<Opening>> create(const std::string& path) {
    SMF_ASSIGN(Slabs slabs, Slabs::create());
    SMF_ASSIGN(os::InputFile file, os::InputFile::open(path));
    return std::shared_ptr<Opening>(new Opening(std::move(slabs), std::move(file)));
  }

  std::uint64_t size() const { return file_.size(); }
  bool is_large() const { return size() > kMostBenchmarkedBytes; }
  Result<ModuleFile> load(Placement placement) {
    return ModuleFile::load(file_.path(), {.placement = placement}, slabs_,
                            os::SystemCalls::kernel());
  }
  Result<bool> is_mapped_by_cache() {
    SMF_ASSIGN(const ModuleFile module, load(Placement::kBySize));
    return module.is_mapped();
  }

  // From opening to closing; all pages touched between, where `is_touched`.
  Result<double> sample(Placement placement, bool is_touched, Pages pages) {
    if (pages == Pages::kCold) SMF_TRY(drop());
    const Watch watch;
    {
      SMF_ASSIGN(const ModuleFile module, load(placement));
      if (is_touched) touch(module.bytes());
    }
    const double time = watch.ns();
    if (pages == Pages::kCold) SMF_TRY(warm());  // for the others
    return time;
  }
  // The time of a page that is touched for the first time through a mapping.
  Result<double> sample_first_touch() {
    SMF_ASSIGN(const ModuleFile module, load(Placement::kMap));
    const Bytes bytes = module.bytes().first(std::min(size(), kMostBenchmarkedBytes));
    const Watch watch;
    touch(bytes);
    return watch.ns() / static_cast<double>(pages_of(bytes.size()));
  }

  // Takes the file's pages into memory.
  Result<void> warm() {
    SMF_TRY(os::FileBytes::read(file_));
    return {};
  }
  // Takes them out; fails where one stays.
  Result<void> drop() {
    SMF_ASSIGN(const std::uint64_t stayed, os::drop_pages(file_));
    if (stayed == 0) return {};
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("the system keeps {} of the file's {} in memory when told to drop them: "
                    "it lies in memory, is mapped, or is somebody else's",
                    stayed, counted(pages_of(size()), "page")));
  }

 private:
  Opening(Slabs slabs, os::InputFile file) : slabs_(std::move(slabs)), file_(std::move(file)) {}

  Slabs slabs_;
  os::InputFile file_;
};

// Of each way to open the file: opening, and touching all of it as well.
void add_ways(const std::shared_ptr<Opening>& opening, Pages pages, Subjects& to) {
  const bool is_cold = pages == Pages::kCold;
  for (const bool is_touched : {false, true}) {
    for (const Placement placement : {Placement::kMap, Placement::kRead}) {
      const bool is_read = placement == Placement::kRead;
      std::string name = fmt::format("{}{}/{}", is_touched ? "touch" : "open",
                                     is_cold ? "_cold" : "", is_read ? "read" : "mapped");
      if ((is_read || is_touched) && opening->is_large()) {
        to.leave_out(std::move(name), kTooLarge);
        continue;
      }
      to.list.push_back(
          {.name = std::move(name),
           .title = fmt::format("open, {}, {}close; its pages {} memory", is_read ? "read" : "map",
                                is_touched ? "touch each page, " : "", is_cold ? "not in" : "in"),
           .sample = [=](std::uint64_t) { return opening->sample(placement, is_touched, pages); }});
    }
  }
}

// Whether the file can be taken out of memory, and back into it.
Result<void> try_cold(Opening& opening) {
  if (opening.is_large()) return fail(ErrorCode::kUnsupported, kTooLarge);
  SMF_TRY(opening.drop());
  return opening.warm();
}

}  // namespace

Result<void> add_file_subjects(const std::string& path, Subjects& to) {
  SMF_ASSIGN(const std::shared_ptr<Opening> opening, Opening::create(path));
  SMF_ASSIGN(const bool is_mapped, opening->is_mapped_by_cache());
  to.list.push_back({.name = "open/chosen",
                     .title = fmt::format("open as a cache would, which {} it, close",
                                          is_mapped ? "maps" : "reads"),
                     .sample = [=](std::uint64_t) {
                       return opening->sample(Placement::kBySize, false, Pages::kWarm);
                     }});
  add_ways(opening, Pages::kWarm, to);
  const Result<void> cold = try_cold(*opening);
  if (cold) add_ways(opening, Pages::kCold, to);
  for (const char* const name : {"open_cold", "touch_cold"})
    if (!cold) to.leave_out(name, cold.error().message);
  const std::uint64_t pages = pages_of(std::min(opening->size(), kMostBenchmarkedBytes));
  to.list.push_back({.name = "first_touch/mapped",
                     .title = fmt::format("a page of a new mapping, on average over {}", pages),
                     .sample = [=](std::uint64_t) { return opening->sample_first_touch(); }});
  return {};
}

}  // namespace smf::tool
