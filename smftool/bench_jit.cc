// smftool bench: templates become code, and code that was kept is found.

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/jit/jit_instantiator.h"
#include "smftool/counted.h"
#include "smftool/module_benchmark.h"
#include "smftool/native_functions.h"

namespace smf::tool {
namespace {

constexpr std::size_t kMostSymbols = 64;

using Symbols = std::vector<std::string>;

// A copy of the module that may be written to, in a folder of its own; both go with this object.
class PrivateCopy {
 public:
  static Result<std::shared_ptr<PrivateCopy>> create(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    std::string folder = fs::temp_directory_path(error) / "smftool-bench-XXXXXX";
    if (error || ::mkdtemp(folder.data()) == nullptr)
      return fail_system("create a folder", folder, error ? error.value() : errno);
    std::shared_ptr<PrivateCopy> copy(new PrivateCopy(folder));
    fs::copy_file(path, copy->path(), error);
    // Code is taken from files only that nobody else may write.
    if (!error) {
      fs::permissions(copy->path(), fs::perms::owner_read | fs::perms::owner_write, error);
    }
    if (error) return fail_system("copy the module to", folder, error.value());
    return copy;
  }
  PrivateCopy(const PrivateCopy&) = delete;
  PrivateCopy& operator=(const PrivateCopy&) = delete;
  ~PrivateCopy() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string path() const { return folder_ + "/module.smf"; }

