// JSON documents, written as they are produced: 100 000 symbols need no memory.
//
// Containers go over lines, indented by two; a value is one line. Strings that are not UTF-8 get
// U+FFFD for what is not, so that the document is always valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace smf::tool {

using Json = nlohmann::ordered_json;

// 64-bit hashes and the like: JSON's numbers are doubles to many readers.
std::string hex_text(std::uint64_t value);

class JsonOutput {
 public:
  // Opens the document, an object, with its `schema` field.
  JsonOutput(std::FILE* out, std::string_view schema);
  JsonOutput(const JsonOutput&) = delete;
  JsonOutput& operator=(const JsonOutput&) = delete;
  ~JsonOutput();  // closes what is open

  // A field of the object that is open. `value` is printed on one line.
  void field(std::string_view key, const Json& value);
  // An element of the array that is open.
  void element(const Json& value);

  void begin_object(std::string_view key);
  void begin_object();
  void begin_array(std::string_view key);
  void end();
  // Containers that are open.
  std::size_t depth() const { return levels_.size(); }

 private:
  void start_item();
  void print_key(std::string_view key);
  void open(char bracket);

  std::FILE* out_;
  struct Level {
    char closing;
    bool is_empty = true;
  };
  std::vector<Level> levels_{};
};

}  // namespace smf::tool
