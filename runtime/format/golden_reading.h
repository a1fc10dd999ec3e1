// For tests: reads a file the way hostile input has to be survived, and compares views with what
// golden files are said to hold.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/format/view.h"
#include "testdata/golden/golden.h"

namespace smf {

// A heap block of exactly the file's size, so that a sanitizer sees the first byte behind it.
class ExactBuffer {
 public:
  explicit ExactBuffer(std::string_view content)
      : size_(content.size()), data_(std::make_unique_for_overwrite<std::byte[]>(content.size())) {
    if (size_ != 0) std::memcpy(data_.get(), content.data(), size_);
  }
  Bytes bytes() const { return {data_.get(), size_}; }
  std::byte* data() { return data_.get(); }
  std::uint64_t size() const { return size_; }

 private:
  std::uint64_t size_;
  std::unique_ptr<std::byte[]> data_;
};

// What walk() met.
struct Walk {
  std::uint64_t good = 0;
  std::uint64_t refused = 0;
  std::string complaint;  // an error without a message, or invalid input without an offset
};

// Every section (decompressed within small limits), symbol, relocation, the note and some names.
Walk walk_everything(const SmfView& view);

// Whether reopen() makes the same view again. For bytes that stay.
bool is_same_reopened(const SmfView& view);

// Empty, or what is wrong with this error as one a person has to understand.
std::string complaint_about(const Error& error);

}  // namespace smf
