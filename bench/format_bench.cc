// Modules against their peers: opening one and finding a symbol against dlopen and dlsym of a
// shared object made of the same objects; opening one of 10 000 symbols against one of 10; packing
// and unpacking against the zstd library's own rate at the same level, multi-threaded where it has
// threads; reading single pages of a compressed section against having them uncompressed, and
// against decompressing up to them.
//
//   ./bazelw run -c opt //bench:format_bench
//
// Both sides do the same work: files are read from and written to the same folder (TMPDIR), outputs
// are synced and renamed, checksums are on, and results are checked.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "bench/instructions.h"
#include "bench/ratios.h"
#include "bench/results.h"
#include "bench/temporary_folder.h"
#include "runtime/base/check.h"
#include "runtime/format/builder.h"
#include "runtime/format/elf/import.h"
#include "runtime/format/elf/module_sections.h"
#include "runtime/format/view.h"
#include "runtime/os/input_file.h"
#include "runtime/os/output_file.h"

namespace smf::bench {
namespace {

[[maybe_unused]] const bool kIsTold = tell_library("zstd", ZSTD_VERSION_STRING);

// Of what throughput is measured on.
std::size_t data_size() { return std::size_t{results().is_brief ? 4u : 64u} << 20; }
constexpr int kLevel = 3;
constexpr std::size_t kPage = 4096;

unsigned cores() { return std::max(std::thread::hardware_concurrency(), 1u); }

// What the build put beside this program.
std::string beside_the_program(const char* name) {
  return (std::filesystem::canonical("/proc/self/exe").parent_path() / name).string();
}

// A folder that goes when the program ends.
class Workspace {
 public:
  Workspace() {
    folder_ = own_path("format_bench");
    std::filesystem::create_directory(folder_);
    pack_functions();
    for (const int count : {10, 10'000}) pack_symbols(count);
  }
  ~Workspace() { std::filesystem::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }
  // The file all throughput is measured on.
  const std::string& data() const {
    static const std::string kPath = [&] {
      write("data", make_data());
      return path("data");
    }();
    return kPath;
  }

 private:
  void write(const char* name, Bytes bytes) const {
    auto out = os::OutputFile::create(path(name));
    SMF_CHECK(out && out->append(bytes) && out->commit());
  }

  // The module of the same code that libfunctions.so holds.
  void pack_functions() const {
    // Bazel calls the archive by how its objects were compiled.
    const std::string plain = beside_the_program("libfunctions.lo");
    const std::string path =
        std::filesystem::exists(plain) ? plain : beside_the_program("libfunctions.pic.lo");
    const auto archive = os::FileBytes::load(path);
    SMF_CHECK(archive);
    const elf::InputFile input{.path = path, .bytes = archive->bytes()};
    auto object = elf::import_objects(std::span(&input, 1));
    SMF_CHECK(object);
    ModuleSpec spec;
    spec.arch = static_cast<std::uint8_t>(elf::arch_of(object->machine));
    spec.with_symbol_index = true;
    SMF_CHECK(elf::add_object(*std::move(object), spec));
    auto out = os::OutputFile::create(this->path("functions.smf"));
    SMF_CHECK(out && build_module(spec, {}, *out) && out->commit());
  }

  // A section, and symbols that all mean its start.
  void pack_symbols(int count) const {
    ModuleSpec spec;
    spec.with_symbol_index = true;
    spec.sections.push_back({.name = "code",
                             .type = static_cast<std::uint8_t>(SectionType::kCode),
                             .flags = kSectionRead | kSectionExec,
                             .alignment = 16,
                             .payload = text_source(std::string(64, '\xC3'))});
    for (int i = 0; i != count; ++i)
      spec.symbols.push_back({.name = fmt::format("symbol_{}", i), .section = 0});
    auto out = os::OutputFile::create(path(fmt::format("symbols_{}.smf", count).c_str()));
    SMF_CHECK(out && build_module(spec, {}, *out) && out->commit());
  }

  // Compresses to about a third, as tables of records do: names that recur, numbers that do not.
  static ByteVector make_data() {
    std::mt19937_64 random(1);
    std::string text;
    while (text.size() < data_size()) {
      text += fmt::format("    {}, \"List$Type{}\", \"module_{}\", 0x{:08x}, compiled\n",
                          text.size(), random() % 4000, random() % 200, random() & 0xFFFFFFFF);
    }
    text.resize(data_size());
    const Bytes bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
  }

  std::filesystem::path folder_;
};

const Workspace& workspace() {
  static const Workspace instance;
  return instance;
}

// --- Opening and finding ---

constexpr const char* kSymbol = "function_7777";

void open_find_ours(benchmark::State& state) {
  const std::string path = workspace().path("functions.smf");
  for (auto _ : state) {
    const auto file = os::FileBytes::map(path);
    SMF_CHECK(file);
    const auto view = SmfView::open(file->bytes());
    SMF_CHECK(view);
    const auto symbol = view->find_symbol(kSymbol);
    SMF_CHECK(symbol && *symbol && (*symbol)->section);
    benchmark::DoNotOptimize((*symbol)->value);
  }
}

void open_find_dlopen(benchmark::State& state) {
  const std::string path = beside_the_program("libfunctions.so");
  for (auto _ : state) {
    void* handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
    SMF_CHECK(handle != nullptr);
    void* symbol = dlsym(handle, kSymbol);
    SMF_CHECK(symbol != nullptr);
    benchmark::DoNotOptimize(symbol);
    dlclose(handle);
  }
}

// Of a module that is mapped.
void open_view(benchmark::State& state, const char* name) {
  const auto file = os::FileBytes::map(workspace().path(name));
  SMF_CHECK(file);
  for (auto _ : state) {
    const auto view = SmfView::open(file->bytes());
    SMF_CHECK(view);
    benchmark::DoNotOptimize(view->symbol_count());
  }
}

void find_ours(benchmark::State& state) {
  const auto file = os::FileBytes::map(workspace().path("functions.smf"));
  const auto view = SmfView::open(file->bytes());
  for (auto _ : state) benchmark::DoNotOptimize(view->find_symbol(kSymbol));
}

void find_dlsym(benchmark::State& state) {
  void* handle = dlopen(beside_the_program("libfunctions.so").c_str(), RTLD_LAZY | RTLD_LOCAL);
  SMF_CHECK(handle != nullptr);
  for (auto _ : state) benchmark::DoNotOptimize(dlsym(handle, kSymbol));
  dlclose(handle);
}

// --- Packing ---

ModuleSpec spec_of_data(int level) {
  ModuleSpec spec;
  auto source = file_source(workspace().data());
  SMF_CHECK(source);
  spec.sections.push_back({.name = "data",
                           .type = static_cast<std::uint8_t>(SectionType::kData),
                           .payload = *source,
                           .compression = {Algorithm::kZstd, level}});
  return spec;
}

std::uint64_t pack_ours(const std::string& path) {
  auto out = os::OutputFile::create(path);
  SMF_CHECK(out);
  const auto summary = build_module(spec_of_data(kLevel), {.jobs = cores()}, *out);
  SMF_CHECK(summary && out->commit());
  return summary->file_size;
}

std::uint64_t pack_zstd(const std::string& path) {
  const auto in = os::InputFile::open(workspace().data());
  auto out = os::OutputFile::create(path);
  SMF_CHECK(in && out);
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_nbWorkers, static_cast<int>(cores()));
  ZSTD_CCtx_setPledgedSrcSize(context.get(), in->size());
  ByteVector input(1u << 20), output(ZSTD_CStreamOutSize());
  std::size_t left = 1;
  for (std::uint64_t at = 0; at < in->size(); at += input.size()) {
    input.resize(std::min<std::uint64_t>(input.size(), in->size() - at));
    SMF_CHECK(in->read_at(at, input));
    const bool is_last = at + input.size() == in->size();
    ZSTD_inBuffer from{input.data(), input.size(), 0};
    do {
      ZSTD_outBuffer to{output.data(), output.size(), 0};
      left =
          ZSTD_compressStream2(context.get(), &to, &from, is_last ? ZSTD_e_end : ZSTD_e_continue);
      SMF_CHECK(!ZSTD_isError(left));
      SMF_CHECK(out->append(Bytes(output).first(to.pos)));
    } while (from.pos < from.size || (is_last && left > 0));
  }
  const std::uint64_t size = out->size();
  SMF_CHECK(out->commit());
  return size;
}

void pack(benchmark::State& state, std::uint64_t (*how)(const std::string&)) {
  workspace().data();
  std::uint64_t size = 0;
  for (auto _ : state) size = how(workspace().path("packed"));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * data_size()));
  state.counters["stored"] = static_cast<double>(size) / static_cast<double>(data_size());
}

// --- Unpacking ---

void unpack_ours(benchmark::State& state) {
  pack_ours(workspace().path("module.smf"));
  for (auto _ : state) {
    const auto file = os::FileBytes::map(workspace().path("module.smf"));
    const auto view = SmfView::open(file->bytes());
    const Section section = *view->section(0);
    auto reader = SectionReader::open(view->stored(section), section.virtual_size);
    auto out = os::OutputFile::create(workspace().path("unpacked"));
    SMF_CHECK(reader && out);
    ByteVector buffer(1u << 20);
    for (std::uint64_t at = 0; at < reader->size(); at += buffer.size()) {
      buffer.resize(std::min<std::uint64_t>(buffer.size(), reader->size() - at));
      SMF_CHECK(reader->read(at, buffer));
      SMF_CHECK(out->append(buffer));
    }
    SMF_CHECK(out->size() == data_size() && out->commit());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * data_size()));
}

