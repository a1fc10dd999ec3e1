#include "smftool/limit_options.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smf::tool {
namespace {

// "1048576", "64K", "512M", "2G".
std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(stopped, static_cast<std::size_t>(end - stopped));
  const int shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
  if (shift < 0 || value > UINT64_MAX >> shift) return std::nullopt;
  return value << shift;
}

}  // namespace

void add_limit_options(CLI::App& command, DecompressionLimits& limits) {
  // More than a program that holds sections in memory would allow: they are written to files here.
  limits.max_bytes = std::uint64_t{64} << 30;
  command
      .add_option_function<std::string>(
          "--max-size",
          [&limits](const std::string& text) {
            const auto size = parse_size(text);
            if (!size) {
              throw CLI::ValidationError(
                  "--max-size", "expected a number of bytes, or one with K, M or G, not " + text);
            }
            limits.max_bytes = *size;
          },
          "Refuse a compressed section that holds more (default 64G)")
      ->type_name("BYTES")
      ->group("Limits");
  command
      .add_option("--max-ratio", limits.max_ratio,
                  "Refuse a section that expands more than this many times (default 10000)")
      ->type_name("N")
      ->group("Limits");
}

}  // namespace smf::tool
