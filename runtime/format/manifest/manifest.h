// Manifests: a module described in SDN, beside the files it is made of.
//
// `unpack` writes one, `pack --manifest` reads one; it can be written by hand too, since everything
// but the sections' names and files has a default. Paths are relative to the manifest.
//
//     manifest: 1
//     module:
//         platform: linux
//         arch: x86-64
//     sections |name, type, flags, align, file|
//         code, code, r-x, 16, code.bin
//         note.sdn, template-meta, r, 1, note.sdn
//     symbols |name, type, binding, section, value, size|
//         main, function, global, code, 0, 42
//
// To give the bytes of an unpacked module again, a manifest records what cannot be derived: the
// compressed payload of a section (`stored`) is used again as long as the section's content still
// has the recorded XXH3-128 (`content_hash`) and the payload its own (`stored_hash`), and so are
// the raw bytes of the note with the room behind it; where a hash differs, the content is
// compressed, or the note given room, anew. It also names the versions of the compression
// libraries, since another version may compress to other bytes. docs/format.md lists every key and
// column.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/format/module_spec.h"

namespace smf {

inline constexpr std::string_view kManifestName = "manifest.sdn";
inline constexpr int kManifestVersion = 1;

// The files of one section, relative to the manifest.
struct SectionFiles {
  std::string content;   // uncompressed; empty for Bss
  std::string stored{};  // the compressed payload
  std::optional<Hash128> content_hash{};
  std::optional<Hash128> stored_hash{};
};

// The text of a manifest: `files[i]` belongs to spec.sections[i], `stub` names the stub's file.
Result<std::string> write_manifest(const ModuleSpec& spec, const std::vector<SectionFiles>& files,
                                   std::string_view stub);

// The spec that a manifest describes; its sources are the files it names. Errors carry the
// manifest's path and say LINE:COLUMN.
Result<ModuleSpec> read_manifest(const std::string& path);

}  // namespace smf
