// Putting a new module together: the steps between its parts and build_module().
//
// Each changes a ModuleSpec that holds sections and symbols already; the order that they stand in
// here is the order to take them in. Errors are kInvalidArgument and name what is wrong; the spec
// may then be half changed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "runtime/base/error.h"
#include "runtime/format/module_spec.h"
#include "runtime/format/templates.h"

namespace smf {

// The sections `template_code` and `template_meta`, and a global symbol for each template, which
// lies in `template_code`. Nothing for no templates. Two templates of one name are refused.
Result<void> add_templates(std::span<const TemplateSpec> templates, ModuleSpec& spec);

// Room for persisted instantiations, in bytes: the least that is reserved unless told otherwise,
// and the most that there may be.
inline constexpr std::uint64_t kLeastJitRoom = 64u << 10;
inline constexpr std::uint64_t kMostJitRoom = 1u << 30;

// What is reserved unless told otherwise: a tenth of the code, within these limits.
std::uint64_t default_jit_room(const ModuleSpec& spec);

// A section `.smf.jit` of `size` bytes: `content`, which begins with a JitRoomHeader, and zeros.
SectionSpec jit_room_section(ByteVector content, std::uint64_t size);

// Such a section, empty, for instantiations that are made later. kInvalidArgument for a size that
// is above kMostJitRoom or does not hold the header.
Result<void> add_jit_room(ModuleSpec& spec, std::optional<std::uint64_t> size = {});

// Moves code sections in front of the others; the order among either stays.
void put_code_first(ModuleSpec& spec);

// The module runs, and starts at `symbol`, which has to lie in code.
Result<void> set_entry(std::string_view symbol, ModuleSpec& spec);

// Of what is defined here, only these names and templates stay visible to other modules; the other
// global and weak symbols become local. kNotFound for a name that is not defined.
Result<void> restrict_exports(std::span<const std::string> names, ModuleSpec& spec);

}  // namespace smf
