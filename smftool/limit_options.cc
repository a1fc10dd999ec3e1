#include "smftool/limit_options.h"

namespace smf::tool {

void add_limit_options(Command& command, DecompressionLimits& limits) {
  // More than a program that holds sections in memory would allow: they are written to files here.
  limits.max_bytes = std::uint64_t{64} << 30;
  command
      .size("--max-size", limits.max_bytes,
            "Refuse a compressed section that holds more (default 64G)")
      .group("Limits");
  command
      .option("--max-ratio", limits.max_ratio,
              "Refuse a section that expands more than this many times (default 10000)")
      .value("N")
      .group("Limits");
}

}  // namespace smf::tool
