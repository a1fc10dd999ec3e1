#include "runtime/persisted/verify_persisted.h"

#include "runtime/persisted/persisting.h"

namespace smf {
namespace {

VerifyReport report_of(const ByteVector& section) {
  const std::string bytes = module_with_room(2, section);
  const auto view = SmfView::open(as_bytes(bytes));
  EXPECT_TRUE(view);
  VerifyReport report;
  EXPECT_TRUE(verify_persisted(*view, {}, report));
  for (const Finding& finding : report.findings) {
    const auto place = view->find_section(kJitRoomSection);
    EXPECT_GE(finding.offset, (*place)->offset);
  }
  return report;
}

std::vector<ByteVector> entries() { return {sample_code(0).entry(), sample_code(1).entry()}; }

TEST(VerifyPersisted, FindsNothingInWhatAWriterLeaves) {
  for (const std::size_t room : {0, 1, 5, 1000}) {
    EXPECT_TRUE(report_of(section_of({}, room)).findings.empty());
    EXPECT_TRUE(report_of(section_of(entries(), room)).findings.empty());
  }
}

TEST(VerifyPersisted, TellsADamagedEntryAndGoesOn) {
  std::vector<ByteVector> damaged = entries();
  damaged[0].back() ^= std::byte{1};
  damaged[1].back() ^= std::byte{1};
  const VerifyReport report = report_of(section_of(damaged, 100));
  EXPECT_EQ(report.errors, 2u);
  EXPECT_EQ(report.findings.at(1).message, "section '.smf.jit' holds a damaged entry, number 1");
}

TEST(VerifyPersisted, TellsWhatIsNoEntry) {
  ByteVector section = section_of(entries(), 100);
  section[section.size() - 100] = std::byte{3};
  EXPECT_EQ(report_of(section).errors, 1u);
  EXPECT_EQ(report_of(ByteVector(100)).errors, 1u);
  EXPECT_EQ(report_of(ByteVector(3)).errors, 1u);
}

TEST(VerifyPersisted, WhatADeadWriterLeftIsANote) {
  ByteVector section = section_of(entries(), 100);
  section[section.size() - 50] = std::byte{3};
  const VerifyReport report = report_of(section);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.notes, 1u);
}

TEST(VerifyPersisted, ALaterVersionIsANote) {
  ByteVector section = section_of({}, 100);
  section[4] = std::byte{2};
  const VerifyReport report = report_of(section);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.notes, 1u);
}

}  // namespace
}  // namespace smf
