#include "testdata/golden/golden.h"

#include <iterator>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"
#include "testdata/golden/image.h"
#include "testdata/golden/modules.h"

namespace smf::golden {
namespace {

using Writer = std::string (*)(const Module&, std::uint64_t);

// A file that a reader takes, with garbage of its own in the padding.
class Catalogue {
 public:
  void add(std::string name, std::string what, std::string dialect, Module module) {
    Writer write = dialect == "H72"    ? write_h72
                   : dialect == "H96"  ? write_h96
                   : dialect == "H96T" ? write_h96t
                                       : write_p128;
    add(std::move(name), std::move(what), std::move(dialect), std::move(module), write);
  }
  void add(std::string name, std::string what, std::string dialect, Module module, Writer write) {
    std::string bytes = write(module, xxh3_64(as_bytes(name)) | 1);
    add_bytes(std::move(name), std::move(what), std::move(dialect), std::move(bytes),
              std::move(module));
  }
  void add_bytes(std::string name, std::string what, std::string dialect, std::string bytes,
                 Module module) {
    files_.push_back({.name = std::move(name),
                      .dialect = std::move(dialect),
                      .what = std::move(what),
                      .bytes = std::move(bytes),
                      .content = std::move(module),
                      .refusal = ""});
  }
  void refuse(std::string name, std::string what, std::string dialect, std::string bytes,
              std::string refusal) {
    add_bytes(std::move(name), std::move(what), std::move(dialect), std::move(bytes), {});
    files_.back().refusal = std::move(refusal);
  }
  std::vector<File> take() && { return std::move(files_); }