void unpack_zstd(benchmark::State& state) {
  pack_zstd(workspace().path("data.zst"));
  for (auto _ : state) {
    const auto in = os::FileBytes::map(workspace().path("data.zst"));
    auto out = os::OutputFile::create(workspace().path("unpacked"));
    SMF_CHECK(in && out);
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                       ZSTD_freeDCtx);
    ByteVector buffer(1u << 20);
    ZSTD_inBuffer from{in->bytes().data(), in->bytes().size(), 0};
    std::size_t left = 1;
    while (left != 0) {
      ZSTD_outBuffer to{buffer.data(), buffer.size(), 0};
      left = ZSTD_decompressStream(context.get(), &to, &from);
      SMF_CHECK(!ZSTD_isError(left));
      SMF_CHECK(out->append(Bytes(buffer).first(to.pos)));
    }
    SMF_CHECK(out->size() == data_size() && out->commit());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * data_size()));
}

// --- Single pages ---

std::uint64_t random_page(std::mt19937_64& random) {
  return random() % (data_size() / kPage) * kPage;
}

void page_ours(benchmark::State& state) {
  pack_ours(workspace().path("module.smf"));
  const auto file = os::FileBytes::map(workspace().path("module.smf"));
  const auto view = SmfView::open(file->bytes());
  const Section section = *view->section(0);
  auto reader = SectionReader::open(view->stored(section), section.virtual_size);
  SMF_CHECK(reader && reader->is_seekable());
  std::mt19937_64 random(2);
  ByteVector page(kPage);
  for (auto _ : state) {
    SMF_CHECK(reader->read(random_page(random), page));
    benchmark::DoNotOptimize(page.data());
  }
}

