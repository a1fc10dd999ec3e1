#include "smftool/json_output.h"

#include <fmt/format.h>

#include "runtime/base/check.h"

namespace smf::tool {
namespace {

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string hex_text(std::uint64_t value) { return fmt::format("0x{:016x}", value); }

JsonOutput::JsonOutput(std::FILE* out, std::string_view schema) : out_(out) {
  open('{');
  field("schema", schema);
}

JsonOutput::~JsonOutput() {
  while (!levels_.empty()) end();
  fmt::print(out_, "\n");
}

void JsonOutput::start_item() {
  SMF_CHECK(!levels_.empty());
  fmt::print(out_, "{}\n{:{}}", levels_.back().is_empty ? "" : ",", "", levels_.size() * 2);
  levels_.back().is_empty = false;
}

void JsonOutput::print_key(std::string_view key) {
  start_item();
  fmt::print(out_, "{}: ", text_of(Json(key)));
}

void JsonOutput::open(char bracket) {
  fmt::print(out_, "{}", bracket);
  levels_.push_back({.closing = bracket == '{' ? '}' : ']'});
}

void JsonOutput::field(std::string_view key, const Json& value) {
  print_key(key);
  fmt::print(out_, "{}", text_of(value));
}

void JsonOutput::element(const Json& value) {
  start_item();
  fmt::print(out_, "{}", text_of(value));
}

void JsonOutput::begin_object(std::string_view key) {
  print_key(key);
  open('{');
}

void JsonOutput::begin_object() {
  start_item();
  open('{');
}

void JsonOutput::begin_array(std::string_view key) {
  print_key(key);
  open('[');
}

void JsonOutput::end() {
  const Level level = levels_.back();
  levels_.pop_back();
  if (!level.is_empty) fmt::print(out_, "\n{:{}}", "", levels_.size() * 2);
  fmt::print(out_, "{}", level.closing);
}

}  // namespace smf::tool
