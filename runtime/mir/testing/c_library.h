// For tests: C as a library, made and loaded.
#pragma once

#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/os/filter_program.h"

namespace smf::mir {

// A library that gcc makes of a text. `further` are options.
class CLibrary {
 public:
  explicit CLibrary(std::string_view code, std::vector<std::string> further = {}) {
    const char* const folder = std::getenv("TEST_TMPDIR");
    static int number = 0;
    path_ = fmt::format("{}/c_oracle_{}_{}.so", folder != nullptr ? folder : "/tmp", ::getpid(),
                        number++);
    std::vector<std::string> command{"gcc",
                                     "-x",
                                     "c",
                                     "-std=gnu11",
                                     "-O1",
                                     "-fwrapv",
                                     "-fno-strict-aliasing",
                                     "-ffp-contract=off",
                                     "-w",
                                     "-fPIC",
                                     "-shared"};
    command.insert(command.end(), further.begin(), further.end());
    command.insert(command.end(), {"-o", path_, "-", "-lm"});
    const auto made = os::run_filter(command, code);
    if (!made) {
      is_missing_ = made.error().system_errno == ENOENT;
      error_ = made.error().describe();
    } else if (made->exit_status != 0) {
      error_ = made->errors;
    } else {
      handle_ = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle_ == nullptr) error_ = ::dlerror();
    }
    ::unlink(path_.c_str());
  }
  ~CLibrary() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }
  CLibrary(const CLibrary&) = delete;
  CLibrary& operator=(const CLibrary&) = delete;

  bool is_missing() const { return is_missing_; }  // there is no gcc
  const std::string& error() const { return error_; }
  template <typename T>
  T* find(const std::string& name) const {
    void* const found = ::dlsym(handle_, name.c_str());
    EXPECT_NE(found, nullptr) << name;
    return reinterpret_cast<T*>(found);
  }

 private:
  std::string path_;
  std::string error_;
  bool is_missing_ = false;
  void* handle_ = nullptr;
};

}  // namespace smf::mir