void page_uncompressed(benchmark::State& state) {
  const auto file = os::InputFile::open(workspace().data());
  std::mt19937_64 random(2);
  ByteVector page(kPage);
  for (auto _ : state) {
    SMF_CHECK(file->read_at(random_page(random), page));
    benchmark::DoNotOptimize(page.data());
  }
}

// A single frame has to be decompressed from its start up to the page.
void page_one_frame(benchmark::State& state) {
  pack_zstd(workspace().path("data.zst"));
  const auto in = os::FileBytes::map(workspace().path("data.zst"));
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     ZSTD_freeDCtx);
  std::mt19937_64 random(2);
  ByteVector buffer(256u << 10);
  for (auto _ : state) {
    const std::uint64_t end = random_page(random) + kPage;
    ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
    ZSTD_inBuffer from{in->bytes().data(), in->bytes().size(), 0};
    for (std::uint64_t done = 0; done < end;) {
      ZSTD_outBuffer to{buffer.data(), std::min<std::uint64_t>(buffer.size(), end - done), 0};
      SMF_CHECK(!ZSTD_isError(ZSTD_decompressStream(context.get(), &to, &from)));
      done += to.pos;
    }
    benchmark::DoNotOptimize(buffer.data());
  }
}

void register_all() {
  using benchmark::RegisterBenchmark;
  register_deterministic("open_and_find/ours", 100, open_find_ours);
  RegisterBenchmark("open_and_find/dlopen_dlsym", open_find_dlopen);
  register_deterministic("open/ours", 1000, open_view, "symbols_10000.smf");
  register_deterministic("open/ours_10_symbols", 1000, open_view, "symbols_10.smf");
  register_deterministic("find/ours", 1000, find_ours);
  register_deterministic("find/dlsym", 1000, find_dlsym);
  RegisterBenchmark("pack/ours", pack, pack_ours)->UseRealTime()->Iterations(1);
  RegisterBenchmark("pack/zstd_threads", pack, pack_zstd)->UseRealTime()->Iterations(1);
  RegisterBenchmark("unpack/ours", unpack_ours)->UseRealTime()->Iterations(1);
  RegisterBenchmark("unpack/zstd", unpack_zstd)->UseRealTime()->Iterations(1);
  RegisterBenchmark("page/ours", page_ours);
  RegisterBenchmark("page/pread_uncompressed", page_uncompressed);
  RegisterBenchmark("page/one_zstd_frame", page_one_frame)->Iterations(20);
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) {
  smf::bench::register_all();
  return smf::bench::run_benchmarks(argc, argv);
}
