// Rows on their way from `possible` to `instantiations`, in the modules' files.
//
// A file is opened for updates when its first row moves, and what is known of its note is kept
// (note/update.h). Rows of one module that move together are one update, so two syncs.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/jit/jit_result.h"
#include "runtime/jit/metadata.h"
#include "runtime/note/update.h"

namespace smf::internal {

// Thread-safe: updates of one file take turns.
class NoteUpdates {
 public:
  // `made_in`: the file that rows are said to come from; empty: the module.
  NoteUpdates(Metadata& metadata, os::SystemCalls& calls, std::string made_in)
      : metadata_(metadata), calls_(calls), made_in_(std::move(made_in)) {}

  // Those of each module together; the first error, after all were tried.
  Result<void> move(std::span<const FoundRow> rows) { return move(rows, nullptr); }
  void move_later(FoundRow row);
  // What waits. Rows that could not be moved wait on; each is told.
  Result<void> flush(const std::function<void(const JitUpdateFailed&)>& on_failed);

 private:
  struct File {
    std::mutex mutex{};
    std::optional<NoteUpdater> updater{};
  };
  Result<void> move(std::span<const FoundRow> rows,
                    const std::function<void(const FoundRow&, const Error&)>& on_failed);
  Result<void> move_of_one(const std::string& path, std::span<const FoundRow* const> rows);

  Metadata& metadata_;
  os::SystemCalls& calls_;
  const std::string made_in_;
  std::mutex mutex_{};
  std::vector<FoundRow> waiting_{};
  std::map<std::string, std::unique_ptr<File>, std::less<>> files_{};
};

}  // namespace smf::internal
