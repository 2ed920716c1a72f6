#include "proxy/gate/info_filter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/reply_writer.h"
#include "protocol/text.h"

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

void append_field(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(name).append(":").append(std::to_string(value)).append("\r\n");
}

// Walks through the lines of an INFO and writes them as the client gets them.
class InfoRewriter {
 public:
  InfoRewriter(std::size_t size, const ProxyInfo* proxy) : proxy_(proxy) { out_.reserve(size + kRoomForProxy); }

  void take(std::string_view line) {
    if (names_an_address(line)) return;
    if (proxy_ != nullptr && line.starts_with(kDenied)) return tell_of(line);
    if (line == protocol::kCrlf || line.starts_with('#')) end_section();
    in_stats_ = in_stats_ || line.starts_with("# Stats");
    out_.append(line);
  }

  std::string finish(ProxySection section) {
    end_section();
    if (proxy_ != nullptr && section == ProxySection::kYes) append_proxy_section();
    return std::move(out_);
  }

 private:
  static constexpr std::string_view kDenied = "acl_access_denied_";
  static constexpr std::size_t kRoomForProxy = 512;

  // The server's own count of what its ACL refused.
  void tell_of(std::string_view line) {
    tell_denials();
    // Words of Valkey's alone.
    if (line.starts_with("acl_access_denied_tls_cert:")) append_field(out_, "acl_access_denied_tls_cert", denials().certificate);
    if (line.starts_with("acl_access_denied_db:")) append_field(out_, "acl_access_denied_db", denials().database);
  }

  void tell_denials() {
    if (std::exchange(denials_told_, true)) return;
    append_field(out_, "acl_access_denied_auth", denials().auth);
    append_field(out_, "acl_access_denied_cmd", denials().command);
    append_field(out_, "acl_access_denied_key", denials().key);
    append_field(out_, "acl_access_denied_channel", denials().channel);
  }

  void end_section() {
    if (std::exchange(in_stats_, false) && proxy_ != nullptr) tell_denials();
  }

  // Names of their own, since many readers make one flat map of all sections.
  void append_proxy_section() {
    if (!out_.empty()) out_.append(protocol::kCrlf);
    out_.append("# Respgate\r\nrespgate_version:").append(RESPGATE_VERSION).append(protocol::kCrlf);
    append_field(out_, "respgate_uptime_in_seconds", static_cast<std::uint64_t>(proxy_->process.uptime_s));
    append_field(out_, "respgate_workers", proxy_->process.workers);
    append_field(out_, "respgate_connected_clients", proxy_->process.clients);
    append_field(out_, "respgate_policy_generation", proxy_->policy_generation);
    out_.append("respgate_enforcement:").append(proxy_->observes ? "observe" : "enforce").append(protocol::kCrlf);
    append_field(out_, "respgate_access_denied_database", denials().database);
    append_field(out_, "respgate_access_denied_certificate", denials().certificate);
  }

  const DenialTotals& denials() const { return proxy_->process.denials; }

  const ProxyInfo* proxy_;
  std::string out_;
  bool in_stats_ = false;
  bool denials_told_ = false;
};

std::string rewritten(std::string_view text, const ProxyInfo* proxy, ProxySection section) {
  InfoRewriter rewriter(text.size(), proxy);
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline == text.npos ? text.size() : newline + 1);
    rewriter.take(line);
    text.remove_prefix(line.size());
  }
  return rewriter.finish(section);
}

}  // namespace

ProxySection proxy_section_of(protocol::Args args) {
  constexpr std::array<std::string_view, 4> kNames{"default", "all", "everything", "respgate"};
  const auto is_named = [&](std::string_view asked) {
    return std::ranges::any_of(kNames, [&](std::string_view name) { return protocol::is_option(asked, name); });
  };
  return args.size() == 1 || std::ranges::any_of(args.subspan(1), is_named) ? ProxySection::kYes : ProxySection::kNo;
}

void append_filtered_info(std::string& out, std::string_view reply, const ProxyInfo* proxy, ProxySection section) {
  const bool verbatim = reply.starts_with('=');
  const std::size_t header = reply.find("\r\n");
  if ((!verbatim && !reply.starts_with('$')) || reply.starts_with("$-") || header == reply.npos) {
    out.append(reply);
    return;
  }
  std::string_view text = reply.substr(header + 2);
  text.remove_suffix(2);
  if (verbatim) text.remove_prefix(kVerbatimMark.size());
  const std::string kept = rewritten(text, proxy, section);
  protocol::append_verbatim(out, verbatim ? protocol::RespVersion::kResp3 : protocol::RespVersion::kResp2, kept);
}

}  // namespace respgate::proxy
