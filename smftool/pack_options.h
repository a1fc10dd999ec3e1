// The command line of `smftool pack`, understood.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "smftool/command.h"

namespace smf::tool {

// As given.
struct PackOptions {
  std::string output{};
  std::string manifest{};
  std::string note{};
  std::vector<std::string> templates{};
  std::vector<std::string> types{};
  std::vector<std::string> generics{};  // NAME=T,U
  std::vector<std::string> objects{};
  std::vector<std::string> data{};      // NAME=FILE
  std::vector<std::string> sections{};  // NAME:TYPE[:FLAGS]=FILE
  std::string compression = "none";
  bool compress_code = false;
  unsigned jobs = 0;  // 0: all processors
  std::string entry{};
  std::vector<std::string> exports{};
  std::string stub{};
  std::string compat{};
  bool no_jit_room = false;
  std::uint64_t jit_room = 0;  // bytes; 0: not given
  std::string platform{};
  std::string arch{};
  std::string app_type{};
  bool reloadable = false;
  std::string source_hash{};
};

void add_pack_options(Command& command, PackOptions& options);

// Fails for options that contradict each other: kInvalidArgument.
Result<void> check_pack_options(const Command& command, const PackOptions& options);

// "NAME:TYPE[:FLAGS]=FILE", or the "NAME=FILE" of --data.
struct SectionChoice {
  std::string name{};
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  std::string file{};
};
Result<SectionChoice> parse_section_choice(const std::string& text);
Result<SectionChoice> parse_data_choice(const std::string& text);

// "NAME=T,U".
struct GenericChoice {
  std::string name{};
  std::vector<std::string> parameters{};
};
Result<GenericChoice> parse_generic_choice(const std::string& text);

// Up to 16 hexadecimal digits, "0x" in front or not.
Result<std::uint64_t> parse_source_hash(const std::string& text);

}  // namespace smf::tool
