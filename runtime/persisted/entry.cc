#include "runtime/persisted/entry.h"

#include <fmt/format.h>

#include <map>
#include <new>

#include "runtime/base/fences.h"

namespace smf {
namespace {

using layout::PersistedEntry;
using layout::PersistedFunctionEntry;
using layout::PersistedRelocationEntry;

constexpr std::uint64_t kFunctionAlignment = 16;
constexpr std::uint64_t kAddressSize = 8;

bool is_function_place(std::uint32_t offset, std::uint32_t size, std::uint64_t code_size) {
  return offset % kFunctionAlignment == 0 && in_range(offset, size, code_size);
}

bool is_relocation_place(std::uint32_t offset, std::uint64_t code_size) {
  return offset % kAddressSize == 0 && in_range(offset, kAddressSize, code_size);
}

std::uint64_t size_of(const PersistedEntry& entry) {
  const std::uint64_t size =
      sizeof entry + std::uint64_t{entry.function_count} * sizeof(PersistedFunctionEntry) +
      std::uint64_t{entry.relocation_count} * sizeof(PersistedRelocationEntry) + entry.code_size +
      entry.names_size;
  return align_up(size, kEntryAlignment);
}

Hash128 checksum_of(Bytes entry) {
  return xxh3_128(entry.subspan(offsetof(PersistedEntry, code_size)));
}

Result<void> check_piece(const PersistedPiece& piece) {
  const auto refuse = [](std::string message) {
    return fail(ErrorCode::kInvalidArgument, std::move(message));
  };
  if (piece.functions.empty()) return refuse("a piece of code without a function");
  for (const PersistedFunction& function : piece.functions) {
    if (!is_function_place(function.offset, function.size, piece.code.size()))
      return refuse(fmt::format("function '{}' at {} + {} of {} bytes of code", function.name,
                                function.offset, function.size, piece.code.size()));
  }
  for (const PersistedRelocation& relocation : piece.relocations) {
    if (!is_relocation_place(relocation.offset, piece.code.size()))
      return refuse(fmt::format("the address of '{}' at {} of {} bytes of code", relocation.name,
                                relocation.offset, piece.code.size()));
  }
  return {};
}

// Names, each once.
class NameArea {
 public:
  std::uint32_t place(std::string_view name) {
    const auto [at, is_new] = places_.emplace(name, static_cast<std::uint32_t>(bytes_.size()));
    if (is_new) append_bytes(bytes_, as_bytes(name));
    return at->second;
  }
  Bytes bytes() const { return bytes_; }

