#include "runtime/format/manifest/unpack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "runtime/format/building.h"
#include "runtime/format/convert.h"
#include "runtime/format/manifest/manifest.h"
#include "runtime/format/verify.h"
#include "testdata/golden/golden.h"

namespace smf {
namespace {

std::string unpack(const std::string& bytes) {
  const std::string folder = scratch_path("unpacked");
  const auto view = SmfView::open(as_bytes(bytes));
  EXPECT_TRUE(view) << view.error().describe();
  const auto done = unpack_module(*view, nullptr, folder);
  EXPECT_TRUE(done) << done.error().describe();
  return folder;
}

Result<std::string> pack(const std::string& folder, unsigned jobs = 1) {
  SMF_ASSIGN(const ModuleSpec spec, read_manifest(folder + "/manifest.sdn"));
  return build_bytes(spec, jobs);
}

Result<std::string> convert(const std::string& bytes) {
  SMF_ASSIGN(const SmfView view, SmfView::open(as_bytes(bytes)));
  SMF_ASSIGN(const ModuleSpec spec, spec_from_view(view, Target::kCurrent));
  return build_bytes(spec);
}

std::string repetitive(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < size) text += "entry " + std::to_string(random() % 1000) + ";";
  text.resize(size);
  return text;
}

ModuleSpec random_spec(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  ModuleSpec spec;
  spec.platform = static_cast<std::uint8_t>(random() % 6);
  spec.arch = static_cast<std::uint8_t>(random() % 8);
  spec.app_type = static_cast<std::uint8_t>(random() % 5);
  spec.flags =
      static_cast<std::uint32_t>(random() & ~std::uint64_t{kModuleExecutable}) & ~kModuleHasStub;
  spec.source_hash = random();
  spec.window_width = static_cast<std::uint16_t>(random());
  spec.prefetch_hint = static_cast<std::uint8_t>(random());
  for (auto& byte : spec.options_hash) byte = static_cast<std::uint8_t>(random());
  if (random() % 3 == 0) spec.exported_count = 12345;
  spec.format = random() % 4 == 0 ? OutputFormat::kH96 : OutputFormat::kP128;
  const bool is_new = spec.format == OutputFormat::kP128;
  spec.with_hash_section = is_new && random() % 4 != 0;
  spec.with_symbol_index = is_new && random() % 2 == 0;
  spec.with_module_hash = !is_new || random() % 4 != 0;
  if (is_new && random() % 3 == 0) spec.stub = text_source(repetitive(random() % 300 + 1, seed));
  spec.sections.push_back({.name = "code",
                           .type = static_cast<std::uint8_t>(SectionType::kCode),
                           .flags = kSectionRead | kSectionExec,
                           .alignment = 16,
                           .payload = text_source(repetitive(1000, seed))});
  // Some with several frames and jobs for the threads that compress; most without, which is
  // quicker.
  const std::uint64_t max_size = seed % 12 == 0 ? 3 << 20 : 100 << 10;
  for (int i = 0; i < 4; ++i) {
    SectionSpec section{.name = "data \"," + std::to_string(i),
                        .type = static_cast<std::uint8_t>(random() % 2 == 0 ? 2 : 100 + i),
                        .flags = static_cast<std::uint32_t>(random() % 4) | 0x20,
                        .alignment = std::uint64_t{1} << random() % 13,
                        .payload = text_source(repetitive(random() % max_size, seed + 1))};
    if (is_new && random() % 2 == 0)
      section.compression = {random() % 2 == 0 ? Algorithm::kZstd : Algorithm::kLz4, 2};
    spec.sections.push_back(section);
  }
  if (random() % 2 == 0) spec.sections.push_back(note_section("# a note\nkey: value\n"));
  if (random() % 2 == 0)
    spec.sections.push_back({.name = "zeros", .type = 4, .virtual_size = random() % 100000});
  for (std::uint64_t i = 0; i < random() % 40; ++i) {
    spec.symbols.push_back({.name = "symbol, \"" + std::to_string(i) + "\" \xC3\xA9",
                            .type = static_cast<SymbolType>(random() % 6),
                            .binding = static_cast<Binding>(random() % 3),
                            .visibility = 1,
                            .flags = static_cast<std::uint8_t>(random() & 0x0F),
                            .section = std::uint16_t{0},
                            .value = random() % 500,
                            .size = random() % 500,
                            .type_id = static_cast<std::uint32_t>(random()),
                            .version = static_cast<std::uint32_t>(random())});
  }
  spec.symbols.push_back(
      {.name = "far", .type = SymbolType::kConstant, .value = random() | 1ull << 63});
  return spec;
}

TEST(Unpack, ThenPackGivesTheIdenticalFileForEveryFileWeWrite) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const auto bytes = build_bytes(random_spec(seed), 2);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    const std::string folder = unpack(*bytes);
    const auto again = pack(folder, 2);
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_TRUE(*again == *bytes);
    std::filesystem::remove_all(folder);
  }
}

