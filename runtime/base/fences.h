// Fences that every build accepts.
//
// std::atomic_thread_fence makes gcc warn under TSan, which does not know fences. Where these are
// used it would have nothing to say: between fences stand atomic accesses, or another process's.
#pragma once

namespace smf {

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

// What is read after this was written after what was read before it, if the writer, for a mapping
// another process as a rule, wrote in that order.
inline void acquire_fence() { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

// No access of this thread passes it in either direction.
inline void full_fence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace smf
