// The part of the gate that changes who a client is and what its session speaks:
// AUTH, HELLO, RESET, SELECT.  Facts: Redis 7.0 acl.c, networking.c (helloCommand);
// HELLO is parsed whole before it acts, as Valkey does.
#include <optional>
#include <string>
#include <utility>

#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/gate/gate.h"
#include "proxy/gate/local_commands.h"

namespace respgate::proxy {
namespace {

using protocol::Args;
using protocol::RespVersion;
using Refusal = Verdict::Refusal;

constexpr std::string_view kNoPasswordSet =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
// Redis 7.0 names the option alone, later servers its place too.
std::string hello_needs_login(acl::ServerTexts texts) {
  return std::string("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO ") +
         (texts == acl::ServerTexts::kRedis70 ? "" : "<proto> ") +
         "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
}
constexpr std::string_view kDefaultUser = "default";

struct HelloOptions {
  std::optional<RespVersion> version;
  std::optional<std::pair<std::string_view, std::string_view>> credentials;  // the last pair counts
  std::optional<std::string_view> name;
  std::string error;  // not empty: nothing of the command is carried out
};

void parse_option(Args args, std::size_t& i, HelloOptions& out) {
  const std::size_t more = args.size() - i - 1;
  if (protocol::is_option(args[i], "AUTH") && more >= 2) {
    out.credentials.emplace(args[i + 1], args[i + 2]);
    i += 3;
  } else if (protocol::is_option(args[i], "SETNAME") && more >= 1) {
    out.name = args[i + 1];
    i += 2;
    if (!is_valid_client_name(*out.name)) out.error = "ERR Client names cannot contain spaces, newlines or special characters.";
  } else {
    out.error = "ERR Syntax error in HELLO option '" + std::string(args[i].substr(0, args[i].find('\0'))) + "'";
  }
}

HelloOptions parse_hello(Args args) {
  HelloOptions out;
  if (args.size() == 1) return out;
  const std::optional<std::int64_t> version = protocol::parse_strict_integer(args[1]);
  if (!version) {
    out.error = "ERR Protocol version is not an integer or out of range";
  } else if (*version != 2 && *version != 3) {
    out.error = "NOPROTO unsupported protocol version";
  } else {
    out.version = *version == 2 ? RespVersion::kResp2 : RespVersion::kResp3;
  }
  for (std::size_t i = 2; i < args.size() && out.error.empty();) parse_option(args, i, out);
  return out;
}

}  // namespace

const acl::Principal* Gate::born_principal(const acl::Policy& policy) const {
  const acl::Principal* born = policy.find(client_.born_as.empty() ? kDefaultUser : std::string_view(client_.born_as));
  if (born == nullptr || !born->is_enabled()) return nullptr;
  if (client_.born_as.empty() && !born->accepts_any_password()) return nullptr;
  if (!client_.group.empty() && !policy.is_member(client_.group, born->name())) return nullptr;
  return born;
}

// A failed login changes nothing: whoever was logged in stays so.
void Gate::log_in(Verdict& verdict, const acl::Credentials& credentials, const Standing& standing) {
  acl::AuthResult result = acl::authenticate(*client_.policy, credentials, client_.group, standing.unix_s);
  if (process_ != nullptr) {
    // Behind the work of judging the password, which is thus the same for who is locked out.
    const LoginRuling ruling = process_->judge_login(client_.source, credentials.user, result.outcome == acl::AuthOutcome::kOk);
    if (ruling.is_refused) result.outcome = acl::AuthOutcome::kLockedOut;
    verdict.delay_ms = ruling.delay_ms;
  }
  verdict.login_attempted = true;
  verdict.login = result.outcome;
  if (result.outcome == acl::AuthOutcome::kWrongPassword) verdict.token_fault = result.token_fault;
  verdict.login_name = credentials.user;
  if (result.outcome != acl::AuthOutcome::kOk) return;
  // A lane from before a reload may be logged in as somebody whom the policy in force does not know.
  const bool same_identity =
      result.principal == client_.principal ||
      (!standing.lane_is_stale && client_.policy->identity_of(client_.principal) == client_.policy->identity_of(result.principal));
  client_.principal = result.principal;
  has_logged_in_ = true;
  // Another user's channels would go on speaking to this one, and its lane is logged in as the other.
  const bool keeps_all = may_keep_what_it_holds() && (same_identity || !needs_lane());
  if (!keeps_all) verdict.kind = Verdict::Kind::kClose;
  verdict.drops_lane = standing.has_lane && !same_identity;
}

// Behind a blocked command it is only read when that is over, as by a server: whoever waits is who asked.  So it is behind
// all that is under way on a lane which may have to go, because the server is to see another user.
Verdict& Gate::auth(Verdict& verdict, const Standing& standing) {
  if (is_blocked()) return wait(verdict);
  const bool may_lose_lane = standing.has_lane && (standing.lane_is_stale || !client_.policy->options().own_identity.empty());
  if (may_lose_lane && standing.owes_replies) return wait(verdict);
  const Args args = verdict.args;
  if (args.size() > 3) return refuse(verdict, Refusal::kWrongCall, "ERR syntax error");
  if (args.size() == 2) {
    const acl::Principal* user = client_.policy->find(kDefaultUser);
    if (user != nullptr && user->accepts_any_password()) return refuse(verdict, Refusal::kWrongCall, kNoPasswordSet);
  }
  if (standing.audit_refuses) return refuse_unaudited(verdict);
  log_in(verdict, {args.size() == 3 ? args[1] : kDefaultUser, args.back()}, standing);
  if (verdict.login != acl::AuthOutcome::kOk) {
    protocol::append_error(answer_, kWrongPass);
  } else {
    protocol::append_simple(answer_, "OK");
  }
  return finish(verdict);
}

Verdict& Gate::hello(Verdict& verdict, const Standing& standing) {
  if (standing.owes_replies) return wait(verdict);  // later replies may be of another protocol
  const HelloOptions options = parse_hello(verdict.args);
  if (!options.error.empty()) return refuse(verdict, Refusal::kWrongCall, options.error);
  if (options.credentials) {
    if (standing.audit_refuses) return refuse_unaudited(verdict);
    log_in(verdict, {options.credentials->first, options.credentials->second}, standing);
    if (verdict.login != acl::AuthOutcome::kOk) {
      protocol::append_error(answer_, kWrongPass);
      return finish(verdict);
    }
  }
  if (!is_logged_in()) return refuse(verdict, Refusal::kNotLoggedIn, hello_needs_login(client_.policy->options().texts));
  if (options.name) client_.name = *options.name;
  const bool stays = verdict.kind != Verdict::Kind::kClose && !verdict.drops_lane;
  if (options.version && *options.version != client_.resp && standing.has_lane && stays)
    return hello_on_its_lane(verdict, *options.version);
  if (options.version) client_.resp = *options.version;
  append_hello_reply();
  return finish(verdict);
}

// What the client has on its own lane stays; the lane learns to speak the other protocol.
Verdict& Gate::hello_on_its_lane(Verdict& verdict, RespVersion version) {
  hello_asked_ = version;
  lane_soiled_ = true;
  rewritten_.assign({"HELLO", version == RespVersion::kResp3 ? "3" : "2"});
  verdict.args = rewritten_;
  verdict.kind = Verdict::Kind::kForward;
  verdict.pinned = true;
  verdict.is_barrier = true;
  verdict.reading = Request::Reading::kHello;
  verdict.expectation = {protocol::reply_bit(protocol::RespType::kArray) | protocol::reply_bit(protocol::RespType::kMap),
                         protocol::ReplyExpectation::kAnyLength};
  return verdict;
}

void Gate::append_hello_reply() {
  const auto field = [this](std::string_view key, std::string_view value) {
    protocol::append_bulk(answer_, key);
    protocol::append_bulk(answer_, value);
  };
  protocol::append_map(answer_, client_.resp, 7);
  field("server", server_.name);
  field("version", server_.version);
  protocol::append_bulk(answer_, "proto");
  protocol::append_integer(answer_, static_cast<int>(client_.resp));
  protocol::append_bulk(answer_, "id");
  protocol::append_integer(answer_, static_cast<std::int64_t>(client_.id));
  field("mode", "standalone");
  field("role", "master");
  protocol::append_bulk(answer_, "modules");
  protocol::append_array(answer_, 0);
}

// Does not wait for a blocked command: RESET behind one is only read when it is over, as by a server.
Verdict& Gate::reset(Verdict& verdict, const Standing& standing) {
  if (standing.owes_replies) return wait(verdict);
  lane_is_gone();
  verdict.drops_lane = true;
  replies_off_ = false;
  client_.principal = born_principal(*client_.policy);
  has_logged_in_ = false;
  client_.resp = RespVersion::kResp2;
  client_.database = 0;
  client_.name.clear();
  protocol::append_simple(answer_, "RESET");
  return finish(verdict);
}

Verdict& Gate::client_reply(Verdict& verdict) {
  const std::string_view mode = verdict.args[2];
  if (protocol::is_option(mode, "on")) {
    replies_off_ = skips_this_reply_ = false;
    protocol::append_simple(answer_, "OK");
  } else if (protocol::is_option(mode, "off")) {
    replies_off_ = true;
  } else if (protocol::is_option(mode, "skip")) {
    skips_next_reply_ = !replies_off_;
    verdict.silent = true;
  } else {
    return refuse(verdict, Refusal::kWrongCall, "ERR syntax error");
  }
  return finish(verdict);
}

Verdict& Gate::select(Verdict& verdict, const Standing& standing) {
  const std::optional<std::int64_t> database = protocol::parse_strict_integer(verdict.args[1]);
  if (!database) return refuse(verdict, Refusal::kWrongCall, "ERR value is not an integer or out of range");
  if (*database > INT32_MAX || *database < INT32_MIN)
    return refuse(verdict, Refusal::kWrongCall, "ERR value is out of range, value must between -2147483648 and 2147483647");
  if (*database < 0) return refuse(verdict, Refusal::kWrongCall, "ERR DB index is out of range");
  if (*database == client_.database) {
    protocol::append_simple(answer_, "OK");
    return finish(verdict);
  }
  if (standing.owes_replies) return wait(verdict);
  if (standing.has_lane) lane_soiled_ = true;
  verdict.kind = Verdict::Kind::kSelect;
  verdict.database = *database;
  return verdict;
}

}  // namespace respgate::proxy
