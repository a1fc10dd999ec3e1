// A Unit as bytes: what a module stores of a template.
//
// Small is what counts: a module may hold thousands of templates, and each is read when somebody
// asks for it. So numbers are LEB128 (DWARF 5, 7.6), most of them one byte; what is usual takes no
// bytes (an instruction's destination, where it is the local after the last one; the numbers of
// locals and blocks, where they go up by one; the primitive types). An addition of two locals is 3
// bytes, and 70 as JSON. docs/mir.md has the layout, byte for byte.
//
// Reading allocates once for each array of the Unit, of the size that is told in front and cannot
// be more than the bytes that are there. What is read is a Unit in every promise of unit.h; whether
// it makes sense is the verifier's question.
#pragma once

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/mir/unit.h"

namespace smf::mir {

inline constexpr std::uint8_t kBinaryVersion = 1;

// Of a Unit as readers make them. The first byte is kTemplateBodyBinary. Throws std::bad_alloc.
ByteVector write_binary(const Unit& unit);

// kInvalidInput with the offset of what is wrong, kUnsupported for another form or version,
// kOutOfMemory.
Result<Unit> read_binary(Bytes bytes);

}  // namespace smf::mir
