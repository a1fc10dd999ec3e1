#include "runtime/jit/note_updates.h"

#include <set>
#include <utility>

namespace smf::internal {

Result<void> NoteUpdates::move_of_one(const std::string& path,
                                      std::span<const FoundRow* const> rows) {
  File* file = nullptr;
  {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<File>& known = files_[path];
    if (known == nullptr) known = std::make_unique<File>();
    file = known.get();
  }
  const std::lock_guard lock(file->mutex);
  std::vector<NotePromotion> promotions;
  std::set<Row*> moving;  // a row that was asked for twice may wait twice
  for (const FoundRow* const found : rows) {
    const Row& row = *found->row;
    if (row.has_moved.load(std::memory_order_acquire) || !moving.insert(found->row).second)
      continue;
    promotions.push_back({.mangled_name = std::string(row.mangled_name),
                          .template_name = std::string(row.template_name),
                          .type_args = std::string(row.type_args),
                          .to_obj = std::string(row.moved_to())});
    if (made_in_.empty()) continue;
    promotions.back().from_file = made_in_;
    promotions.back().from_loc = made_in_ + ":0:0:jit";
  }
  if (promotions.empty()) return {};
  if (!file->updater) {
    auto opened = NoteUpdater::open(path, calls_);
    if (!opened) return std::unexpected(std::move(opened).error().at_path(path));
    file->updater.emplace(*std::move(opened));
  }
  if (auto moved = file->updater->promote(promotions); !moved) {
    file->updater.reset();
    return std::unexpected(std::move(moved).error().at_path(path));
  }
  for (const FoundRow* const found : rows)
    if (moving.contains(found->row)) metadata_.set_moved(*found->row);
  return {};
}

Result<void> NoteUpdates::move(
    std::span<const FoundRow> rows,
    const std::function<void(const FoundRow&, const Error&)>& on_failed) {
  std::map<std::string_view, std::vector<const FoundRow*>> by_path;
  for (const FoundRow& row : rows) by_path[row.module->path].push_back(&row);
  Result<void> result;
  for (const auto& [path, some] : by_path) {
    auto moved = move_of_one(std::string(path), some);
    if (moved) continue;
    if (on_failed)
      for (const FoundRow* const row : some) on_failed(*row, moved.error());
    if (result) result = std::unexpected(std::move(moved).error());
  }
  return result;
}

void NoteUpdates::move_later(FoundRow row) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(row));
}

Result<void> NoteUpdates::flush(const std::function<void(const JitUpdateFailed&)>& on_failed) {
  std::vector<FoundRow> rows;
  {
    const std::lock_guard lock(mutex_);
    rows.swap(waiting_);
  }
  return move(rows, [&](const FoundRow& row, const Error& error) {
    move_later(row);
    if (on_failed) on_failed({.symbol = std::string(row.row->mangled_name), .error = error});
  });
}

}  // namespace smf::internal
