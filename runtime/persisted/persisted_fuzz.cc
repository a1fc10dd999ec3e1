// Any bytes as a module's section `.smf.jit`: nothing leads out of bounds, and the next writer gets
// its code in.
//
//   ./bazelw run --config=fuzz //runtime/persisted:persisted_fuzz -- -max_total_time=600
//
// The first byte of an input says whether checksums are made right before the rest, which follows
// the header, is read: a fuzzer does not find them.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "runtime/base/check.h"
#include "runtime/format/assembly.h"
#include "runtime/note/fuzzing.h"
#include "runtime/persisted/reader.h"
#include "runtime/persisted/room.h"
#include "runtime/persisted/verify_persisted.h"
#include "runtime/persisted/writer.h"

namespace smf::fuzzing {
namespace {

// Of its own, exactly, so that a step out of it is seen.
ByteVector section_from(Bytes input) {
  ByteVector section;
  append(section, layout::kEmptyJitRoom);
  const bool mends = !input.empty() && (input[0] & std::byte{1}) != std::byte{0};
  append_bytes(section, input.subspan(std::min<std::size_t>(input.size(), 1)));
  std::uint64_t at = kFirstEntry;
  while (const auto entry = EntryView::at(section, at)) {
    if (mends)
      store(std::span(section), at + offsetof(layout::PersistedEntry, checksum),
            xxh3_128(entry->bytes().subspan(offsetof(layout::PersistedEntry, code_size))));
    at += entry->size();
  }
  section.shrink_to_fit();
  return section;
}

// Reads all of it.
std::uint64_t sum_of(const PersistedCode& code) {
  std::uint64_t sum = xxh3_64(code.code());
  SMF_CHECK(code.found() < code.function_count());
  for (std::uint32_t i = 0; i < code.function_count(); ++i) {
    const auto function = code.function(i);
    SMF_CHECK(function && in_range(function->offset, function->size, code.code().size()));
    sum += xxh3_64(as_bytes(function->name));
  }
  for (std::uint32_t i = 0; i < code.relocation_count(); ++i) {
    const auto relocation = code.relocation(i);
    SMF_CHECK(relocation && in_range(relocation->offset, 8, code.code().size()));
    sum += xxh3_64(as_bytes(relocation->name));
  }
  return sum;
}

void check_reader(Bytes section) {
  PersistedCodeReader reader(section);
  SMF_CHECK(reader.refresh());
  std::uint64_t at = kFirstEntry, entries = 0, sum = 0;
  while (const auto entry = EntryView::at(section, at)) {
    at += entry->size();
    ++entries;
    for (std::uint32_t i = 0; i < entry->function_count(); ++i) {
      const auto code = reader.find(entry->key(i));
      if (!code) continue;
      SMF_CHECK(code->function(code->found())->key == entry->key(i));
      sum += sum_of(*code);
    }
  }
  SMF_CHECK(reader.index().end() == at && reader.index().entry_count() == entries);
  const ByteVector merged = merged_room(section, {});
  PersistedCodeReader again(merged);
  SMF_CHECK(again.refresh() && again.index().end() == merged.size());
  static_cast<void>(sum);
}

void check_writer(const ByteVector& section) {
  ModuleSpec spec = module_without_note();
  spec.sections.push_back(jit_room_section(section, section.size()));
  os::MemoryCalls calls;
  auto out = os::OutputFile::create(kPath, {}, calls);
  SMF_CHECK(out && build_module(spec, {}, *out) && out->commit());
  auto writer = PersistedCodeWriter::open(kPath, calls);
  SMF_CHECK(writer);
  const ByteVector code(32);
  const PersistedFunction function{
      .key = {0x1234, 0x5678}, .offset = 16, .size = 16, .name = "fuzz$i64"};
  SMF_CHECK(writer->append({.code = code, .functions = std::span(&function, 1)}));
  const auto view = SmfView::open(as_bytes(calls.bytes(kPath)));
  SMF_CHECK(view);
  auto reader = PersistedCodeReader::open(*view);
  SMF_CHECK(reader && reader->refresh());
  SMF_CHECK(reader->find(function.key));
  VerifyReport report;
  SMF_CHECK(verify_persisted(*view, {}, report));
}

}  // namespace
}  // namespace smf::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzzing = smf::fuzzing;
  const smf::ByteVector section = fuzzing::section_from(std::as_bytes(std::span(data, size)));
  fuzzing::check_reader(section);
  fuzzing::check_writer(section);
  return 0;
}
