// What the golden files hold.
#pragma once

#include <string>

#include "testdata/golden/golden.h"

namespace smf::golden {

// Little-endian numbers as bytes.
std::string bytes_of(std::uint64_t value, unsigned width);

// The P128 example of the specification: 550 bytes.
Module p128_example();
// The H72 example: 179 bytes.
Module h72_example();

// Something of everything: see the list in README.md.
Module everything();
// `everything` as H72 or H96 writers put it: symbols without sections, a note whose entry records
// no size, a Bss whose size field says its size. H72 has no template fields and no window.
Module everything_older(bool is_h72);

// Two sections, two symbols, a note; for files that show one thing.
Module small();
// `small` on AArch64, with each of its relocations; on RISC-V, with the common ones.
Module small_aarch64();
Module small_riscv64();
// Sections stored as zstd, LZ4 and seekable zstd frames, put together by hand.
Module compressed();

std::string shebang_stub();   // 64 bytes
std::string elf_like_stub();  // 160 bytes

}  // namespace smf::golden
