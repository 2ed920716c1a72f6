#include "proxy/gate/info_filter.h"

#include <algorithm>
#include <array>

#include "protocol/reply_writer.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kVerbatimMark = "txt:";

bool starts_with_numbered(std::string_view line, std::string_view word) {
  return line.starts_with(word) && line.size() > word.size() && line[word.size()] >= '0' && line[word.size()] <= '9';
}

bool names_an_address(std::string_view line) {
  constexpr std::array<std::string_view, 5> kFields{"master_host:", "master_port:", "primary_host:", "primary_port:", "tcp_port:"};
  return std::ranges::any_of(kFields, [&](std::string_view field) { return line.starts_with(field); }) ||
         starts_with_numbered(line, "slave") || starts_with_numbered(line, "replica") || starts_with_numbered(line, "listener");
}

std::string without_addresses(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline == text.npos ? text.size() : newline + 1);
    if (!names_an_address(line)) kept.append(line);
    text.remove_prefix(line.size());
  }
  return kept;
}

}  // namespace

void append_filtered_info(std::string& out, std::string_view reply) {
  const bool verbatim = reply.starts_with('=');
  const std::size_t header = reply.find("\r\n");
  if ((!verbatim && !reply.starts_with('$')) || reply.starts_with("$-") || header == reply.npos) {
    out.append(reply);
    return;
  }
  std::string_view text = reply.substr(header + 2);
  text.remove_suffix(2);
  if (verbatim) text.remove_prefix(kVerbatimMark.size());
  const std::string kept = without_addresses(text);
  protocol::append_verbatim(out, verbatim ? protocol::RespVersion::kResp3 : protocol::RespVersion::kResp2, kept);
}

}  // namespace respgate::proxy