 private:
  std::vector<File> files_;
};

Module older(Module module) {
  module.leading_nul = false;
  return flattened(std::move(module));
}

Module with_stub(Module module, std::string stub) {
  module.stub = std::move(stub);
  module.flags |= 0x10;
  return module;
}

Module without_symbols() {
  Module module = small();
  module.symbols.clear();
  module.sections.erase(module.sections.begin() + 1);
  module.exported_count = 0;
  return module;
}

Module without_sections() {
  Module module;
  module.symbols = {{.name = "puts", .visibility = 0, .is_defined = false},
                    {.name = "exit", .visibility = 0, .is_defined = false}};
  return module;
}

void add_examples(Catalogue& files) {
  files.add_bytes("p128-example.smf", "the 550-byte example: code, a relocation, a symbol", "P128",
                  write_p128(p128_example(), 0), p128_example());
  Module hashed = p128_example();
  hashed.module_hash = xxh3_64(as_bytes(write_p128(hashed, 0)));
  files.add_bytes("p128-example-hashed.smf",
                  "the same with module_hash: XXH3-64 of the file, the field itself as zero",
                  "P128", write_p128(hashed, 0), hashed);
  files.add_bytes("h72-example.smf", "the 179-byte example: code, a symbol", "H72",
                  write_h72(h72_example(), 0), h72_example());
}

void add_everything(Catalogue& files) {
  const std::string what = "every kind of section, symbol and x86-64 relocation";
  files.add("p128-everything.smf", what, "P128", everything());
  files.add("p128-start-everything.smf", what + ", header at the start", "P128", everything(),
            write_p128_at_start);
  files.add("h96-everything.smf", what + "; the note records no size", "H96",
            everything_older(false));
  files.add("h96t-everything.smf", what + ", header at the end", "H96T", everything_older(false));
  files.add("h72-everything.smf", what + "; the note records no size", "H72",
            everything_older(true));
}

void add_stubs(Catalogue& files) {
  files.add("p128-shebang.smf", "a 64-byte script in front; offsets count from behind it", "P128",
            with_stub(small(), shebang_stub()));
  files.add("p128-program.smf", "160 bytes that begin like an ELF program in front", "P128",
            with_stub(small(), elf_like_stub()));
  files.add("h96t-shebang.smf", "a 64-byte script in front", "H96T",
            with_stub(older(small()), shebang_stub()));
  files.add("h96t-program.smf", "160 bytes that begin like an ELF program in front", "H96T",
            with_stub(older(small()), elf_like_stub()));
}

void add_empty(Catalogue& files) {
  const std::pair<std::string, Writer> dialects[] = {
      {"P128", write_p128}, {"H96", write_h96}, {"H96T", write_h96t}, {"H72", write_h72}};
  const std::string prefixes[] = {"p128", "h96", "h96t", "h72"};
  for (std::size_t i = 0; i < std::size(dialects); ++i) {
    const auto& [dialect, write] = dialects[i];
    const auto fit = [&](Module module) {
      return dialect == "P128" ? module : older(std::move(module));
    };
    files.add(prefixes[i] + "-no-symbols.smf", "sections, and no symbols", dialect,
              fit(without_symbols()), write);
    files.add(prefixes[i] + "-no-sections.smf", "two imports, and no sections", dialect,
              fit(without_sections()), write);
    if (dialect == "H96T") continue;  // with nothing else in the file, end and start are the same
    files.add(prefixes[i] + "-empty.smf", "a header and nothing else", dialect, Module(), write);
  }
  files.add("p128-start-empty.smf", "a header at the start and nothing else", "P128", Module(),
            write_p128_at_start);
  Module clean = older(without_symbols());
  files.add_bytes("h96-clean-no-symbols.smf", "no symbols, and zeros in the padding", "H96",
                  write_h96(clean, 0), clean);
  clean.sections.clear();
  clean.flags = 0;
  clean.note.reset();
  files.add_bytes("h96-clean-empty.smf", "a header and nothing else, and zeros in the padding",
                  "H96", write_h96(clean, 0), clean);
  clean = older(without_sections());
  files.add_bytes("h96-clean-no-sections.smf", "two imports, and zeros in the padding", "H96",
                  write_h96(clean, 0), clean);
}

void add_variants(Catalogue& files) {
  Module plain = everything();
  plain.leading_nul = plain.deduplicated = false;
  files.add("p128-plain-strings.smf", "strings without a leading NUL, equal names stored twice",
            "P128", plain);
  Module linked = everything_older(false);
  linked.leading_nul = true;
  files.add("h96-linked-strings.smf", "strings with a leading NUL, equal names stored once", "H96",
            linked);
  Module unmarked = small();
  unmarked.section_marker = false;
  files.add("p128-no-marker.smf", "garbage instead of 0x53 in byte 43 of the symbols", "P128",
            unmarked);
  Module later = small();
  later.minor = 9;
  files.add("p128-minor-9.smf", "a later minor version, which is read", "P128", later);
  files.add("p128-aarch64.smf", "AArch64 relocations, types 0 to 9", "P128", small_aarch64());
  files.add("h96-aarch64.smf", "AArch64 relocations, types 0 to 9", "H96", older(small_aarch64()));
  files.add("p128-riscv64.smf", "a RISC-V module", "P128", small_riscv64());
  files.add("h96-riscv64.smf", "a RISC-V module", "H96", older(small_riscv64()));
  files.add("p128-compressed.smf", "sections as zstd, LZ4 and seekable zstd frames", "P128",
            compressed());
}

// A module of whose data the first bytes are a whole module of another dialect, so that the file
// reads as both.
Module around(const std::string& inner, std::uint8_t type = 2) {
  Module module = small();
  module.sections.insert(
      module.sections.begin(),
      {.type = type, .flags = 1, .name = "inner", .bytes = inner, .alignment = 8});
  module.symbols[0].section = 1;
  return module;
}

// The 64-byte header of an old linker, whose section entries have 52 bytes. The specification gives
// bytes 6, 7 and 16 to 23; the rest is as in H72.
std::string h64(std::uint64_t sections) {
  Image image(51);
  image.grow(64 + 52 * sections);
  image.text(0, std::string_view("SMF\0\0\1\0\0", 8), 8);
  image.u32(8, 1);
  image.u32(12, sections);
  image.u64(16, 64);
  image.u64(24, 64 + 56 * sections);
  image.u32(32, 0);
  image.u32(36, 0);
  image.u64(40, 0);
  image.u64(48, 0);
  return image.bytes();
}

void add_doubtful(Catalogue& files) {
  files.add("p128-around-h72.smf",
            "reads as H72, too: only as P128 do the strings end where they should", "P128",
            around(write_h72(h72_example(), 61)));
  files.add("p128-vendor-around-h72.smf", "the same with the H72 module in a section of type 200",
            "P128", around(write_h72(h72_example(), 61), 200));
  Module module = around(write_h96(older(small()), 62));
  module.after_strings = std::string(3, '\0');
  files.refuse("ambiguous.smf", "reads as P128 and as H96 equally well: refused", "P128",
               write_p128(module, 63), "equally well");
  files.refuse("h64.smf", "the dialect that cannot be loaded: refused by name", "H64", h64(2),
               "H64");
  files.refuse("h64-empty.smf", "the same without sections", "H64", h64(0), "H64");
  Module future = small();
  future.major = 2;
  files.refuse("p128-major-2.smf", "an unknown major version: refused", "P128",
               write_p128(future, 64), "version 2.1");
}

}  // namespace

std::vector<File> golden_files() {
  Catalogue files;
  add_examples(files);
  add_everything(files);
  add_stubs(files);
  add_empty(files);
  add_variants(files);
  add_doubtful(files);
  return std::move(files).take();
}

}  // namespace smf::golden
