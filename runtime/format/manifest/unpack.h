// Taking a module apart into a folder of files and a manifest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/base/error.h"
#include "runtime/format/compression.h"
#include "runtime/format/view.h"
#include "runtime/os/input_file.h"

namespace smf {

struct UnpackOptions {
  DecompressionLimits limits{};
  // Called as bytes have been written; for progress bars.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
};

struct UnpackSummary {
  std::uint64_t files = 0;  // the manifest included
  std::uint64_t bytes = 0;
};

// Writes `folder`, which must not exist or be empty: manifest.sdn, a file for each section
// (sections/NN-NAME.bin, note.sdn), the payloads of compressed sections as they are stored
// (stored/NN-NAME.zst or .lz4), and the stub (stub.bin). It appears complete or not at all.
//
// For a module that this library wrote, `pack --manifest` of the result gives the identical file;
// for any other, what `convert` gives. `file` is the file that the view is over, where there is
// one.
Result<UnpackSummary> unpack_module(const SmfView& view, std::shared_ptr<const os::InputFile> file,
                                    const std::string& folder, const UnpackOptions& options = {});

}  // namespace smf
