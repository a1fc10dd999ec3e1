// Where the quotes, backslashes and newlines of a text are, found a window ahead of the parser.
//
// A table of quoted cells is a quote every ten bytes or so. Searching for each from where the last
// one was found makes a chain: a load, a comparison and a count of bits, one cell after the other,
// some 20 cycles long. Here whole blocks are compared first, independently of each other, and their
// places listed; the parser then only steps through the list. 64 bytes at a time with AVX2 where
// the processor has it, else eight; both list the same places.
//
// The window begins small and doubles, so that a text of many small tables is not searched many
// times: what is searched in vain is at most as much as was used, and 256 bytes.
//
// Rejected: one list for the whole text (a note of 10 MB has 1.5 million places, which is another
// 6 MB to write and read back), and tracking what is inside quotes by prefix sums (the parser knows
// it anyway).
#pragma once

#include <cstddef>
#include <cstdint>

namespace smf::sdn::internal {

// Whether this processor has AVX2, and BMI and POPCNT, which come with it.
bool has_avx2();

// Lists the offsets of `"`, `\` and newline in `size` bytes and returns how many there are. `out`
// has room for `size` + 8: what is behind the last is written over.
std::size_t list_specials_portable(const char* text, std::size_t size, std::uint16_t* out);
#if defined(__x86_64__)
std::size_t list_specials_avx2(const char* text, std::size_t size, std::uint16_t* out);
#endif

class Specials {
 public:
  static constexpr std::size_t kFirstWindow = 256;
  static constexpr std::size_t kLargestWindow = 2048;

  // Of the text up to `end`, from anywhere at or behind `begin` on.
  Specials(const char* begin, const char* end) : base_(begin), scanned_(begin), end_(end) {}

  // The first one at or behind `p`, or the end. `p` never goes back.
  const char* next(const char* p) {
    while (true) {
      for (std::size_t at = at_; at != count_; ++at) {
        const char* const place = base_ + offsets_[at];
        if (place < p) continue;
        at_ = at;
        return place;
      }
      if (scanned_ == end_) return end_;
      look_ahead(p);
    }
  }

 private:
  void look_ahead(const char* p);

  const char* base_;     // of the offsets
  const char* scanned_;  // up to here
  const char* end_;
  std::size_t at_ = 0, count_ = 0;
  std::size_t window_ = kFirstWindow;
  std::uint16_t offsets_[kLargestWindow + 8];
};

}  // namespace smf::sdn::internal
