// Writes a C++ file that holds other files: embed OUT FILE... Run by the build.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

constexpr std::size_t kBytesPerLine = 16;

void write_bytes(std::ofstream& out, const std::string& content, int index) {
  out << "constexpr unsigned char kFile" << index << "[] = {";
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (i % kBytesPerLine == 0) out << "\n    ";
    out << static_cast<unsigned>(static_cast<unsigned char>(content[i])) << ",";
  }
  out << "\n    0};\n\n";
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: embed OUT FILE...\n");
    return 2;
  }
  std::ofstream out(argv[1]);
  out << "#include \"smftool/sample_files.h\"\n\nnamespace smf::tool {\nnamespace {\n\n";
  std::string table;
  for (int i = 2; i < argc; ++i) {
    std::ifstream in(argv[i], std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    if (!in) {
      std::fprintf(stderr, "embed: cannot read %s\n", argv[i]);
      return 3;
    }
    write_bytes(out, content, i);
    table += "      {\"" + base_name(argv[i]) + "\", {reinterpret_cast<const char*>(kFile" +
             std::to_string(i) + "), " + std::to_string(content.size()) + "}},\n";
  }
  out << "}  // namespace\n\nstd::span<const SampleFile> sample_files() {\n"
      << "  static const SampleFile files[] = {\n"
      << table << "  };\n  return files;\n}\n\n}  // namespace smf::tool\n";
  out.close();
  return out.good() ? 0 : 3;
}
