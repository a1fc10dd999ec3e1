#include "bench/results.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "bench/summary.h"

namespace smf::bench {
namespace {

using nlohmann::json;

std::vector<Figure> made_up_run() {
  return {{.name = "read/ours", .samples = {4, 2, 3}},
          {.name = "read/peer", .samples = {10, 30, 20}},
          {.name = "read/ours_json", .samples = {6, 6, 6}},
          {.name = "read/ours", .unit = "instructions", .samples = {50}, .is_exact = true},
          {.name = "read/peer", .unit = "instructions", .samples = {200}, .is_exact = true},
          {.name = "write/ours", .samples = {1}},
          {.name = "seek/peer", .samples = {1}},
          {.name = "zero/ours", .samples = {1}},
          {.name = "zero/peer", .samples = {0}}};
}

TEST(RatiosTest, EachPeerIsPutBesideOursOfTheSameUnit) {
  const auto ratios = ratios_of(made_up_run());
  ASSERT_EQ(ratios.size(), 3u);
  EXPECT_EQ(ratios[0].name, "read: ours/peer");
  EXPECT_EQ(ratios[0].unit, "ns");
  EXPECT_EQ(ratios[0].ours, "read/ours");
  EXPECT_EQ(ratios[0].peer, "read/peer");
  EXPECT_DOUBLE_EQ(ratios[0].value, 3.0 / 20);
  ASSERT_EQ(ratios[0].samples.size(), 3u);
  EXPECT_DOUBLE_EQ(ratios[0].samples[1], 2.0 / 30);
  EXPECT_FALSE(ratios[0].is_paired);
  EXPECT_EQ(ratios[1].name, "read: ours/ours_json");
  EXPECT_DOUBLE_EQ(ratios[1].value, 0.5);
  EXPECT_EQ(ratios[2].unit, "instructions");
  EXPECT_DOUBLE_EQ(ratios[2].value, 0.25);
}

TEST(RatiosTest, FewerSamplesOfOneSideArePairedAsFarAsTheyGo) {
  const std::vector<Figure> figures = {{.name = "a/ours", .samples = {1, 2, 3}},
                                       {.name = "a/peer", .samples = {2}}};
  const auto ratios = ratios_of(figures);
  ASSERT_EQ(ratios.size(), 1u);
  EXPECT_EQ(ratios[0].samples, std::vector<double>{0.5});
  EXPECT_DOUBLE_EQ(ratios[0].value, 1);
}

TEST(QuantileTest, IsTheLeastThatAPartIsNotAbove) {
  std::vector<double> values;
  for (int i = 1; i <= 200; ++i) values.push_back(i);
  EXPECT_EQ(quantile(values, 0.5), 100);
  EXPECT_EQ(quantile(values, 0.9), 180);
  EXPECT_EQ(quantile(values, 0.99), 198);
  EXPECT_EQ(quantile(values, 1), 200);
  EXPECT_EQ(quantile({7}, 0.01), 7);
}

TEST(NamesTest, KeepWhatANameMayHave) {
  EXPECT_EQ(as_name("zipf 1.0 + scans"), "zipf_1.0_scans");
  EXPECT_EQ(as_name("headers (recorded)"), "headers_recorded");
  EXPECT_EQ(as_name("lseek+read"), "lseek_read");
}

Results made_up_results() {
  Results made;
  made.benchmark = "some_bench";
  made.is_brief = true;
  made.environment.processor = "a processor";
  made.environment.libraries["lib"] = "1.2";
  made.figures = made_up_run();
  made.figures[1].cold = "3 pages, none resident by mincore before each sample";
  made.figures[2].is_higher_better = true;
  made.ratios = ratios_of(made.figures);
  made.distributions = {{.name = "read/ours",
                         .count = 10,
                         .group = 16,
                         .p50 = 1,
                         .p90 = 2,
                         .p99 = 3,
                         .max = 4,
                         .clock_ns = 20}};
  made.stages = {{.name = "cold", .parts = {{"lower", 2.5}, {"encode", 1}}}};
  made.left_out = {{"llvm", "not built"}};
  return made;
}

TEST(ResultsTest, JsonHasWhatWasFound) {
  const json made = to_json(made_up_results());
  EXPECT_EQ(made["schema"], 1);
  EXPECT_EQ(made["benchmark"], "some_bench");
  EXPECT_EQ(made["brief"], true);
  EXPECT_EQ(made["environment"]["libraries"]["lib"], "1.2");
  const json& first = made["figures"][0];
  EXPECT_EQ(first, json::parse(R"({"name": "read/ours", "unit": "ns", "better": "lower",
                                   "samples": [4.0, 2.0, 3.0], "exact": false})"));
  EXPECT_EQ(made["figures"][1]["cold"], "3 pages, none resident by mincore before each sample");
  EXPECT_EQ(made["figures"][2]["better"], "higher");
  EXPECT_EQ(made["figures"][3]["exact"], true);
  EXPECT_EQ(made["ratios"][2]["paired"], false);
  EXPECT_DOUBLE_EQ(made["ratios"][2]["value"], 0.25);
  EXPECT_EQ(made["distributions"][0]["group"], 16);
  EXPECT_DOUBLE_EQ(made["distributions"][0]["p99"], 3);
  EXPECT_EQ(made["stages"][0]["parts"][1], (json{{"name", "encode"}, {"value", 1.0}}));
  EXPECT_EQ(made["left_out"][0], (json{{"name", "llvm"}, {"why", "not built"}}));
  EXPECT_EQ(made["matrix"], json::array());
}

TEST(ResultsTest, AFileIsWrittenWholeOrNotAtAll) {
  const std::string folder = testing::TempDir() + "/results_test";
  std::filesystem::create_directory(folder);
  const std::string path = folder + "/results.json";
  const Results made = made_up_results();
  ASSERT_TRUE(write_results(made, path));
  EXPECT_EQ(json::parse(std::ifstream(path)), to_json(made));
  // Nothing but the file itself stays.
  const std::filesystem::directory_iterator files(folder);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
  const auto refused = write_results(made, folder + "/none/results.json");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().describe().find("none"), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(ResultsTest, WhatNobodyToldOfIsLeftOut) {
  results() = Results();
  EXPECT_TRUE(tell_library("here", "1"));
  tell_left_out({"here", "missing"}, "not built");
  ASSERT_EQ(results().left_out.size(), 1u);
  EXPECT_EQ(results().left_out[0].name, "missing");
  EXPECT_EQ(results().environment.libraries.at("here"), "1");
  results() = Results();
}

TEST(ResultsTest, AnExactFigureHasOneSample) {
  results() = Results();
  add_exact("size/ours", "bytes", 12);
  ASSERT_EQ(results().figures.size(), 1u);
  EXPECT_TRUE(results().figures[0].is_exact);
  EXPECT_EQ(results().figures[0].samples, std::vector<double>{12});
  results() = Results();
}

}  // namespace
}  // namespace smf::bench
