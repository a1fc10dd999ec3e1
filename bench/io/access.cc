#include "bench/io/access.h"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/os/input_file.h"

namespace smf::bench {
namespace {

constexpr std::size_t kMostBytes = 4096;  // of one access

template <std::size_t kSize>
std::uint64_t sum_of(const std::byte* bytes) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < kSize; at += sizeof sum) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    sum += word;
  }
  return sum;
}

// `fetch(offset, size)` gives a pointer to the bytes there.
template <std::size_t kSize, typename Fetch>
std::uint64_t sum_all(const Accesses& accesses, const Fetch& fetch) {
  std::uint64_t sum = 0;
  if (accesses.dependence == Dependence::kNone) {
    for (const std::uint64_t offset : accesses.offsets) sum += sum_of<kSize>(fetch(offset, kSize));
    return sum;
  }
  std::uint64_t zero = 0;
  benchmark::DoNotOptimize(zero);  // the compiler does not know that it is
  for (const std::uint64_t offset : accesses.offsets)
    sum += sum_of<kSize>(fetch(offset + (sum & zero), kSize));
  return sum;
}

template <typename Fetch>
std::uint64_t sum_all(const Accesses& accesses, const Fetch& fetch) {
  switch (accesses.size) {
    case 8:
      return sum_all<8>(accesses, fetch);
    case 64:
      return sum_all<64>(accesses, fetch);
    case kMostBytes:
      return sum_all<kMostBytes>(accesses, fetch);
    default:
      SMF_CHECK(false);
      return 0;
  }
}

class Reading : public Method {
 public:
  bool is_mapping() const override { return false; }
  bool is_whole() const override { return false; }
  Result<void> open(const std::string& path) override {
    SMF_ASSIGN(os::InputFile file, os::InputFile::open(path));
    file_ = std::move(file);
    return {};
  }
  void close() override { file_.reset(); }

 protected:
  int descriptor() const { return file_->descriptor(); }
  const os::InputFile& file() const { return *file_; }
  std::byte* buffer() { return buffer_.data(); }

 private:
  std::optional<os::InputFile> file_;
  alignas(64) std::array<std::byte, kMostBytes> buffer_{};
};

class LseekRead final : public Reading {
 public:
  std::string_view name() const override { return "lseek+read"; }
  std::uint64_t run(const Accesses& accesses) override {
    return sum_all(accesses, [this](std::uint64_t offset, std::size_t size) {
      SMF_CHECK(::lseek(descriptor(), static_cast<off_t>(offset), SEEK_SET) >= 0);
      SMF_CHECK(::read(descriptor(), buffer(), size) == static_cast<ssize_t>(size));
      return buffer();
    });
  }
};

class Pread final : public Reading {
 public:
  std::string_view name() const override { return "pread"; }
  std::uint64_t run(const Accesses& accesses) override {
    return sum_all(accesses, [this](std::uint64_t offset, std::size_t size) {
      SMF_CHECK(::pread(descriptor(), buffer(), size, static_cast<off_t>(offset)) ==
                static_cast<ssize_t>(size));
      return buffer();
    });
  }
};

class WholeRead final : public Reading {
 public:
  explicit WholeRead(std::span<std::byte> buffer) : whole_(buffer) {}
  std::string_view name() const override { return "whole_read"; }
  bool is_whole() const override { return true; }
  Result<void> open(const std::string& path) override {
    SMF_TRY(Reading::open(path));
    SMF_CHECK(file().size() <= whole_.size());
    return file().read_at(0, whole_.first(file().size()));
  }
  std::uint64_t run(const Accesses& accesses) override {
    const std::byte* const bytes = whole_.data();
    return sum_all(accesses, [bytes](std::uint64_t offset, std::size_t) { return bytes + offset; });
  }

 private:
  std::span<std::byte> whole_;
};

class Mmap final : public Method {
 public:
  Mmap(std::string_view name, std::optional<os::Advice> advice) : name_(name), advice_(advice) {}
  std::string_view name() const override { return name_; }
  bool is_mapping() const override { return true; }
  bool is_whole() const override { return advice_ == os::Advice::kPopulate; }
  Result<void> open(const std::string& path) override {
    SMF_ASSIGN(os::MappedFile mapped, os::MappedFile::open(path));
    if (advice_) SMF_TRY(mapped.advise(*advice_));
    mapped_ = std::move(mapped);
    return {};
  }
  std::uint64_t run(const Accesses& accesses) override {
    const std::byte* const bytes = mapped_.bytes().data();
    return sum_all(accesses, [bytes](std::uint64_t offset, std::size_t) { return bytes + offset; });
  }
  void close() override { SMF_CHECK(mapped_.unmap()); }

 private:
  std::string_view name_;
  std::optional<os::Advice> advice_;
  os::MappedFile mapped_;
};

std::string_view name_of(os::Advice advice) {
  switch (advice) {
    case os::Advice::kNormal:
      return "mmap_normal";
    case os::Advice::kRandom:
      return "mmap_random";
    case os::Advice::kSequential:
      return "mmap_sequential";
    case os::Advice::kWillNeed:
      return "mmap_willneed";
    case os::Advice::kDontNeed:
      return "mmap_dontneed";
    case os::Advice::kPopulate:
      return "mmap_populate";
    case os::Advice::kHugePage:
      return "mmap_hugepage";
  }
  return "mmap";
}

}  // namespace

std::unique_ptr<Method> make_lseek_read() { return std::make_unique<LseekRead>(); }

std::unique_ptr<Method> make_pread() { return std::make_unique<Pread>(); }

std::unique_ptr<Method> make_whole_read(std::span<std::byte> buffer) {
  return std::make_unique<WholeRead>(buffer);
}

std::unique_ptr<Method> make_mmap() { return std::make_unique<Mmap>("mmap", std::nullopt); }

std::unique_ptr<Method> make_mmap(os::Advice advice) {
  return std::make_unique<Mmap>(name_of(advice), advice);
}

std::vector<std::unique_ptr<Method>> make_all_methods(std::span<std::byte> buffer) {
  std::vector<std::unique_ptr<Method>> all;
  all.push_back(make_lseek_read());
  all.push_back(make_pread());
  all.push_back(make_whole_read(buffer));
  all.push_back(make_mmap());
  using enum os::Advice;
  for (const os::Advice advice : {kNormal, kRandom, kSequential, kWillNeed, kPopulate, kHugePage})
    all.push_back(make_mmap(advice));
  return all;
}

}  // namespace smf::bench
