// A module with the sample's template and a note that lists instantiations of it as possible.
#pragma once

#include <memory>
#include <string>

#include "runtime/jit/jit_instantiator.h"

namespace smf::bench {

inline constexpr int kSampleRows = 1500;  // of each sort

// The symbols in its note. Those of the first sort differ in layout, so each has to be compiled;
// those of the second share one.
std::string distinct_symbol(int i);
std::string equal_symbol(int i);

// A copy of the module in a file of its own, which goes with it.
class SampleModule {
 public:
  SampleModule();
  ~SampleModule();
  SampleModule(const SampleModule&) = delete;
  SampleModule& operator=(const SampleModule&) = delete;

  const std::string& path() const { return path_; }
  // One that has loaded it.
  std::unique_ptr<JitInstantiator> load(UpdateMode mode) const;

 private:
  std::string path_;
};

}  // namespace smf::bench
