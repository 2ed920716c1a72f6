#include "proxy/gate/info_filter.h"

#include <string>
#include <string_view>

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

TEST(InfoFilterTest, WhatIsNoTextIsLeftAlone) {
  for (const std::string_view reply : {"-ERR no\r\n", "$-1\r\n", "_\r\n", "$0\r\n\r\n"}) EXPECT_EQ(filtered(reply), reply);
}

}  // namespace
}  // namespace respgate::proxy
