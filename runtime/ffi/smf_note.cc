// rt_smf_note_*: rows of a module's note, found and promoted.
#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/ffi/allocation.h"
#include "runtime/ffi/smf_objects.h"
#include "runtime/note/update.h"

namespace {

using smf::ErrorCode;
using smf::NoteMatch;
using smf::Result;
using smf::ffi::Allocation;
using smf::ffi::handles;
using smf::ffi::ModuleObject;
using smf::ffi::number_of;
using smf::ffi::path_of;
using smf::ffi::text_of;

// Copies that are let go together: all of them come out, or none.
struct RowCopies {
  Allocation mangled_name{}, template_name{}, type_args{}, status{};
};

rt_bytes let_go(Allocation& copy) {
  return {.data = copy.data.release(), .length = number_of(copy.size)};
}

Result<rt_smf_note_row> copy_row(const NoteMatch& match) {
  const auto* const made = std::get_if<smf::InstantiationRow>(&match);
  RowCopies copies;
  const auto copy_names = [&](const auto& row) -> Result<void> {
    SMF_ASSIGN(copies.mangled_name, smf::ffi::copy_of(smf::as_bytes(row.mangled_name)));
    SMF_ASSIGN(copies.template_name, smf::ffi::copy_of(smf::as_bytes(row.template_name)));
    SMF_ASSIGN(copies.type_args, smf::ffi::copy_of(smf::as_bytes(row.type_args)));
    return {};
  };
  SMF_TRY(std::visit(copy_names, match));
  const std::string_view status = made == nullptr ? std::string_view() : made->status;
  SMF_ASSIGN(copies.status, smf::ffi::copy_of(smf::as_bytes(status)));
  return rt_smf_note_row{.is_possible = made == nullptr ? 1 : 0,
                         .mangled_name = let_go(copies.mangled_name),
                         .template_name = let_go(copies.template_name),
                         .type_args = let_go(copies.type_args),
                         .status = let_go(copies.status)};
}

// `find` asks a look-up; `describe` tells what for.
bool find_row(const char* name, std::int64_t module, rt_smf_note_row* to, const auto& find) {
  if (to != nullptr) *to = {};
  return smf::ffi::with<ModuleObject>(name, module, [&](ModuleObject& object) -> Result<void> {
    if (to == nullptr) return smf::ffi::refuse("the row is null");
    const std::lock_guard lock(object.lookup_mutex);
    if (!object.lookup) {
      SMF_ASSIGN(object.lookup, smf::NoteLookup::open(object.module.view()));
    }
    SMF_ASSIGN(const std::optional<NoteMatch> found, find(*object.lookup));
    SMF_TRY(object.check_whole());
    if (!found) return smf::fail(ErrorCode::kNotFound, "the note has no such row");
    SMF_ASSIGN(*to, copy_row(*found));
    return {};
  });
}

}  // namespace

bool rt_smf_note_find(int64_t module, const char* mangled_name, int64_t name_length,
                      rt_smf_note_row* row) {
  return find_row("rt_smf_note_find", module, row,
                  [=](smf::NoteLookup& lookup) -> Result<std::optional<NoteMatch>> {
                    SMF_ASSIGN(const std::string_view name,
                               text_of("name", mangled_name, name_length));
                    return lookup.find(name);
                  });
}

bool rt_smf_note_find_template(int64_t module, const char* template_name, int64_t template_length,
                               const char* type_args, int64_t args_length, rt_smf_note_row* row) {
  return find_row("rt_smf_note_find_template", module, row,
                  [=](smf::NoteLookup& lookup) -> Result<std::optional<NoteMatch>> {
                    SMF_ASSIGN(const std::string_view name,
                               text_of("template", template_name, template_length));
                    SMF_ASSIGN(const std::string_view arguments,
                               text_of("arguments", type_args, args_length));
                    return lookup.find(name, arguments);
                  });
}

rt_smf_note_rows rt_smf_note_count(int64_t module) {
  return smf::ffi::about("rt_smf_note_count", rt_smf_note_rows{-1, -1}, module,
                         [=]() -> Result<rt_smf_note_rows> {
                           SMF_ASSIGN(const auto object, handles().find<ModuleObject>(module));
                           const auto snapshot = smf::NoteSnapshot::read(object->module.view());
                           SMF_TRY(object->check_whole());
                           if (!snapshot && snapshot.error().code == ErrorCode::kNotFound)
                             return rt_smf_note_rows{.possible = 0, .instantiations = 0};
                           if (!snapshot) return std::unexpected(snapshot.error());
                           return rt_smf_note_rows{
                               .possible = number_of(snapshot->note().possible_count()),
                               .instantiations = number_of(snapshot->note().instantiation_count())};
                         });
}

int64_t rt_smf_note_promote(const char* path, int64_t path_length, const char* mangled_name,
                            int64_t name_length) {
  static constexpr const char* kName = "rt_smf_note_promote";
  return smf::ffi::at_boundary(
      kName, std::int64_t{-1},
      [&]() -> Result<std::int64_t> {
        SMF_ASSIGN(const std::string_view file, path_of(path, path_length));
        SMF_ASSIGN(const std::string_view name, text_of("name", mangled_name, name_length));
        SMF_ASSIGN(smf::NoteUpdater updater, smf::NoteUpdater::open(std::string(file)));
        smf::NotePromotion promotion;
        promotion.mangled_name = name;
        SMF_ASSIGN(const smf::NoteUpdate update, updater.promote(promotion));
        return number_of(update.changed);
      },
      [] { return std::string(kName); });
}
