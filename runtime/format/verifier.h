// The steps of verify_module(), one a part of the format. Internal to verify*.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/format/templates.h"
#include "runtime/format/verify.h"

namespace smf {

class Verifier {
 public:
  Verifier(const SmfView& view, const VerifyOptions& options) : view_(view), options_(options) {}
  VerifyReport run() &&;

 private:
  void report(Severity severity, std::uint64_t offset, std::string message);
  // An error met underway; its offset counts from `base`.
  void report(const Error& error, std::uint64_t base = 0, std::string_view subject = {});

  void check_sections();
  void check_section(const Section& section);
  void check_extents();
  void check_payloads();
  void check_hashes();
  void check_section_hash(const Section& section, std::uint64_t expected);
  void check_symbols();
  void check_definitions();
  void check_symbol_index();
  void check_relocations();
  void check_templates();
  void check_template_symbols(const Section& section, const std::vector<TemplateEntry>& templates);
  void check_note();
  // Whether this library wrote the module, so that its hash is known to be an XXH3.
  bool is_ours() const;

  const SmfView& view_;
  const VerifyOptions& options_;
  VerifyReport report_;
  // Those that can be read; filled by check_sections().
  std::vector<Section> sections_;
};

}  // namespace smf
