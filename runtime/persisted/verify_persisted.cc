#include "runtime/persisted/verify_persisted.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "runtime/format/assembly.h"
#include "runtime/persisted/entry.h"
#include "runtime/persisted/reader.h"

namespace smf {
namespace {

class RoomVerifier {
 public:
  RoomVerifier(const Section& section, Bytes bytes, const VerifyOptions& options,
               VerifyReport& report)
      : section_(section), bytes_(bytes), options_(options), report_(report) {}

  void run() {
    if (section_.compressed) return find(Severity::kError, 0, "is compressed");
    switch (jit_room_state(bytes_)) {
      case JitRoomState::kAbsent:
        return find(Severity::kError, 0, "does not begin with SMFJ");
      case JitRoomState::kNewer:
        return find(Severity::kNote, 4, "is of a later version, and was not looked into");
      case JitRoomState::kUsable:
        break;
    }
    if (bytes_.size() > kMostJitRoom)
      find(Severity::kError, 0, fmt::format("is larger than {} bytes", kMostJitRoom));
    check_entries();
  }

 private:
  void find(Severity severity, std::uint64_t offset, std::string_view what) {
    report_.add({.severity = severity,
                 .offset = section_.offset + offset,
                 .message = fmt::format("section '{}' {}", kJitRoomSection, what)},
                options_.max_findings);
  }

  void check_entries() {
    std::uint64_t at = kFirstEntry;
    for (std::uint64_t i = 0;; ++i) {
      const auto entry = EntryView::at(bytes_, at);
      if (!entry) break;
      if (!entry->is_sound())
        find(Severity::kError, at, fmt::format("holds a damaged entry, number {}", i));
      at += entry->size();
    }
    if (EntryView::is_broken(bytes_, at)) {
      find(Severity::kError, at, "holds what is no entry; what follows is not found");
      return;
    }
    const Bytes rest = bytes_.subspan(std::min<std::uint64_t>(at, bytes_.size()));
    const auto left = std::ranges::find_if(rest, [](std::byte b) { return b != std::byte{0}; });
    if (left != rest.end()) find(Severity::kNote, at, "holds the rest of an interrupted update");
  }

  const Section& section_;
  Bytes bytes_;
  const VerifyOptions& options_;
  VerifyReport& report_;
};

}  // namespace

Result<void> verify_persisted(const SmfView& view, const VerifyOptions& options,
                              VerifyReport& report) try {
  const auto section = view.find_section(kJitRoomSection);
  if (!section || !*section) return {};  // verify_module() tells what is wrong with the table
  RoomVerifier(**section, view.stored(**section), options, report).run();
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to verify persisted code");
}

}  // namespace smf
