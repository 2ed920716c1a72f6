#include "proxy/lane/lane_end_log.h"

#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

namespace respgate::proxy {
namespace {

using testing::HasSubstr;

// Takes the place of the log meanwhile.
class LaneEndLogTest : public testing::Test {
 protected:
  LaneEndLogTest() {
    auto logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ostream_sink_mt>(written_));
    logger->set_pattern("%v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~LaneEndLogTest() override { spdlog::set_default_logger(before_); }

  void write(LaneEnd why, const std::string& text, std::int64_t now_ms) { log_.write("shared", "node:1", LaneKey{}, {why, text}, now_ms); }

  // Since the last call.
  std::vector<std::string> lines() {
    std::vector<std::string> lines;
    std::istringstream text(written_.str());
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    written_.str("");
    return lines;
  }

  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream written_;
  LaneEndLog log_;
};

TEST_F(LaneEndLogTest, OneReasonHasFiveLinesInTenSeconds) {
  for (std::int64_t i = 0; i < 20; ++i) write(LaneEnd::kUnreachable, "refused", i);
  EXPECT_EQ(lines().size(), 5u);
  write(LaneEnd::kUnreachable, "refused", 10'000);
  EXPECT_THAT(lines(), testing::ElementsAre(HasSubstr("reason=\"refused\" left_out=15")));
}

TEST_F(LaneEndLogTest, TheNextReasonIsToldWhileOneBeforeItGoesOn) {
  for (std::int64_t i = 0; i < 20; ++i) write(LaneEnd::kRefusedCredentials, "NOAUTH", i);
  lines();
  for (const LaneEnd why : {LaneEnd::kUnreachable, LaneEnd::kRefusedDatabase, LaneEnd::kLost, LaneEnd::kTimeout, LaneEnd::kDesync}) {
    write(why, "another", 20);
    EXPECT_THAT(lines(), testing::ElementsAre(HasSubstr("reason=\"another\" left_out=0"))) << static_cast<int>(why);
  }
  write(LaneEnd::kRefusedCredentials, "NOAUTH", 21);
  EXPECT_TRUE(lines().empty());
}

TEST_F(LaneEndLogTest, WhatANodeCannotHaveMeantIsToldMoreOften) {
  for (std::int64_t i = 0; i < 30; ++i) write(LaneEnd::kDesync, "a reply too many", i);
  EXPECT_EQ(lines().size(), 20u);
}

}  // namespace
}  // namespace respgate::proxy
