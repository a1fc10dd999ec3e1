#include "runtime/jit/placing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace smf::internal {
namespace {

std::unexpected<Error> no_memory(Error error) {
  error.message = fmt::format("Failed to allocate executable memory: {}", error.message);
  return std::unexpected(std::move(error));
}

Result<void> fill_in(const codegen::Code& code, std::span<const std::string_view> names,
                     const std::byte* address, std::span<std::byte> to, const FindAddress& find) {
  std::ranges::copy(code.bytes, to.begin());
  for (const codegen::Relocation& relocation : code.relocations) {
    const void* target = nullptr;
    const auto own = relocation.symbol.kind == codegen::Symbol::Kind::kFunction
                         ? std::ranges::find(names, relocation.symbol.name)
                         : names.end();
    if (own != names.end()) {
      target = address + code.entries[static_cast<std::size_t>(own - names.begin())].offset;
    } else {
      SMF_ASSIGN(target, find(relocation.symbol));
    }
    std::memcpy(to.data() + relocation.offset, &target, sizeof target);
  }
  return {};
}

// Whether debuggers can be told each function's place: one behind the other, from the start.
bool is_in_order(const codegen::Code& code) {
  if (code.entries[0].offset != 0) return false;
  for (std::size_t i = 1; i != code.entries.size(); ++i)
    if (code.entries[i].offset <= code.entries[i - 1].offset ||
        code.entries[i].offset % CodeBatch::kAlignment != 0)
      return false;
  return true;
}

Result<Placed> place_batch(CodeMemory& memory, const codegen::Code& code,
                           std::span<const std::string_view> names, const FindAddress& find) {
  auto batch = memory.begin_batch(code.bytes.size());
  if (!batch) return no_memory(std::move(batch).error());
  std::span<std::byte> to;
  const std::byte* address = nullptr;
  for (std::size_t i = 0; i != code.entries.size(); ++i) {
    const std::size_t end =
        i + 1 == code.entries.size() ? code.bytes.size() : code.entries[i + 1].offset;
    const auto part = batch->add(end - code.entries[i].offset, names[i]);
    if (!part) return fail(ErrorCode::kInvalidInput, "functions that overlap");
    if (i != 0) continue;
    address = part->address;
    to = {part->bytes.data(), code.bytes.size()};
  }
  SMF_TRY(fill_in(code, names, address, to, find));
  auto committed = batch->commit(names[0]);
  if (!committed) return no_memory(std::move(committed).error());
  return Placed{static_cast<const std::byte*>(*committed), code.bytes.size()};
}

}  // namespace

Result<void> check_code(const codegen::Code& code, std::size_t functions) {
  const std::size_t size = code.bytes.size();
  if (code.entries.size() != functions || size == 0)
    return fail(ErrorCode::kInvalidInput, fmt::format("the compiler made {} functions of {}",
                                                      code.entries.size(), functions));
  for (const codegen::Entry& entry : code.entries)
    if (entry.offset >= size || entry.size > size - entry.offset)
      return fail(ErrorCode::kInvalidInput, "the compiler made a function outside of its code");
  for (const codegen::Relocation& relocation : code.relocations)
    if (size < sizeof(void*) || relocation.offset > size - sizeof(void*))
      return fail(ErrorCode::kInvalidInput, "the compiler wants an address outside of its code");
  return {};
}

Result<Placed> place_code(CodeMemory& memory, const codegen::Code& code,
                          std::span<const std::string_view> names, const FindAddress& find) {
  if (code.entries.size() > 1 && is_in_order(code)) return place_batch(memory, code, names, find);
  auto writer = memory.begin(code.bytes.size());
  if (!writer) return no_memory(std::move(writer).error());
  SMF_TRY(fill_in(code, names, writer->address(), writer->bytes(), find));
  auto committed = writer->commit(names[0]);
  if (!committed) return no_memory(std::move(committed).error());
  return Placed{static_cast<const std::byte*>(*committed), code.bytes.size()};
}

}  // namespace smf::internal
