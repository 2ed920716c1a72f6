#include "proxy/metrics/emf.h"

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace respgate::proxy {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1767323045000;

std::vector<json> parsed(const std::string& lines) {
  std::vector<json> all;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) all.push_back(json::parse(line));
  return all;
}

// The line whose dimensions have these values; every other dimension is absent.
json line_of(const std::vector<json>& lines, const std::string& listener, const std::string& user) {
  for (const json& line : lines) {
    if (line.value("Listener", "") == listener && line.value("User", "") == user) return line;
  }
  ADD_FAILURE() << "no line for " << listener << " " << user;
  return json::object();
}

Tally two_listeners() {
  return {
      {.listener = "gateway",
       .connections = 7,
       .connections_total = 100,
       .refused = 3,
       .users = {{.user = "(unknown)", .failures = {.authentication = 5, .denials = {}}},
                 {.user = "orders", .failures = {.authentication = 1, .denials = {10, 20, 30, 40}}}}},
      {.listener = "sidecar", .connections = 1, .connections_total = 2, .refused = 0, .users = {}},
  };
}

TEST(EmfReportTest, TheFirstReportTellsWhatCountedSinceTheStart) {
  const auto lines = parsed(EmfReport("Respgate").next(two_listeners(), kNow));
  ASSERT_EQ(lines.size(), 5u);
  const json orders = line_of(lines, "gateway", "orders");
  EXPECT_EQ(orders["AuthenticationFailures"], 1);
  EXPECT_EQ(orders["CommandAuthorizationFailures"], 10);
  EXPECT_EQ(orders["KeyAuthorizationFailures"], 20);
  EXPECT_EQ(orders["ChannelAuthorizationFailures"], 30);
  EXPECT_EQ(orders["DatabaseAuthorizationFailures"], 40);
  EXPECT_EQ(line_of(lines, "gateway", "(unknown)")["AuthenticationFailures"], 5);
  const json gateway = line_of(lines, "gateway", "");
  EXPECT_EQ(gateway["AuthenticationFailures"], 6);
  EXPECT_EQ(gateway["KeyAuthorizationFailures"], 20);
  EXPECT_EQ(gateway["CurrConnections"], 7);
  EXPECT_EQ(gateway["NewConnections"], 100);
  EXPECT_EQ(gateway["RejectedConnections"], 3);
  EXPECT_EQ(line_of(lines, "sidecar", "")["AuthenticationFailures"], 0) << "zeroes are told";
  const json whole = line_of(lines, "", "");
  EXPECT_EQ(whole["AuthenticationFailures"], 6);
  EXPECT_EQ(whole["CurrConnections"], 8);
  EXPECT_EQ(whole["NewConnections"], 102);
}

TEST(EmfReportTest, LaterReportsTellWhatChanged) {
  EmfReport report("Respgate");
  Tally tally = two_listeners();
  report.next(tally, kNow);
  tally[0].connections = 4;
  tally[0].connections_total += 11;
  tally[0].users[1].failures.denials[1] += 2;
  tally[0].users.push_back({.user = "late", .failures = {.authentication = 9, .denials = {}}});
  const auto lines = parsed(report.next(tally, kNow + 60000));
  EXPECT_EQ(line_of(lines, "gateway", "orders")["KeyAuthorizationFailures"], 2);
  EXPECT_EQ(line_of(lines, "gateway", "orders")["CommandAuthorizationFailures"], 0);
  EXPECT_EQ(line_of(lines, "gateway", "late")["AuthenticationFailures"], 9);
  EXPECT_EQ(line_of(lines, "gateway", "")["CurrConnections"], 4);
  EXPECT_EQ(line_of(lines, "gateway", "")["NewConnections"], 11);
  EXPECT_EQ(line_of(lines, "", "")["RejectedConnections"], 0);
}

// As the specification has it: what the directive names is a member of the root, dimensions as text, metrics as numbers.
TEST(EmfReportTest, EveryLineIsTheFormat) {
  EmfReport report("Shop");
  for (const json& line : parsed(report.next(two_listeners(), kNow))) {
    EXPECT_EQ(line["_aws"]["Timestamp"], kNow);
    ASSERT_EQ(line["_aws"]["CloudWatchMetrics"].size(), 1u);
    const json& directive = line["_aws"]["CloudWatchMetrics"][0];
    EXPECT_EQ(directive["Namespace"], "Shop");
    ASSERT_GE(directive["Dimensions"].size(), 1u);
    std::set<std::string> named{"_aws"};
    for (const json& set : directive["Dimensions"]) {
      for (const json& dimension : set) {
        named.insert(dimension.get<std::string>());
        EXPECT_TRUE(line[dimension.get<std::string>()].is_string()) << line;
      }
    }
    EXPECT_LE(directive["Metrics"].size(), 100u);
    for (const json& metric : directive["Metrics"]) {
      named.insert(metric["Name"].get<std::string>());
      EXPECT_EQ(metric["Unit"], "Count");
      EXPECT_TRUE(line[metric["Name"].get<std::string>()].is_number_unsigned()) << line;
    }
    std::set<std::string> members;
    for (const auto& [name, value] : line.items()) members.insert(name);
    EXPECT_EQ(members, named);
  }
}

TEST(EmfReportTest, DimensionsAddUp) {
  const auto lines = parsed(EmfReport("Respgate").next(two_listeners(), kNow));
  const auto dimensions = [](const json& line) { return line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]; };
  EXPECT_EQ(dimensions(line_of(lines, "gateway", "orders")), json::parse(R"([["User"],["Listener","User"]])"));
  EXPECT_EQ(dimensions(line_of(lines, "gateway", "")), json::parse(R"([["Listener"]])"));
  EXPECT_EQ(dimensions(line_of(lines, "", "")), json::parse(R"([[]])"));
}

TEST(EmfReportTest, AHostileNameStaysOnItsLine) {
  const Tally tally = {{.listener = "gateway",
                        .connections = 0,
                        .connections_total = 0,
                        .refused = 0,
                        .users = {{.user = std::string("a\r\n{\"_aws\":1}\xff\0\x1b[31m", 20), .failures = {}}}}};
  const std::string lines = EmfReport("Respgate").next(tally, kNow);
  EXPECT_EQ(parsed(lines).size(), 3u);
  for (const char byte : lines) EXPECT_TRUE(byte == '\n' || (byte >= ' ' && byte < 0x7f)) << static_cast<int>(byte);
}

TEST(EmfReportTest, AnotherNamespaceForgetsNothing) {
  EmfReport report("Respgate");
  report.next(two_listeners(), kNow);
  report.rename("Other");
  const auto lines = parsed(report.next(two_listeners(), kNow));
  EXPECT_EQ(lines.back()["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Other");
  EXPECT_EQ(lines.back()["NewConnections"], 0);
}

}  // namespace
}  // namespace respgate::proxy
