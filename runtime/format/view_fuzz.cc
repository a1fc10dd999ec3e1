// libFuzzer: whatever the bytes, a view opens or says why not, and everything in it can be read.
//   ./bazelw run --config=fuzz //runtime/format:view_fuzz -- -max_total_time=300 CORPUS
//   testdata/golden
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/format/golden_reading.h"
#include "runtime/format/view.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const smf::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto view = smf::SmfView::open(bytes);
  if (view ? !smf::walk_everything(*view).complaint.empty() || !smf::is_same_reopened(*view)
           : !smf::complaint_about(view.error()).empty())
    std::abort();
  return 0;
}
