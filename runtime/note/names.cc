#include "runtime/note/names.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace smf {
namespace {

constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"Int", "i64"},   {"int", "i64"},   {"I64", "i64"},     {"I32", "i32"},
    {"I16", "i16"},   {"I8", "i8"},     {"Float", "f64"},   {"float", "f64"},
    {"F64", "f64"},   {"F32", "f32"},   {"String", "text"}, {"str", "text"},
    {"Text", "text"}, {"Bool", "bool"}, {"Nil", "nil"},     {"()", "nil"},
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// What separates the words of a type.
bool is_punctuation(char c) {
  return std::string_view("<>()[]{},;:&*?|= \t").find(c) != std::string_view::npos;
}

}  // namespace

std::string_view canonical_basic_type(std::string_view type) {
  for (const auto& [alias, canonical] : kAliases)
    if (type == alias) return canonical;
  return type;
}

std::string canonical_type(std::string_view type) {
  type = trimmed(type);
  if (type == "()") return "nil";
  std::string out;
  out.reserve(type.size());
  for (std::size_t at = 0; at < type.size();) {
    if (is_punctuation(type[at])) {
      if (!is_blank(type[at])) out += type[at];
      ++at;
      continue;
    }
    const auto end =
        std::find_if(type.begin() + static_cast<std::ptrdiff_t>(at), type.end(), is_punctuation);
    const auto size = static_cast<std::size_t>(end - type.begin()) - at;
    // Two words with a blank between them stay two.
    if (at > 0 && is_blank(type[at - 1]) && !out.empty() && !is_punctuation(out.back())) out += ' ';
    out += canonical_basic_type(type.substr(at, size));
    at += size;
  }
  return out;
}

std::vector<std::string_view> split_type_args(std::string_view type_args) {
  std::vector<std::string_view> arguments;
  if (trimmed(type_args).empty()) return arguments;
  std::size_t depth = 0;
  std::size_t start = 0;
  for (std::size_t at = 0; at < type_args.size(); ++at) {
    const char c = type_args[at];
    if (c == '<' || c == '(' || c == '[' || c == '{') ++depth;
    // The `>` of an arrow, as in `fn(i64)->text`, closes nothing.
    const bool is_arrow =
        c == '>' && at > 0 && (type_args[at - 1] == '-' || type_args[at - 1] == '=');
    if ((c == '>' || c == ')' || c == ']' || c == '}') && !is_arrow && depth > 0) --depth;
    if (c == ',' && depth == 0) {
      arguments.push_back(trimmed(type_args.substr(start, at - start)));
      start = at + 1;
    }
  }
  arguments.push_back(trimmed(type_args.substr(start)));
  return arguments;
}

std::string canonical_type_args(std::string_view type_args) {
  std::string out;
  bool is_first = true;
  for (const std::string_view argument : split_type_args(type_args)) {
    if (!is_first) out += ',';
    is_first = false;
    out += canonical_type(argument);
  }
  return out;
}

bool same_type_args(std::string_view a, std::string_view b) {
  return a == b || canonical_type_args(a) == canonical_type_args(b);
}

std::string mangled_name(std::string_view template_name, std::span<const std::string_view> args) {
  std::string name(template_name);
  char separator = '$';
  for (const std::string_view argument : args) {
    name += separator;
    name += argument;
    separator = '_';
  }
  return name;
}

}  // namespace smf
