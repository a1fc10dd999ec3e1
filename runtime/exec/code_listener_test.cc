#include "runtime/exec/code_listener.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/exec/either_protection.h"

namespace smf {
namespace {

struct Event {
  std::string what{};
  const void* address = nullptr;
  std::size_t size = 0;
  std::string name{};

  friend bool operator==(const Event&, const Event&) = default;
};

class Recorder : public CodeListener {
 public:
  explicit Recorder(bool hears_batches = false) : hears_batches_(hears_batches) {}

  std::vector<Event> take() { return std::exchange(events_, {}); }

  void region_added(std::span<const std::byte> region) noexcept override {
    events_.push_back({"region", region.data(), region.size(), {}});
  }
  void region_removed(std::span<const std::byte> region) noexcept override {
    events_.push_back({"no region", region.data(), region.size(), {}});
  }
  void published(std::span<const std::byte> code, std::string_view name) noexcept override {
    events_.push_back({"code", code.data(), code.size(), std::string(name)});
  }
  void batch_published(std::span<const std::byte> block,
                       std::span<const Function> functions) noexcept override {
    if (hears_batches_) events_.push_back({"batch", block.data(), block.size(), {}});
    CodeListener::batch_published(block, functions);
  }
  void freed(std::span<const std::byte> code) noexcept override {
    events_.push_back({"freed", code.data(), code.size(), {}});
  }

 private:
  bool hears_batches_;
  std::vector<Event> events_{};
};

class CodeListenerWith : public CodeMemoryWith {
 protected:
  static CodeMemory make_with(std::vector<std::shared_ptr<CodeListener>> listeners) {
    CodeMemoryOptions options;
    options.listeners = std::move(listeners);
    return make(std::move(options));
  }
};

TEST_P(CodeListenerWith, HearsOfRegionsAndCodeInTheOrderOfThings) {
  const auto recorder = std::make_shared<Recorder>();
  const void* code = nullptr;
  std::vector<Event> events;
  {
    CodeMemory memory = make_with({recorder});
    EXPECT_EQ(recorder->take(), std::vector<Event>());
    code = publish(memory, 7, 100).value();
    events = recorder->take();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].what, "region");
    EXPECT_EQ(events[1], (Event{"code", code, 100, ""}));
    memory.free(code, 5).value();
    EXPECT_EQ(recorder->take(), std::vector<Event>());  // somebody may still run it
    memory.reclaim(5).value();
    EXPECT_EQ(recorder->take(), (std::vector<Event>{{"freed", code, 100, ""}}));
    static_cast<void>(publish(memory, 8).value());
    static_cast<void>(recorder->take());
  }
  // What was still there is not told about as freed.
  EXPECT_EQ(recorder->take(),
            (std::vector<Event>{{"no region", events[0].address, events[0].size, ""}}));
}

TEST_P(CodeListenerWith, HearsTheNamesOfABatchAndOneEnd) {
  const auto recorder = std::make_shared<Recorder>(true);
  const auto other = std::make_shared<Recorder>();
  CodeMemory memory = make_with({recorder, other});
  auto batch = memory.begin_batch(1000).value();
  const auto first = batch.add(20, "first").value();
  const auto unnamed = batch.add(16).value();
  const auto last = batch.add(33, "last").value();
  static_cast<void>(recorder->take());
  static_cast<void>(other->take());
  const void* const block = batch.commit("block").value();
  EXPECT_EQ(block, first.address);
  std::vector<Event> expected{{"batch", block, 81, ""},
                              {"code", first.address, 20, "first"},
                              {"code", unnamed.address, 16, "block"},
                              {"code", last.address, 33, "last"}};
  EXPECT_EQ(recorder->take(), expected);
  expected.erase(expected.begin());
  EXPECT_EQ(other->take(), expected);
  memory.free(block).value();
  EXPECT_EQ(recorder->take(), (std::vector<Event>{{"freed", block, 81, ""}}));
}

TEST_P(CodeListenerWith, HearsOfABatchWithoutNamesAsOneBlock) {
  const auto recorder = std::make_shared<Recorder>(true);
  CodeMemory memory = make_with({recorder});
  auto batch = memory.begin_batch(1000).value();
  batch.add(20).value();
  batch.add(20).value();
  static_cast<void>(recorder->take());
  const void* const block = batch.commit("block").value();
  EXPECT_EQ(recorder->take(), (std::vector<Event>{{"code", block, 52, "block"}}));
}

TEST_P(CodeListenerWith, DoesNotHearOfWhatWasNeverPublished) {
  const auto recorder = std::make_shared<Recorder>();
  CodeMemory memory = make_with({recorder});
  {
    auto writer = memory.begin(100).value();
    auto batch = memory.begin_batch(100).value();
    batch.add(10, "never").value();
    static_cast<void>(recorder->take());
  }
  EXPECT_EQ(recorder->take(), std::vector<Event>());
}

INSTANTIATE_TEST_SUITE_P(Protections, CodeListenerWith, either_protection(), name_of);

}  // namespace
}  // namespace smf
