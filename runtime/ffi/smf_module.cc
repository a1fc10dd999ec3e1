// rt_smf_module_*: what lies in a module that a handle pins.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "runtime/ffi/smf_objects.h"

namespace {

using smf::ErrorCode;
using smf::Result;
using smf::Section;
using smf::ffi::about;
using smf::ffi::handles;
using smf::ffi::ModuleObject;
using smf::ffi::number_of;
using smf::ffi::text_of;
using smf::ffi::with;

// Stands where there are no bytes.
constexpr std::array<std::byte, 1> kNothing{};

Result<rt_smf_section> describe(const ModuleObject& object, const Section& section) {
  // The content stays as long as its module, which the object pins.
  SMF_ASSIGN(const smf::SectionContent content, object.module.content(section));
  const smf::Bytes bytes = content.bytes();
  const std::byte* const data = bytes.data() == nullptr ? kNothing.data() : bytes.data();
  rt_smf_section described{.data = reinterpret_cast<const std::uint8_t*>(data),
                           .length = number_of(bytes.size()),
                           .memory_size = number_of(section.memory_size()),
                           .index = section.index,
                           .type = section.type,
                           .flags = section.flags,
                           .name = {}};
  static_assert(sizeof described.name > sizeof section.name_bytes);
  std::ranges::copy(section.name(), described.name);
  SMF_TRY(object.check_whole());
  return described;
}

// `find` gives the section of a view.
bool about_section(const char* name, std::int64_t module, rt_smf_section* to, const auto& find) {
  if (to != nullptr) *to = {};
  return with<ModuleObject>(name, module, [&](ModuleObject& object) -> Result<void> {
    if (to == nullptr) return smf::ffi::refuse("the section is null");
    SMF_ASSIGN(const Section section, find(object.module.view()));
    SMF_ASSIGN(*to, describe(object, section));
    return {};
  });
}

}  // namespace

bool rt_smf_module_release(int64_t module) {
  return about("rt_smf_module_release", false, module, [=]() -> Result<bool> {
    SMF_TRY(handles().remove<ModuleObject>(module));
    return true;
  });
}

int64_t rt_smf_module_section_count(int64_t module) {
  return about("rt_smf_module_section_count", std::int64_t{-1}, module,
               [=]() -> Result<std::int64_t> {
                 SMF_ASSIGN(const auto object, handles().find<ModuleObject>(module));
                 return object->module.view().section_count();
               });
}

bool rt_smf_module_section(int64_t module, const char* name, int64_t name_length,
                           rt_smf_section* section) {
  return about_section(
      "rt_smf_module_section", module, section, [=](const smf::SmfView& view) -> Result<Section> {
        SMF_ASSIGN(const std::string_view text, text_of("name", name, name_length));
        SMF_ASSIGN(const auto found, view.find_section(text));
        if (found) return *found;
        return smf::fail(ErrorCode::kNotFound, fmt::format("there is no section '{}'", text));
      });
}

bool rt_smf_module_section_at(int64_t module, int64_t index, rt_smf_section* section) {
  return about_section("rt_smf_module_section_at", module, section,
                       [=](const smf::SmfView& view) -> Result<Section> {
                         if (index >= 0 && index < view.section_count())
                           return view.section(static_cast<std::uint32_t>(index));
                         return smf::fail(ErrorCode::kNotFound,
                                          fmt::format("there is no section {}: there are {}", index,
                                                      view.section_count()));
                       });
}

bool rt_smf_module_symbol(int64_t module, const char* name, int64_t name_length,
                          rt_smf_symbol* symbol) {
  if (symbol != nullptr) *symbol = {};
  return with<ModuleObject>(
      "rt_smf_module_symbol", module, [=](ModuleObject& object) -> Result<void> {
        if (symbol == nullptr) return smf::ffi::refuse("the symbol is null");
        SMF_ASSIGN(const std::string_view text, text_of("name", name, name_length));
        SMF_ASSIGN(const auto found, object.module.view().find_symbol(text));
        SMF_TRY(object.check_whole());
        if (!found)
          return smf::fail(ErrorCode::kNotFound, fmt::format("there is no symbol '{}'", text));
        *symbol = {.section = found->section ? std::int64_t{*found->section} : -1,
                   .offset = number_of(found->value),
                   .size = number_of(found->size),
                   .type = static_cast<std::int64_t>(found->type),
                   .binding = static_cast<std::int64_t>(found->binding),
                   .is_defined = found->is_defined() ? 1 : 0,
                   .is_template = found->is_template() ? 1 : 0};
        return {};
      });
}

int64_t rt_smf_module_is_whole(int64_t module) {
  return about("rt_smf_module_is_whole", std::int64_t{-1}, module, [=]() -> Result<std::int64_t> {
    SMF_ASSIGN(const auto object, handles().find<ModuleObject>(module));
    return object->module.ok() ? 1 : 0;
  });
}
