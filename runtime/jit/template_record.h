// A template of a module that is loaded, read when it is first needed.
//
// Its body is copied and parsed once, however many instantiations are made: what was checked is
// then what is used, also when somebody changes the file under its mapping.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/cache/cache.h"
#include "runtime/format/templates.h"
#include "runtime/mir/demands.h"
#include "runtime/mir/unit.h"

namespace smf::internal {

class TemplateRecord : public std::enable_shared_from_this<TemplateRecord> {
 public:
  // `entry` points into `section`.
  TemplateRecord(std::string module, std::shared_ptr<const SectionContent> section,
                 const TemplateEntry& entry)
      : module_(std::move(module)),
        section_(std::move(section)),
        name_(entry.name),
        kind_(entry.kind),
        body_(entry.body) {}

  // Another for each record there ever was.
  std::uint64_t id() const { return id_; }
  const std::string& module() const { return module_; }
  const std::string& name() const { return name_; }
  bool is_function() const { return kind_ == 0; }
  Bytes body() const { return body_; }

  struct Parsed {
    mir::Unit unit{};
    Hash128 hash{};                      // of the body
    std::vector<std::string> callees{};  // templates that it names: functions with arguments
  };
  // Errors are those of read_body(), and kInvalidInput for a body that is of something else; the
  // same each time. The pointer stays.
  Result<const Parsed*> parsed();

  // Of a function: what it demands of its arguments, once it was verified in its general form;
  // nullptr before.
  const mir::Demands* demands() const { return demands_.load(std::memory_order_acquire); }
  // The first counts; all are the same.
  void set_demands(mir::Demands demands);

 private:
  Result<Parsed> parse() const;

  static std::uint64_t next_id();

  const std::uint64_t id_ = next_id();
  const std::string module_;
  const std::shared_ptr<const SectionContent> section_;
  const std::string name_;
  const std::uint8_t kind_;
  const Bytes body_;

  std::atomic<const Result<Parsed>*> ready_{nullptr};
  std::mutex mutex_{};
  std::unique_ptr<const Result<Parsed>> result_{};
  std::atomic<const mir::Demands*> demands_{nullptr};
  std::unique_ptr<const mir::Demands> kept_demands_{};
};

}  // namespace smf::internal
