#include "runtime/format/manifest/unpack.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "runtime/format/convert.h"
#include "runtime/format/manifest/manifest.h"
#include "runtime/os/output_file.h"

namespace smf {
namespace {

constexpr std::uint64_t kStep = 1u << 20;

// A name that is safe as a file name, recognisable and unique by its number.
std::string file_stem(std::size_t index, std::string_view name) {
  std::string stem = fmt::format("{:02}-", index);
  for (const char c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    stem += is_plain ? c : '_';
  }
  return stem;
}

class Unpacker {
 public:
  Unpacker(const UnpackOptions& options, const std::string& folder)
      : options_(options), folder_(folder) {}

  Result<UnpackSummary> run(const ModuleSpec& spec, std::uint64_t file_size) {
    for (const SectionSpec& section : spec.sections)
      total_ = saturating_sum(total_, content_size(section));
    SMF_TRY(check_total(file_size, total_, options_.limits));
    SMF_TRY(make_folder("sections"));
    const bool has_stored = std::ranges::any_of(spec.sections, &SectionSpec::is_precompressed);
    if (has_stored) SMF_TRY(make_folder("stored"));
    std::vector<SectionFiles> files;
    for (std::size_t i = 0; i < spec.sections.size(); ++i) {
      SMF_ASSIGN(SectionFiles written, write_section(i, spec.sections[i]));
      files.push_back(std::move(written));
    }
    const std::string stub = spec.stub ? "stub.bin" : "";
    if (spec.stub) SMF_TRY(copy(*spec.stub, stub, false));
    SMF_ASSIGN(const std::string text, write_manifest(spec, files, stub));
    SMF_TRY(copy(*view_source(as_bytes(text)), std::string(kManifestName), false));
    return summary_;
  }

 private:
  static std::uint64_t content_size(const SectionSpec& section) {
    if (!section.payload) return 0;
    return section.is_precompressed ? section.virtual_size.value_or(0) : section.payload->size();
  }

  Result<void> make_folder(const std::string& name) {
    const std::string path = folder_ + "/" + name;
    if (::mkdir(path.c_str(), 0777) != 0) return fail_system("create", path, errno);
    return {};
  }

  void advance(std::uint64_t bytes) {
    done_ += bytes;
    if (options_.progress) options_.progress(done_, total_);
  }

  // Copies what `from` reads (a PayloadSource, a SectionReader) into a file of the folder; gives
  // the hash of the bytes.
  template <typename Reader>
  Result<Hash128> copy(Reader& from, const std::string& name, bool counts) {
    SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(folder_ + "/" + name));
    Xxh3Stream hash;
    ByteVector buffer;
    for (std::uint64_t at = 0; at < from.size(); at += buffer.size()) {
      buffer.resize(std::min(kStep, from.size() - at));
      SMF_TRY(from.read(at, buffer));
      hash.update(buffer);
      SMF_TRY(out.append(buffer));
      if (counts) advance(buffer.size());
    }
    ++summary_.files;
    summary_.bytes += out.size();
    SMF_TRY(out.commit());
    return hash.digest_128();
  }

  Result<SectionFiles> write_section(std::size_t index, const SectionSpec& section) {
    if (!section.payload) return SectionFiles{};
    const std::string stem = file_stem(index, section.name);
    if (section.name == kNoteSection) {
      SectionFiles files{.content = std::string(kNoteSection)};
      SMF_ASSIGN(files.content_hash, copy(*section.payload, files.content, true));
      return files;
    }
    SectionFiles files{.content = "sections/" + stem + ".bin"};
    if (!section.is_precompressed) {
      SMF_TRY(copy(*section.payload, files.content, true));
      return files;
    }
    const bool is_zstd = section.compression.algorithm == Algorithm::kZstd;
    files.stored = "stored/" + stem + (is_zstd ? ".zst" : ".lz4");
    SMF_ASSIGN(const ByteVector stored, read_all(*section.payload));
    SMF_ASSIGN(files.stored_hash, copy(*view_source(stored), files.stored, false));
    SMF_ASSIGN(SectionReader content,
               SectionReader::open(stored, *section.virtual_size, options_.limits));
    SMF_ASSIGN(files.content_hash, copy(content, files.content, true));
    return files;
  }

  const UnpackOptions& options_;
  const std::string& folder_;
  UnpackSummary summary_;
  std::uint64_t done_ = 0, total_ = 0;
};

}  // namespace

Result<UnpackSummary> unpack_module(const SmfView& view, std::shared_ptr<const os::InputFile> file,
                                    const std::string& folder, const UnpackOptions& options) try {
  SMF_ASSIGN(const ModuleSpec spec, spec_from_view(view, Target::kSame, std::move(file)));
  SMF_ASSIGN(os::OutputDirectory out, os::OutputDirectory::create(folder));
  SMF_ASSIGN(const UnpackSummary summary,
             Unpacker(options, out.staging()).run(spec, view.file().size()));
  SMF_TRY(out.commit());
  return summary;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to unpack the module");
}

}  // namespace smf
