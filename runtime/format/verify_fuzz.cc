// Any bytes: opened, verified, and turned into a spec that the builder would accept.
//
//   ./bazelw run --config=fuzz //runtime/format:verify_fuzz -- testdata/golden -max_total_time=600
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "runtime/format/builder.h"
#include "runtime/format/convert.h"
#include "runtime/format/verify.h"
#include "runtime/format/view.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const smf::Bytes file(reinterpret_cast<const std::byte*>(data), size);
  const auto view = smf::SmfView::open(file);
  if (!view) return 0;
  const auto report = smf::verify_module(*view, {.limits = {.max_bytes = 1u << 20}});
  if (!report) return 0;
  const auto spec = smf::spec_from_view(*view, smf::Target::kCurrent);
  // A module without an error can be converted, and what comes of it can be built.
  if (report->ok() && !spec) std::abort();
  if (spec) static_cast<void>(smf::check_spec(*spec));
  return 0;
}
