// The part of a lane that says who it is: the greeting, and the logins after it that
// keep a connection which lives longer than its first.
#include <random>
#include <utility>

#include "proxy/common/clock.h"
#include "proxy/lane/lane.h"
#include "proxy/lane/upstream_hello.h"

namespace respgate::proxy {
namespace {

constexpr std::int64_t kLaterMs = 1000;  // without credentials a login is put off by so much

bool is_about_credentials(std::string_view code, std::string_view text) {
  return code == "WRONGPASS" || code == "NOAUTH" || code == "NOPERM" || text.find("without any password") != text.npos;
}

}  // namespace

// Until adopt(), or the end of dialling.
void Lane::wait_for_login(std::string why) {
  awaits_login_ = std::move(why);
  dial_deadline_ms_ = last_used_ms_ + settings_->connect_timeout.count();
}

void Lane::adopt(LaneSettingsPtr settings, std::int64_t now_ms) {
  settings_ = std::move(settings);
  if (!awaits_login_ || state_ >= State::kReady || !newest_login().missing(unix_s()).empty()) return;
  awaits_login_.reset();
  if (state_ == State::kDialling) return start(now_ms);
  last_used_ms_ = now_ms;
  dial_deadline_ms_ = now_ms + settings_->connect_timeout.count();
  greet();
}

void Lane::greet() {
  state_ = State::kGreeting;
  greeting_ = Greeting::kHello;
  if (!login_ || login_->is_iam()) login_ = settings_->logins[key_.identity];
  if (std::string why = login_->missing(unix_s()); !why.empty()) return wait_for_login(std::move(why));
  const std::optional<std::string> password = login_->password(attempt_, unix_s());
  send_greeting(hello_request(key_.resp, login_->user, password.value_or(""), password.has_value()), hello_reply(key_.resp));
}

// Greetings are sent one at a time, each alone: a failed login behind a pipelined command is answered with nothing
// by some servers (redis #15640).
void Lane::send_greeting(std::string wire, protocol::ReplyExpectation expectation) {
  RequestPtr request = pool_.take();
  request->wire = std::move(wire);
  request->expectation = expectation;
  pipeline_.push(std::move(request));
  flush(last_used_ms_);
}

void Lane::on_greeting_reply(const protocol::ReplyFrame& frame) {
  if (frame.is_error()) {
    const std::string text(protocol::line_of(frame));
    if (greeting_ == Greeting::kSelect) return end(LaneEnd::kRefusedDatabase, text);
    return on_refusal(frame, text);
  }
  if (greeting_ == Greeting::kHello) {
    server_version_ = server_version_of(frame);
    server_side_id_ = server_side_id_of(frame);
    if (key_.database != 0) {
      greeting_ = Greeting::kSelect;
      return send_greeting(select_request(key_.database), select_reply());
    }
  }
  become_ready();
}

// The other password is tried, or a token of credentials that are asked for again: each once.
void Lane::on_refusal(const protocol::ReplyFrame& frame, const std::string& text) {
  const bool credentials = is_about_credentials(protocol::error_code(frame), text);
  if (credentials && attempt_ + 1 < login_->passwords.size()) {
    ++attempt_;
    return greet();
  }
  const std::string sent = login_->is_iam() ? login_->iam->cache.name + "/?" : login_->password(attempt_, 0).value_or("");
  const std::string shown = "the server answered the greeting with: " + greeting_error_text(text, sent);
  if (credentials && login_->is_iam() && !std::exchange(was_refused_, true)) {
    wait_for_login(shown);
    return owner_.on_lane_login_refused(*this);
  }
  end(credentials ? LaneEnd::kRefusedCredentials : LaneEnd::kUnreachable, shown);
}

void Lane::become_ready() {
  greeting_ = Greeting::kDone;
  state_ = State::kReady;
  plan_login(owner_.now_ms());
  owner_.on_lane_ready(*this, server_version_);
  release_waiting();
}

void Lane::release_waiting() {
  if (load() == waiting_.size()) progress_ms_ = last_used_ms_;
  while (!waiting_.empty() && state_ != State::kEnded) {
    RequestPtr request = std::move(waiting_.front());
    waiting_.pop_front();
    push(std::move(request));
  }
  flush(last_used_ms_);
}

// At the latest after the interval, at the earliest a tenth before, so that lanes do not log in as one.
void Lane::plan_login(std::int64_t now_ms) {
  const std::int64_t interval = login_->is_iam() ? login_->iam->reauthenticate.count() : 0;
  if (interval <= 0) return;
  std::random_device chance;
  login_due_ms_ = now_ms + interval - std::uniform_int_distribution<std::int64_t>(0, interval / 10)(chance);
}

void Lane::log_in_again(std::int64_t now_ms) {
  if (!newest_login().missing(unix_s()).empty()) {
    login_due_ms_ = now_ms + kLaterMs;
    return;
  }
  login_due_ms_ = 0;
  later_login_ = LaterLogin::kDue;
  send_due_login();
}

void Lane::send_due_login() {
  if (later_login_ != LaterLogin::kDue || !pipeline_.empty()) return;
  login_ = settings_->logins[key_.identity];
  const std::optional<std::string> password = login_->password(0, unix_s());
  if (!password) {  // they expired while it waited
    later_login_ = LaterLogin::kNone;
    login_due_ms_ = owner_.now_ms() + kLaterMs;
    return release_waiting();
  }
  later_login_ = LaterLogin::kSent;
  progress_ms_ = owner_.now_ms();
  login_deadline_ms_ = progress_ms_ + settings_->connect_timeout.count();
  RequestPtr request = pool_.take();
  request->wire = auth_request(login_->user, *password);
  request->expectation = auth_reply();
  request->guard = Request::Guard::kLogin;
  pipeline_.push(std::move(request));
  flush(progress_ms_);
}

// A connection that is refused stays who it was, until the node ends it: it is replaced before.
void Lane::on_login_reply(const protocol::ReplyFrame& frame) {
  later_login_ = LaterLogin::kNone;
  if (!frame.is_error()) plan_login(owner_.now_ms());
  release_waiting();
  if (frame.is_error() && state_ != State::kEnded) owner_.on_lane_login_refused(*this);
}

}  // namespace respgate::proxy