 private:
  explicit PrivateCopy(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

enum class Kept { kIgnored, kTaken };  // code that the module holds already

Result<std::unique_ptr<JitInstantiator>> load(const std::string& path, UpdateMode mode, Kept kept) {
  JitOptions options{.update_mode = mode,
                     .trust_persisted = kept == Kept::kTaken ? TrustPersisted::kOwnerOnly
                                                             : TrustPersisted::kNever};
  options.symbol_sources = {native_function};
  SMF_ASSIGN(auto jit, JitInstantiator::create(std::move(options)));
  SMF_TRY(jit->load_metadata(path));
  return jit;
}

Result<void> request(JitInstantiator& jit, const std::string& symbol) {
  const JitResult result = jit.try_jit_instantiate(symbol);
  if (result.is_success()) return {};
  return fail(ErrorCode::kInvalidInput, result.describe());
}
Result<void> request_all(JitInstantiator& jit, std::span<const std::string> symbols) {
  for (const std::string& symbol : symbols) SMF_TRY(request(jit, symbol));
  return {};
}

// Symbols of the note that each compile something when they are asked for in this order: not what
// another one calls, or shares its code with. If there are none, why.
Result<Symbols> find_compilable(const std::string& path) {
  SMF_ASSIGN(const auto jit, load(path, UpdateMode::kOff, Kept::kIgnored));
  const auto metadata = jit->metadata(path);
  Symbols symbols;
  std::string why = "the note lists nothing that can be made from a template of the module";
  if (!metadata) return fail(ErrorCode::kNotFound, std::move(why));
  for (const auto* const rows : {&metadata->possible, &metadata->instantiations}) {
    for (const JitRow& row : *rows) {
      if (symbols.size() == kMostSymbols) break;
      if (!jit->can_jit_instantiate(row.mangled_name)) continue;
      const std::uint64_t before = jit->stats().compiled;
      if (const auto made = request(*jit, row.mangled_name); !made) {
        why = made.error().message;
      } else if (jit->stats().compiled != before) {
        symbols.push_back(row.mangled_name);
      }
    }
  }
  if (symbols.empty()) return fail(ErrorCode::kNotFound, std::move(why));
  return symbols;
}

// A new instantiator; the first request, or each of the others after it.
Result<double> time_requests(const std::string& path, Kept kept, const Symbols& symbols,
                             bool is_first) {
  SMF_ASSIGN(const auto jit, load(path, UpdateMode::kOff, kept));
  std::span<const std::string> timed = std::span(symbols).first(1);
  if (!is_first) {
    SMF_TRY(request_all(*jit, timed));
    timed = std::span(symbols).subspan(1);
  }
  const Watch watch;
  SMF_TRY(request_all(*jit, timed));
  const double time = watch.ns() / static_cast<double>(timed.size());
  if (kept == Kept::kTaken && jit->stats().compiled != 0)
    return fail(ErrorCode::kUnsupported, "code that was kept in a copy of the module is not taken");
  return time;
}

void add_compiling(const std::string& path, const Symbols& symbols, Subjects& to) {
  to.list.push_back({.name = "jit/load",
                     .title = "the note and the templates, into a new instantiator",
                     .sample = [=](std::uint64_t) -> Result<double> {
                       SMF_ASSIGN(const auto jit,
                                  JitInstantiator::create({.update_mode = UpdateMode::kOff}));
                       const Watch watch;
                       SMF_TRY(jit->load_metadata(path));
                       return watch.ns();
                     }});
  to.list.push_back({.name = "jit/first",
                     .title = "compile the first symbol: templates and memory are touched",
                     .sample = [=](std::uint64_t) {
                       return time_requests(path, Kept::kIgnored, symbols, true);
                     }});
  if (symbols.size() == 1) {
    to.leave_out("jit/cold", "the note has one symbol only that can be compiled: see jit/first");
    return;
  }
  to.list.push_back({.name = "jit/cold",
                     .title = fmt::format("compile a symbol, on average over {} after the first",
                                          symbols.size() - 1),
                     .sample = [=](std::uint64_t) {
                       return time_requests(path, Kept::kIgnored, symbols, false);
                     }});
}

Result<void> add_finding_compiled(const std::string& path, const Symbols& symbols, Subjects& to) {
  SMF_ASSIGN(auto made, load(path, UpdateMode::kOff, Kept::kIgnored));
  SMF_TRY(request_all(*made, symbols));
  const std::shared_ptr<JitInstantiator> jit = std::move(made);
  to.list.push_back({.name = "jit/warm",
                     .title = "a symbol that is compiled",
                     .sample = [jit, symbols](std::uint64_t count) -> Result<double> {
                       const Watch watch;
                       for (std::uint64_t i = 0; i != count; ++i)
                         keep(jit->try_jit_instantiate(symbols[i % symbols.size()]).address());
                       return watch.ns() / static_cast<double>(count);
                     },
                     .is_short = true});
  return {};
}

Result<void> add_persisted(const std::string& path, const Symbols& symbols, Subjects& to) {
  SMF_ASSIGN(const auto copy, PrivateCopy::create(path));
  {
    SMF_ASSIGN(const auto jit, load(copy->path(), UpdateMode::kDeferred, Kept::kTaken));
    SMF_TRY(request_all(*jit, symbols));
    SMF_TRY(jit->flush());
  }
  const bool is_first = symbols.size() == 1;
  to.list.push_back(
      {.name = is_first ? "jit/persisted_first" : "jit/persisted",
       .title = is_first ? std::string("a symbol whose code was kept, the first of a process")
                         : fmt::format("a symbol whose code was kept, over {} after the first",
                                       symbols.size() - 1),
       .sample = [=](std::uint64_t) {
         return time_requests(copy->path(), Kept::kTaken, symbols, is_first);
       }});
  return {};
}

}  // namespace

Result<void> add_jit_subjects(const std::string& path, Subjects& to) {
  const auto symbols = find_compilable(path);
  if (!symbols) {
    to.leave_out("jit", symbols.error().message);
    return {};
  }
  add_compiling(path, *symbols, to);
  SMF_TRY(add_finding_compiled(path, *symbols, to));
  std::error_code error;
  if (std::filesystem::file_size(path, error) > kMostBenchmarkedBytes || error) {
    to.leave_out("jit/persisted", "the file is too large to be copied");
  } else if (const auto added = add_persisted(path, *symbols, to); !added) {
    to.leave_out("jit/persisted", added.error().message);
  }
  return {};
}

}  // namespace smf::tool
