#include "runtime/note/name_table.h"

#include "runtime/base/hash.h"
#include "runtime/note/names.h"

namespace smf {

std::uint64_t hash_name(std::string_view mangled_name) { return xxh3_64(as_bytes(mangled_name)); }

std::uint64_t hash_arguments(std::string_view template_name, std::string_view type_args) {
  const std::uint64_t arguments = xxh3_64(as_bytes(canonical_type_args(type_args)));
  return xxh3_64(as_bytes(template_name)) ^ std::rotl(arguments, 23);
}

}  // namespace smf
