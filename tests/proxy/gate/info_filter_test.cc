#include "proxy/gate/info_filter.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

std::string filtered(std::string_view reply) {
  std::string out;
  append_filtered_info(out, reply);
  return out;
}

std::string bulk(std::string_view text) { return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n"; }

TEST(InfoFilterTest, LinesThatNameAnotherNodeAreTakenOut) {
  const std::string text =
      "# Server\r\nredis_version:7.0.15\r\ntcp_port:6379\r\nlistener0:name=tcp,bind=10.0.0.1,port=6379\r\n"
      "# Replication\r\nrole:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\nmaster_link_status:up\r\nslave_repl_offset:1\r\n"
      "slave0:ip=10.0.0.3,port=6379,state=online\r\nslave12:ip=10.0.0.4\r\nconnected_slaves:2\r\n";
  EXPECT_EQ(filtered(bulk(text)),
            bulk("# Server\r\nredis_version:7.0.15\r\n"
                 "# Replication\r\nrole:slave\r\nmaster_link_status:up\r\nslave_repl_offset:1\r\nconnected_slaves:2\r\n"));
}

TEST(InfoFilterTest, AVerbatimStringStaysOne) { EXPECT_EQ(filtered("=26\r\ntxt:a:1\r\ntcp_port:6379\r\n\r\n"), "=9\r\ntxt:a:1\r\n\r\n"); }

constexpr ProxyInfo kProxy{{{.auth = 11, .certificate = 1, .command = 22, .key = 33, .channel = 44, .database = 55}, 66, 4, 77}, 88, false};
constexpr std::string_view kDenials =
    "acl_access_denied_auth:11\r\nacl_access_denied_cmd:22\r\nacl_access_denied_key:33\r\nacl_access_denied_channel:44\r\n";
constexpr std::string_view kSection = "# Respgate\r\nrespgate_version:" RESPGATE_VERSION
                                      "\r\nrespgate_uptime_in_seconds:66\r\nrespgate_workers:4\r\n"
                                      "respgate_connected_clients:77\r\nrespgate_policy_generation:88\r\nrespgate_enforcement:enforce\r\n"
                                      "respgate_access_denied_database:55\r\nrespgate_access_denied_certificate:1\r\n";

std::string of_proxy(std::string_view reply, ProxySection section = ProxySection::kNo) {
  std::string out;
  append_filtered_info(out, reply, &kProxy, section);
  return out;
}

TEST(InfoFilterTest, RefusalsAreTheProxysWhereverTheServerTellsItsOwn) {
  const std::string denials(kDenials);
  const std::pair<std::string, std::string> cases[] = {
      // Redis 7.0 does not tell any.
      {"# Stats\r\na:1\r\n\r\n# CPU\r\nb:2\r\n", "# Stats\r\na:1\r\n" + denials + "\r\n# CPU\r\nb:2\r\n"},
      {"# Stats\r\na:1\r\n", "# Stats\r\na:1\r\n" + denials},
      {"# Stats\r\n", "# Stats\r\n" + denials},
      {"# Stats\r\na:1\r\n# CPU\r\nb:2\r\n", "# Stats\r\na:1\r\n" + denials + "# CPU\r\nb:2\r\n"},
      // Redis 7.2: in the place of its own.
      {"# Stats\r\na:1\r\nacl_access_denied_auth:9\r\nacl_access_denied_cmd:9\r\nacl_access_denied_key:9\r\n"
       "acl_access_denied_channel:9\r\nz:1\r\n\r\n# CPU\r\n",
       "# Stats\r\na:1\r\n" + denials + "z:1\r\n\r\n# CPU\r\n"},
      // Valkey has two more.
      {"# Stats\r\nacl_access_denied_auth:9\r\nacl_access_denied_tls_cert:9\r\nacl_access_denied_db:9\r\n",
       "# Stats\r\n" + denials + "acl_access_denied_tls_cert:1\r\nacl_access_denied_db:55\r\n"},
      {"# CPU\r\nb:2\r\n", "# CPU\r\nb:2\r\n"},
      {"", ""},
  };
  for (const auto& [from, to] : cases) EXPECT_EQ(of_proxy(bulk(from)), bulk(to)) << from;
}

TEST(InfoFilterTest, TheProxysSectionIsTheLast) {
  EXPECT_EQ(of_proxy(bulk(""), ProxySection::kYes), bulk(kSection));
  EXPECT_EQ(of_proxy(bulk("# CPU\r\nb:2\r\n"), ProxySection::kYes), bulk("# CPU\r\nb:2\r\n\r\n" + std::string(kSection)));
  const std::string whole = "txt:# Stats\r\n" + std::string(kDenials) + "\r\n" + std::string(kSection);
  EXPECT_EQ(of_proxy("=13\r\ntxt:# Stats\r\n\r\n", ProxySection::kYes), "=" + std::to_string(whole.size()) + "\r\n" + whole + "\r\n");
}

TEST(InfoFilterTest, WhichSectionsMeanTheProxys) {
  const auto asks = [](const std::vector<std::string_view>& args) { return proxy_section_of(args) == ProxySection::kYes; };
  EXPECT_TRUE(asks({"INFO"}));
  for (const std::string_view section : {"default", "all", "everything", "respgate", "RESPGATE", "Everything"}) {
    EXPECT_TRUE(asks({"INFO", section})) << section;
    EXPECT_TRUE(asks({"INFO", "cpu", section})) << section;
  }
  for (const std::string_view section : {"stats", "server", "", "respgat", "respgatex", "modules"})
    EXPECT_FALSE(asks({"INFO", section})) << section;
}

TEST(InfoFilterTest, WhatIsNoTextIsLeftAlone) {
  EXPECT_EQ(of_proxy("-ERR no\r\n", ProxySection::kYes), "-ERR no\r\n");
  for (const std::string_view reply : {"-ERR no\r\n", "$-1\r\n", "_\r\n", "$0\r\n\r\n"}) EXPECT_EQ(filtered(reply), reply);
}

}  // namespace
}  // namespace respgate::proxy
