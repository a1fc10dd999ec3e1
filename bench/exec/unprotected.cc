// What code memory does without protection: one mapping that is writable and executable, as a peer
// in exec_bench. It is in no library.
#include <sys/mman.h>

#include <cerrno>

#include "runtime/exec/code_space.h"
#include "runtime/exec/machine_code.h"

namespace smf::internal {

Result<void> CodeSpace::map_segment(std::byte* code, std::byte* /*writable*/, std::size_t size) {
  if (calls_->mprotect(code, size, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    return fail_system("mprotect code memory", {}, errno);
  fill_with_traps({code, size});
  return {};
}

}  // namespace smf::internal
