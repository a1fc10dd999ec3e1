// Who is compiling what: so that a symbol is compiled once, however many threads ask for it, and no
// thread waits for itself.
//
// A chain is a thread with what it has in progress. It claims each name before it compiles it; who
// finds a name claimed by another chain waits, and looks again. A chain waits for one name at a
// time, so who waits for whom is a forest: before a chain waits it goes along from the name's owner
// to whom that waits for, and if the way leads back to itself, it goes on without the claim.
//
// The claims of all instantiators are under one lock, held for some 20 ns: a thread may have
// requests in several of them, one in another, and so may wait in a circle that none sees alone.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace smf::internal {

struct Claim;

// What this thread has in progress, innermost first.
struct Frame {
  const void* owner = nullptr;  // the instantiator
  std::string_view symbol{};
  std::string_view usual{};  // what mangled_name() makes for it: the same for one meaning
  const Frame* outer = nullptr;
};

class Chain {
 public:
  // The calling thread's.
  static Chain& current();
  static const Frame*& innermost();

  const Claim* waits_for = nullptr;
};

// A frame for as long as it lives.
class InProgressHere {
 public:
  InProgressHere(const void* owner, std::string_view symbol, std::string_view usual)
      : frame_{owner, symbol, usual, Chain::innermost()} {
    Chain::innermost() = &frame_;
  }
  ~InProgressHere() { Chain::innermost() = frame_.outer; }
  InProgressHere(const InProgressHere&) = delete;
  InProgressHere& operator=(const InProgressHere&) = delete;

 private:
  Frame frame_;
};

// How many frames of this instantiator the thread has.
std::size_t depth_of(const void* owner);
// Its symbols, outermost first.
std::vector<std::string> chain_of(const void* owner);

// Kept for another name when it was let go and nobody waits for it any more.
struct Claim {
  Chain* owner = nullptr;  // nullptr: it was let go
  unsigned waiting = 0;
  std::condition_variable changed{};
  std::uint64_t hash = 0;
  std::string name{};
  Claim* next = nullptr;  // of its slot, or of those that are free
};

class Claims {
 public:
  enum class Outcome : unsigned char {
    kMine,     // until release()
    kDone,     // `is_done` said so
    kNotMine,  // waiting would close a circle: compile it without the claim
  };
  // Waits while another chain has it, each time counted in `waits`. `is_done` is called with the
  // lock held.
  Outcome claim(std::uint64_t hash, std::string_view name, const std::function<bool()>& is_done,
                std::atomic<std::uint64_t>& waits);
  void release(std::uint64_t hash, std::string_view name) noexcept;

 private:
  // Where the claim of that name stands in its slot's list, or the list's end.
  Claim** find(std::uint64_t hash, std::string_view name) noexcept;
  Claim& unused();

  std::array<Claim*, 64> slots_{};
  Claim* free_ = nullptr;
  std::vector<std::unique_ptr<Claim>> all_{};
};

}  // namespace smf::internal