 private:
  std::map<std::string_view, std::uint32_t> places_;
  ByteVector bytes_;
};

// An upper bound, so that no offset wraps while the entry is put together.
std::uint64_t most_size_of(const PersistedPiece& piece) {
  std::uint64_t size = sizeof(PersistedEntry) + piece.code.size() + kEntryAlignment;
  for (const PersistedFunction& function : piece.functions)
    size += sizeof(PersistedFunctionEntry) + function.name.size();
  for (const PersistedRelocation& relocation : piece.relocations)
    size += sizeof(PersistedRelocationEntry) + relocation.name.size();
  return size;
}

ByteVector entry_of(const PersistedPiece& piece) {
  ByteVector out;
  append(out, PersistedEntry{});
  NameArea names;
  for (const PersistedFunction& function : piece.functions) {
    append(out,
           PersistedFunctionEntry{.key = function.key,
                                  .offset = function.offset,
                                  .size = function.size,
                                  .name_offset = names.place(function.name),
                                  .name_size = static_cast<std::uint32_t>(function.name.size())});
  }
  for (const PersistedRelocation& relocation : piece.relocations) {
    append(out, PersistedRelocationEntry{
                    .offset = relocation.offset,
                    .kind = relocation.kind,
                    .reserved = {},
                    .name_offset = names.place(relocation.name),
                    .name_size = static_cast<std::uint32_t>(relocation.name.size())});
  }
  append_bytes(out, piece.code);
  append_bytes(out, names.bytes());
  out.resize(align_up(out.size(), kEntryAlignment));
  PersistedEntry entry{.committed = 0,
                       .size = static_cast<std::uint32_t>(out.size()),
                       .checksum = {},
                       .code_size = static_cast<std::uint32_t>(piece.code.size()),
                       .function_count = static_cast<std::uint32_t>(piece.functions.size()),
                       .relocation_count = static_cast<std::uint32_t>(piece.relocations.size()),
                       .names_size = static_cast<std::uint32_t>(names.bytes().size()),
                       .reserved = 0};
  store(std::span(out), 0, entry);
  entry.checksum = checksum_of(out);
  store(std::span(out), 0, entry);
  return out;
}

}  // namespace

std::optional<std::string_view> PersistedCode::name(std::uint32_t offset,
                                                    std::uint32_t size) const {
  if (!in_range(offset, size, names_.size())) return std::nullopt;
  return as_text(names_.subspan(offset, size));
}

std::optional<PersistedFunction> PersistedCode::function(std::uint32_t index) const {
  SMF_CHECK(index < function_count_);
  const auto entry = load<PersistedFunctionEntry>(
      functions_, std::uint64_t{index} * sizeof(PersistedFunctionEntry));
  const auto named = name(entry.name_offset, entry.name_size);
  if (!named || !is_function_place(entry.offset, entry.size, code_.size())) return std::nullopt;
  return PersistedFunction{
      .key = entry.key, .offset = entry.offset, .size = entry.size, .name = *named};
}

std::optional<PersistedRelocation> PersistedCode::relocation(std::uint32_t index) const {
  SMF_CHECK(index < relocation_count_);
  const auto entry = load<PersistedRelocationEntry>(
      relocations_, std::uint64_t{index} * sizeof(PersistedRelocationEntry));
  const auto named = name(entry.name_offset, entry.name_size);
  if (!named || !is_relocation_place(entry.offset, code_.size())) return std::nullopt;
  return PersistedRelocation{.offset = entry.offset, .kind = entry.kind, .name = *named};
}

std::optional<EntryView> EntryView::at(Bytes section, std::uint64_t offset) {
  if (!in_range(offset, sizeof(PersistedEntry), section.size())) return std::nullopt;
  if (load<std::uint32_t>(section, offset) != kCommitted) return std::nullopt;
  acquire_fence();
  const auto entry = load<PersistedEntry>(section, offset);
  if (entry.size > kMaxEntrySize || size_of(entry) != entry.size || entry.function_count == 0 ||
      !in_range(offset, entry.size, section.size()))
    return std::nullopt;
  EntryView view;
  view.bytes_ = section.subspan(offset, entry.size);
  view.checksum_ = entry.checksum;
  std::uint64_t at = sizeof entry;
  const auto take = [&](std::uint64_t size) {
    at += size;
    return view.bytes_.subspan(at - size, size);
  };
  PersistedCode& parts = view.parts_;
  parts.function_count_ = entry.function_count;
  parts.relocation_count_ = entry.relocation_count;
  parts.functions_ = take(std::uint64_t{entry.function_count} * sizeof(PersistedFunctionEntry));
  parts.relocations_ =
      take(std::uint64_t{entry.relocation_count} * sizeof(PersistedRelocationEntry));
  parts.code_ = take(entry.code_size);
  parts.names_ = take(entry.names_size);
  return view;
}

bool EntryView::is_broken(Bytes section, std::uint64_t offset) {
  if (!in_range(offset, sizeof(std::uint32_t), section.size())) return false;
  return load<std::uint32_t>(section, offset) != 0;
}

Hash128 EntryView::key(std::uint32_t function) const {
  return load<Hash128>(parts_.functions_, std::uint64_t{function} * sizeof(PersistedFunctionEntry));
}

bool EntryView::is_sound() const {
  if (checksum_of(bytes_) != checksum_) return false;
  for (std::uint32_t i = 0; i < parts_.function_count_; ++i)
    if (!parts_.function(i)) return false;
  for (std::uint32_t i = 0; i < parts_.relocation_count_; ++i)
    if (!parts_.relocation(i)) return false;
  return true;
}

PersistedCode EntryView::code(std::uint32_t found) const {
  PersistedCode code = parts_;
  code.found_ = found;
  return code;
}

Result<ByteVector> write_entry(const PersistedPiece& piece) try {
  SMF_TRY(check_piece(piece));
  if (most_size_of(piece) > kMaxEntrySize) {
    return fail(ErrorCode::kLimit, fmt::format("'{}' is larger than {} bytes",
                                               piece.functions.front().name, kMaxEntrySize));
  }
  return entry_of(piece);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to persist code");
}

}  // namespace smf
