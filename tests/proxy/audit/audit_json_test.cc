#include "proxy/audit/audit_json.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace respgate::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::system_clock::time_point kWhen{std::chrono::seconds(1715938200) + 7ms};

AuditEvent denied_get() {
  AuditEvent event;
  event.session = 7;
  event.listener = "gateway";
  event.peer = "10.0.3.9:51234";
  event.identity = "spiffe://corp/app";
  event.user = "app";
  event.command = "get";
  event.reason = "key";
  event.key = "orders:1";
  event.touches = {{AuditTouch::Kind::kRead, "orders:1"}};
  event.verdict = "denied";
  event.generation = 3;
  return event;
}

std::string line_of(const AuditEvent& event) { return audit_line(event, kWhen, KeyText(AuditConfig::Keys::kPlain)); }

TEST(AuditJsonTest, ALineHasEveryMemberInOrder) {
  EXPECT_EQ(line_of(denied_get()),
            "{\"time\":\"2024-05-17T09:30:00.007Z\",\"kind\":\"denied\",\"verdict\":\"denied\",\"session\":7,\"listener\":\"gateway\","
            "\"peer\":\"10.0.3.9:51234\",\"identity\":\"spiffe://corp/app\",\"user\":\"app\",\"command\":\"get\",\"reason\":\"key\","
            "\"key\":\"orders:1\",\"touches\":[\"R~orders:1\"],\"generation\":3,"
            "\"detail\":\"\"}\n");
}

TEST(AuditJsonTest, NoByteOfAClientCanForgeALine) {
  for (int value = 0; value < 256; ++value) {
    AuditEvent event = denied_get();
    event.user = event.key = event.peer = event.identity = event.touches.front().name = event.detail =
        std::string("a") + static_cast<char>(value) + "\"}\n{\"x";
    const std::string line = line_of(event);
    ASSERT_EQ(line.find('\n'), line.size() - 1) << value;
    for (const char c : line.substr(0, line.size() - 1)) ASSERT_TRUE(c >= ' ' && c <= '~') << value;
    const auto parsed = nlohmann::json::parse(line);
    ASSERT_EQ(parsed.size(), 14u) << value;
    for (const char c : parsed["user"].get<std::string>()) ASSERT_TRUE(c >= ' ' && c <= '~') << value;
  }
}

TEST(AuditJsonTest, InvalidUtf8IsShownByteByByte) {
  AuditEvent event = denied_get();
  event.user = "\xc0\xaf\xff";
  EXPECT_EQ(nlohmann::json::parse(line_of(event))["user"], "\\xc0\\xaf\\xff");
}

TEST(AuditJsonTest, LongTextsAreCutWithTheirLength) {
  AuditEvent event = denied_get();
  event.user = std::string(1000, 'u');
  event.detail = std::string(1025, 'd');
  const auto parsed = nlohmann::json::parse(line_of(event));
  EXPECT_EQ(parsed["user"], std::string(128, 'u') + "\\...872 more bytes");
  EXPECT_EQ(parsed["detail"], std::string(1024, 'd') + "\\...1 more bytes");
}

TEST(AuditJsonTest, EveryKindHasItsName) {
  using Kind = AuditEvent::Kind;
  std::string names;
  for (const Kind kind : {Kind::kAuth, Kind::kDenied, Kind::kAdmin, Kind::kReload, Kind::kObserved, Kind::kAllowed, Kind::kAudit}) {
    names += std::string(audit_kind_name(kind)) + " ";
  }
  EXPECT_EQ(names, "auth denied admin reload observed allowed audit ");
}

std::string touches_of(const AuditEvent& event, AuditConfig::Keys mode) {
  return nlohmann::json::parse(audit_line(event, kWhen, KeyText(mode)))["touches"].dump();
}

TEST(AuditJsonTest, WhatACommandTouchesIsToldWithItsAccess) {
  using Kind = AuditTouch::Kind;
  AuditEvent event = denied_get();
  event.touches = {{Kind::kAny, "a"},     {Kind::kRead, "b"},           {Kind::kWrite, "c"},  {Kind::kReadWrite, "d"},
                   {Kind::kChannel, "e"}, {Kind::kChannelPattern, "f"}, {Kind::kEveryKey, ""}};
  event.touches_left_out = 12;
  EXPECT_EQ(touches_of(event, AuditConfig::Keys::kPlain), R"(["A~a","R~b","W~c","RW~d","C~e","P~f","E","+12"])");
}

TEST(AuditJsonTest, NamesOfWhatIsTouchedAreHiddenAsKeysAre) {
  AuditEvent event = denied_get();
  EXPECT_EQ(touches_of(event, AuditConfig::Keys::kNone), R"(["R"])");
  const std::string hashed = touches_of(event, AuditConfig::Keys::kHash);
  EXPECT_EQ(hashed.substr(0, 4), R"(["R#)");
  EXPECT_EQ(hashed.size(), std::string(R"(["R#"])").size() + 16);
  EXPECT_EQ(hashed.find("orders"), std::string::npos);
}

TEST(KeyTextTest, NothingIsToldOfAKeyInModeNone) { EXPECT_EQ(KeyText(AuditConfig::Keys::kNone).of("orders:1"), ""); }

TEST(KeyTextTest, APlainKeyIsEscaped) { EXPECT_EQ(KeyText(AuditConfig::Keys::kPlain).of("a\nb"), "a\\x0ab"); }

TEST(KeyTextTest, EqualKeysHaveEqualHashesWithinAProcessOnly) {
  const KeyText one(AuditConfig::Keys::kHash);
  const KeyText other(AuditConfig::Keys::kHash);
  EXPECT_EQ(one.of("orders:1"), one.of("orders:1"));
  EXPECT_NE(one.of("orders:1"), one.of("orders:2"));
  EXPECT_NE(one.of("orders:1"), other.of("orders:1"));
  EXPECT_EQ(one.of("orders:1").size(), 16u);
  EXPECT_EQ(one.of("orders:1").find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(JsonArrayTest, LinesBecomeElements) {
  EXPECT_EQ(json_array_of(""), "[]\n");
  EXPECT_EQ(json_array_of("{\"a\":1}\n"), "[{\"a\":1}]\n");
  EXPECT_EQ(nlohmann::json::parse(json_array_of("{\"a\":1}\n{\"a\":2}\n")).size(), 2u);
}

}  // namespace
}  // namespace respgate::proxy
