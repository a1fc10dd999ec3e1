#include "smftool/command.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>
#include <utility>

namespace smf::tool {
namespace {

constexpr char kGuard = '\x1e';

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

template <typename T>
CLI::Option* add(CLI::App& app, const std::string& names, T& to, const std::string& description) {
  return app.add_option(names, to, description)->transform([](const std::string& text) {
    return unguarded(text);
  });
}

}  // namespace

std::string guarded(std::string argument) {
  if (argument.starts_with('[') && argument.ends_with(']')) argument.insert(0, 1, kGuard);
  return argument;
}

std::string unguarded(const std::string& argument) {
  return argument.starts_with(kGuard) ? argument.substr(1) : argument;
}

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::value(const std::string& name) {
  option_->type_name(name);
  return *this;
}

Option& Option::group(const std::string& name) {
  option_->group(name);
  return *this;
}

Command Command::command(const std::string& name, const std::string& description) {
  return {*app_->add_subcommand(name, description), *context_};
}

Command Command::hidden_command(const std::string& name, const std::string& description) {
  return {*app_->add_subcommand(name, description)->group(""), *context_};
}

Option Command::argument(const std::string& name, std::string& to, const std::string& description) {
  return optional_argument(name, to, description).required();
}

Option Command::optional_argument(const std::string& name, std::string& to,
                                  const std::string& description) {
  return Option(add(*app_, name, to, description)).value(name);
}

Option Command::arguments(const std::string& name, std::vector<std::string>& to,
                          const std::string& description) {
  return Option(add(*app_, name, to, description)).value(name).required();
}

Option Command::optional_arguments(const std::string& name, std::vector<std::string>& to,
                                   const std::string& description) {
  return Option(add(*app_, name, to, description)).value(name);
}

Option Command::flag(const std::string& names, bool& to, const std::string& description) {
  return Option(app_->add_flag(names, to, description));
}

Option Command::option(const std::string& names, std::string& to, const std::string& description) {
  return Option(add(*app_, names, to, description));
}

Option Command::option(const std::string& names, unsigned& to, const std::string& description) {
  return Option(add(*app_, names, to, description));
}

Option Command::option(const std::string& names, std::uint64_t& to,
                       const std::string& description) {
  return Option(add(*app_, names, to, description));
}

Option Command::size(const std::string& names, std::uint64_t& bytes,
                     const std::string& description) {
  const auto read = [&bytes, names](const std::string& text) {
    const auto size = parse_size(text);
    if (!size) {
      throw CLI::ValidationError(names,
                                 "expected a number of bytes, or one with K, M or G, not " + text);
    }
    bytes = *size;
  };
  return Option(
      app_->add_option_function<std::string>(names, read, description)->type_name("BYTES"));
}

Option Command::list(const std::string& names, std::vector<std::string>& to,
                     const std::string& description) {
  return Option(add(*app_, names, to, description)->take_all()->allow_extra_args(false));
}

void Command::examples(const std::string& lines) { app_->footer(lines); }

void Command::runs(std::function<Result<ExitStatus>(const Context&)> action) {
  app_->callback([context = context_, action = std::move(action)] {
    context->run = [context, action] { return action(*context); };
  });
}

std::vector<std::string> Command::given() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : std::as_const(*app_).get_options()) {
    if (option->count() > 0 && !option->get_lnames().empty())
      names.push_back("--" + option->get_lnames().front());
  }
  return names;
}

}  // namespace smf::tool
