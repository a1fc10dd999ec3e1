#include "runtime/format/decompressed_source.h"

#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace smf {
namespace {

class DecompressedSource : public PayloadSource {
 public:
  DecompressedSource(Bytes stored, const DecompressionLimits& limits, SectionReader first)
      : stored_(stored), limits_(limits), size_(first.size()), is_seekable_(first.is_seekable()) {
    idle_.push_back(std::move(first));
  }

  std::uint64_t size() const override { return size_; }

  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (!is_seekable_) {
      const std::lock_guard lock(mutex_);
      return idle_.front().read(offset, out);
    }
    SMF_ASSIGN(SectionReader reader, take());
    const Result<void> done = reader.read(offset, out);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(reader));
    return done;
  }

 private:
  // A reader that nobody uses; a further one where all are in use.
  Result<SectionReader> take() const {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        SectionReader reader = std::move(idle_.back());
        idle_.pop_back();
        return reader;
      }
    }
    return SectionReader::open(stored_, size_, limits_);
  }

  const Bytes stored_;
  const DecompressionLimits limits_;
  const std::uint64_t size_;
  const bool is_seekable_;
  mutable std::mutex mutex_;
  mutable std::vector<SectionReader> idle_{};
};

}  // namespace

Result<Source> decompressed_source(Bytes stored, std::uint64_t uncompressed,
                                   const DecompressionLimits& limits) try {
  SMF_ASSIGN(SectionReader reader, SectionReader::open(stored, uncompressed, limits));
  return std::make_shared<DecompressedSource>(stored, limits, std::move(reader));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "no memory for the decompressed section");
}

}  // namespace smf