TEST(Unpack, ThenPackGivesWhatConvertGivesForForeignFiles) {
  for (const golden::File& file : golden::golden_files()) {
    if (!file.refusal.empty()) continue;
    SCOPED_TRACE(file.name);
    const auto again = pack(unpack(file.bytes));
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(again, convert(file.bytes));
  }
}

ModuleSpec compressed_spec(int level) {
  ModuleSpec spec;
  spec.sections.push_back({.name = "data",
                           .type = static_cast<std::uint8_t>(SectionType::kData),
                           .payload = text_source(repetitive(50'000, 9)),
                           .compression = {Algorithm::kZstd, level}});
  spec.sections.push_back(note_section("# a note\n"));
  return spec;
}

TEST(Unpack, KeepsPayloadsThatThisLibraryWouldCompressOtherwise) {
  // What another version of zstd wrote cannot be had again by compressing: two frames stand for it.
  const auto bytes = build_bytes(compressed_spec(19));
  ASSERT_TRUE(bytes);
  const std::string folder = unpack(*bytes);
  std::string manifest = read_file(folder + "/manifest.sdn");
  const auto at = manifest.find("zstd:19");
  ASSERT_NE(at, std::string::npos);
  manifest.replace(at, 7, "zstd:1");
  write_file(folder + "/manifest.sdn", manifest);
  const auto again = pack(folder);
  ASSERT_TRUE(again) << again.error().describe();
  const auto before = SmfView::open(as_bytes(*bytes));
  const auto after = SmfView::open(as_bytes(*again));
  EXPECT_EQ(as_text(before->stored(*before->section(0))),
            as_text(after->stored(*after->section(0))));
}

TEST(Unpack, CompressesAnewWhereContentOrPayloadHasChanged) {
  for (const bool change_content : {true, false}) {
    const auto bytes = build_bytes(compressed_spec(3));
    ASSERT_TRUE(bytes);
    const std::string folder = unpack(*bytes);
    const std::string content = "changed " + repetitive(50'000, 10);
    if (change_content) {
      write_file(folder + "/sections/00-data.bin", content);
    } else {
      write_file(folder + "/stored/00-data.zst", "damaged");
    }
    const auto again = pack(folder);
    ASSERT_TRUE(again) << again.error().describe();
    const auto view = SmfView::open(as_bytes(*again));
    ASSERT_TRUE(view);
    ASSERT_TRUE(verify_module(*view)->ok());
    const auto section = *view->section(0);
    const auto unpacked = decompress(view->stored(section), section.virtual_size);
    ASSERT_TRUE(unpacked);
    EXPECT_EQ(as_text(*unpacked), change_content ? content : repetitive(50'000, 9));
  }
}

TEST(Unpack, GivesAnEditedNoteItsRoomAgain) {
  const std::string folder = unpack(*build_bytes(compressed_spec(3)));
  write_file(folder + "/note.sdn", "# another note\n");
  const auto again = pack(folder);
  ASSERT_TRUE(again);
  const auto view = SmfView::open(as_bytes(*again));
  EXPECT_EQ(**view->note(), "# another note\n# END_NOTE\n");
  EXPECT_GE((**view->find_section(kNoteSection)).size, 4096u);
}

TEST(Unpack, StaysInItsFolderWhateverSectionsAreCalled) {
  ModuleSpec spec;
  for (const char* name : {"../../up", "/tmp/absolute", "..", ".", "a/../../../b", "..\\up"}) {
    spec.sections.push_back({.name = name,
                             .type = static_cast<std::uint8_t>(SectionType::kData),
                             .payload = text_source(repetitive(3000, 1)),
                             .compression = {Algorithm::kZstd, 3}});
    spec.sections.push_back({.name = std::string(name) + "!",
                             .type = static_cast<std::uint8_t>(SectionType::kData),
                             .payload = text_source("as it is")});
  }
  const auto bytes = build_bytes(spec);
  ASSERT_TRUE(bytes) << bytes.error().describe();
  const auto view = SmfView::open(as_bytes(*bytes));
  ASSERT_TRUE(view);

  const std::string parent = scratch_path("parent");
  ASSERT_TRUE(std::filesystem::create_directory(parent));
  ASSERT_TRUE(unpack_module(*view, nullptr, parent + "/in"));
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(parent))
    found.push_back(entry.path().filename());
  EXPECT_EQ(found, std::vector<std::string>{"in"});
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(parent + "/in")) {
    EXPECT_FALSE(entry.is_symlink()) << entry.path();
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 6u * 3 + 1);  // content and stored, content, and the manifest
  EXPECT_FALSE(std::filesystem::exists("/tmp/absolute"));
  EXPECT_EQ(pack(parent + "/in"), *bytes);
}

TEST(Unpack, WritesNothingWhereTheFolderIsNotEmpty) {
  const std::string folder = scratch_path("occupied");
  std::filesystem::create_directory(folder);
  write_file(folder + "/mine", "mine");
  const auto bytes = build_bytes(compressed_spec(3));
  const auto view = SmfView::open(as_bytes(*bytes));
  const auto done = unpack_module(*view, nullptr, folder);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kSystem);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(Unpack, LeavesNothingBehindWhereALimitIsReached) {
  const std::string parent = scratch_path("parent");
  std::filesystem::create_directory(parent);
  const auto bytes = build_bytes(compressed_spec(3));
  const auto view = SmfView::open(as_bytes(*bytes));
  const auto done = unpack_module(*view, nullptr, parent + "/out", {.limits = {.max_bytes = 100}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(std::filesystem::is_empty(parent));
}

TEST(Unpack, BoundsWhatAllSectionsExpandToTogether) {
  ModuleSpec spec;
  for (int i = 0; i < 20; ++i) {
    spec.sections.push_back({.name = "zeros " + std::to_string(i),
                             .type = static_cast<std::uint8_t>(SectionType::kData),
                             .payload = text_source(std::string(1u << 20, '\0')),
                             .compression = {Algorithm::kZstd, 3}});
  }
  const auto bytes = build_bytes(spec);
  ASSERT_TRUE(bytes);
  const auto view = SmfView::open(as_bytes(*bytes));
  const std::string parent = scratch_path("parent");
  std::filesystem::create_directory(parent);
  // Each of them is too small to be asked for its ratio.
  const auto done = unpack_module(*view, nullptr, parent + "/out", {.limits = {.max_ratio = 1000}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kLimit);
  EXPECT_NE(done.error().message.find("together"), std::string::npos) << done.error().message;
  EXPECT_TRUE(std::filesystem::is_empty(parent));

  const auto report = verify_module(*view, {.limits = {.max_ratio = 1000}});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->errors, 1u);
  EXPECT_TRUE(verify_module(*view)->ok());
}

TEST(Unpack, RefusesSectionsThatShareTheirBytes) {
  ModuleSpec spec;
  spec.sections.push_back({.name = "large",
                           .type = static_cast<std::uint8_t>(SectionType::kDebug),
                           .payload = text_source(repetitive(4u << 20, 1))});
  for (int i = 0; i < 8; ++i) {
    spec.sections.push_back({.name = "another " + std::to_string(i),
                             .type = static_cast<std::uint8_t>(SectionType::kDebug),
                             .payload = text_source("small")});
  }
  auto bytes = build_bytes(spec);
  ASSERT_TRUE(bytes);
  const std::uint64_t table = SmfView::open(as_bytes(*bytes))->header().section_table;
  // Offset, size and size in memory of each are those of the first.
  for (std::size_t i = 1; i <= 8; ++i)
    std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(table + 8), 24,
                bytes->begin() + static_cast<std::ptrdiff_t>(table + i * 64 + 8));
  const auto view = SmfView::open(as_bytes(*bytes));
  ASSERT_TRUE(view) << view.error().describe();
  const auto done = unpack_module(*view, nullptr, scratch_path("shared"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kLimit);
  EXPECT_FALSE(spec_from_view(*view, Target::kCurrent));
}

TEST(Manifest, CanBeWrittenByHand) {
  const std::string folder = scratch_path("by-hand");
  std::filesystem::create_directory(folder);
  write_file(folder + "/code.bin", std::string(100, '\xC3'));
  write_file(folder + "/note.sdn", "# a note\n");
  write_file(folder + "/manifest.sdn",
             "manifest: 1\n"
             "module:\n"
             "    platform: linux\n"
             "    flags: executable 0x100\n"
             "    entry_point: 0x2a\n"
             "sections |name, type, flags, align, file|\n"
             "    code, code, r-x, 16, code.bin\n"
             "    note.sdn, template-meta, r, 1, note.sdn\n"
             "    extra, 200, , , code.bin\n"
             "symbols |name, section, value|\n"
             "    main, code, 42\n");
  const auto bytes = pack(folder);
  ASSERT_TRUE(bytes) << bytes.error().describe();
  const auto view = SmfView::open(as_bytes(*bytes));
  ASSERT_TRUE(view) << view.error().describe();
  EXPECT_EQ(view->header().entry_point, 42u);
  EXPECT_EQ(view->header().flags, 0x101u);
  EXPECT_EQ((**view->find_symbol("main")).value, 42u);
  EXPECT_EQ(view->section(2)->type, 200);
  EXPECT_TRUE(verify_module(*view)->ok());
}

void expect_refused(std::string_view text, std::string_view part) {
  const std::string folder = scratch_path("refused");
  std::filesystem::create_directory(folder);
  write_file(folder + "/f", "content");
  write_file(folder + "/manifest.sdn", text);
  const auto spec = read_manifest(folder + "/manifest.sdn");
  ASSERT_FALSE(spec) << text;
  EXPECT_EQ(spec.error().path,
            spec.error().code == ErrorCode::kSystem ? spec.error().path : folder + "/manifest.sdn");
  EXPECT_NE(spec.error().message.find(part), std::string::npos) << spec.error().describe();
}

TEST(Manifest, SaysWhereItIsWrong) {
  const std::string head = "manifest: 1\n";
  const std::string table = head + "sections |name, type, file|\n    ";
  expect_refused("manifest: 2\n", "1:11: expected `manifest: 1`");
  expect_refused("x: 1\n", "expected `manifest: 1`");
  expect_refused(head, "needs a table 'sections'");
  expect_refused(head + "other: 1\n", "unknown key 'other'");
  expect_refused(head + "module:\n    arch: pdp11\n", "3:11: arch: 'pdp11' is not known");
  expect_refused(head + "module:\n    window_width: 70000\n", "from 0 to 65535");
  expect_refused(head + "sections |name, type, color|\n    a, b, c\n", "unknown column 'color'");
  expect_refused(head + "sections |name, file|\n    a, f\n", "needs a column 'type'");
  expect_refused(table + "a, nothing, f\n", "type: 'nothing' is not known");
  expect_refused(table + "a, data, missing\n", "No such file");
  expect_refused(table + "a, data, \n", "has no file");
  expect_refused(table + "a, data, f\n    a, data, f\n", "is there already");
  expect_refused(table + "a, data, f\nsymbols |name, section|\n    s, b\n", "no section 'b'");
  expect_refused("manifest: 1\nmodule: [\n", "3:1: expected a value");
}

}  // namespace
}  // namespace smf
