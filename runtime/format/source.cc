#include "runtime/format/source.h"

#include <algorithm>
#include <filesystem>
#include <new>
#include <utility>

namespace smf {
namespace {

// Over bytes that are the caller's, or its own.
class MemorySource : public PayloadSource {
 public:
  explicit MemorySource(ByteVector bytes) : owned_(std::move(bytes)), bytes_(owned_) {}
  explicit MemorySource(Bytes bytes) : bytes_(bytes) {}
  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;
  std::uint64_t size() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    SMF_CHECK(in_range(offset, out.size(), bytes_.size()));
    std::ranges::copy(bytes_.subspan(offset, out.size()), out.begin());
    return {};
  }

 private:
  ByteVector owned_;
  Bytes bytes_;
};

class FillSource : public PayloadSource {
 public:
  FillSource(std::byte fill, std::uint64_t count) : fill_(fill), count_(count) {}
  std::uint64_t size() const override { return count_; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    SMF_CHECK(in_range(offset, out.size(), count_));
    std::ranges::fill(out, fill_);
    return {};
  }

 private:
  std::byte fill_;
  std::uint64_t count_;
};

class PaddedSource : public PayloadSource {
 public:
  PaddedSource(ByteVector bytes, std::uint64_t size) : bytes_(std::move(bytes)), size_(size) {
    SMF_CHECK(bytes_.size() <= size_);
  }
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    SMF_CHECK(in_range(offset, out.size(), size_));
    const std::size_t begin = std::min<std::uint64_t>(offset, bytes_.size());
    const std::size_t count = std::min(out.size(), bytes_.size() - begin);
    std::ranges::copy(Bytes(bytes_).subspan(begin, count), out.begin());
    std::ranges::fill(out.subspan(count), std::byte{0});
    return {};
  }

 private:
  ByteVector bytes_;
  std::uint64_t size_;
};

class FileSlice : public PayloadSource {
 public:
  FileSlice(std::shared_ptr<const os::InputFile> file, std::uint64_t offset, std::uint64_t size)
      : file_(std::move(file)), offset_(offset), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    SMF_CHECK(in_range(offset, out.size(), size_));
    return file_->read_at(offset_ + offset, out);
  }

 private:
  std::shared_ptr<const os::InputFile> file_;
  std::uint64_t offset_;
  std::uint64_t size_;
};

}  // namespace

Source memory_source(ByteVector bytes) { return std::make_shared<MemorySource>(std::move(bytes)); }

Source text_source(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return memory_source(ByteVector(bytes.begin(), bytes.end()));
}

Source view_source(Bytes bytes) { return std::make_shared<MemorySource>(bytes); }

Source fill_source(std::byte fill, std::uint64_t count) {
  return std::make_shared<FillSource>(fill, count);
}

Source padded_source(ByteVector bytes, std::uint64_t size) {
  return std::make_shared<PaddedSource>(std::move(bytes), size);
}

Source file_slice(std::shared_ptr<const os::InputFile> file, std::uint64_t offset,
                  std::uint64_t size) {
  SMF_CHECK(in_range(offset, size, file->size()));
  return std::make_shared<FileSlice>(std::move(file), offset, size);
}

Result<Source> file_source(const std::string& path) {
  std::error_code ignored;
  if (path != "-" && std::filesystem::is_regular_file(path, ignored)) {
    SMF_ASSIGN(os::InputFile file, os::InputFile::open(path));
    auto shared = std::make_shared<const os::InputFile>(std::move(file));
    const std::uint64_t size = shared->size();
    return file_slice(std::move(shared), 0, size);
  }
  SMF_ASSIGN(const os::FileBytes bytes, os::FileBytes::load(path));
  return memory_source(ByteVector(bytes.bytes().begin(), bytes.bytes().end()));
}

Result<ByteVector> read_all(const PayloadSource& source) try {
  ByteVector bytes(source.size());
  SMF_TRY(source.read(0, bytes));
  return bytes;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a section");
}

}  // namespace smf
