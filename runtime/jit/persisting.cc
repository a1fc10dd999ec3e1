#include "runtime/jit/persisting.h"

#include <sys/stat.h>

#include <deque>
#include <set>
#include <utility>

#include "runtime/codegen/compiler.h"
#include "runtime/exec/machine_code.h"

namespace smf::internal {
namespace {

void add(Xxh3Stream& stream, std::string_view text) {
  const std::uint64_t size = text.size();
  stream.update(std::as_bytes(std::span(&size, 1)));
  stream.update(as_bytes(text));
}

void add(Xxh3Stream& stream, const Hash128& hash) {
  stream.update(std::as_bytes(std::span(&hash, 1)));
}

}  // namespace

Hash128 target_hash(const codegen::CodeTarget& target) {
  const codegen::Features& features = target.features;
  std::string text = "smf persisted code 2";
  for (const bool one : {features.popcnt, features.lzcnt, features.bmi1, features.bmi2,
                         features.sse41, features.fma, !kLandingPad.empty()})
    text += one ? '1' : '0';
  text += static_cast<char>('A' + static_cast<int>(target.machine));
  text += std::to_string(codegen::kCodeVersion);
  return xxh3_128(as_bytes(text));
}

Hash128 persisted_key(const Hash128& source, const Hash128& target) {
  const Hash128 parts[] = {source, target};
  return xxh3_128(std::as_bytes(std::span(parts)));
}

std::optional<Hash128> source_hash(const Metadata& metadata, TemplateRecord& record,
                                   std::string_view args, std::string_view shape) {
  Xxh3Stream stream;
  add(stream, args);
  add(stream, shape);
  const auto own = record.parsed();
  if (!own) return std::nullopt;
  add(stream, record.name());
  add(stream, (*own)->hash);
  if ((*own)->callees.empty()) return stream.digest_128();
  // In the order in which a walk in breadth meets them, which the bodies determine.
  std::set<std::string, std::less<>> seen = {record.name()};
  std::vector<std::shared_ptr<TemplateRecord>> kept;
  std::deque<const TemplateRecord::Parsed*> open = {*own};
  for (; !open.empty(); open.pop_front()) {
    for (const std::string& name : open.front()->callees) {
      if (!seen.insert(name).second) continue;
      add(stream, name);
      auto callee = metadata.find_template(name);
      if (callee == nullptr) continue;
      const auto parsed = callee->parsed();
      kept.push_back(std::move(callee));
      if (!parsed) return std::nullopt;
      add(stream, (*parsed)->hash);
      open.push_back(*parsed);
    }
  }
  return stream.digest_128();
}

std::shared_ptr<const PersistedRoom> open_room(const ModuleRef& ref, const std::string& path,
                                               TrustPersisted rule, os::SystemCalls& calls) {
  auto reader = PersistedCodeReader::open(ref.view());
  if (!reader || reader->section().empty()) return nullptr;
  PersistedRoom room{.reader = *std::move(reader)};
  if (rule == TrustPersisted::kNever || !room.reader.refresh())
    return std::make_shared<const PersistedRoom>(std::move(room));
  struct stat status{};
  // The path may name another file by now than the one that is mapped.
  room.is_trusted =
      rule == TrustPersisted::kAlways ||
      (calls.stat(path.c_str(), &status) == 0 &&
       FileIdentity::of(status).is_same_file(ref.identity()) && smf::is_trusted(status, rule));
  return std::make_shared<const PersistedRoom>(std::move(room));
}

void Persisting::write_later(const std::string& path, PieceToPersist piece) {
  const std::lock_guard lock(mutex_);
  waiting_[path].push_back(std::move(piece));
}

Result<void> Persisting::write(const std::string& path, std::span<const PieceToPersist> pieces) {
  auto writer = writers_.find(path);
  if (writer == writers_.end()) {
    auto opened = PersistedCodeWriter::open(path, calls_);
    if (!opened) return std::unexpected(std::move(opened).error().at_path(path));
    writer = writers_.emplace(path, *std::move(opened)).first;
  }
  std::vector<PersistedPiece> views;
  for (const PieceToPersist& piece : pieces)
    views.push_back(
        {.code = piece.code, .functions = piece.functions, .relocations = piece.relocations});
  auto added = writer->second.append(views);
  if (added) return {};
  writers_.erase(writer);
  return std::unexpected(std::move(added).error().at_path(path));
}

Result<void> Persisting::flush() {
  std::map<std::string, std::vector<PieceToPersist>> pieces;
  {
    const std::lock_guard lock(mutex_);
    pieces.swap(waiting_);
  }
  const std::lock_guard lock(writing_);
  Result<void> result;
  for (const auto& [path, some] : pieces) {
    auto written = write(path, some);
    if (!written && result) result = std::move(written);
  }
  return result;
}

}  // namespace smf::internal
