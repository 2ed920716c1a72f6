// The half of a session for requests that are too large to be kept: judged before the large argument is here, then passed
// through to a lane of the session's own while they come.
#include <utility>

#include "proxy/session/session.h"

namespace respgate::proxy {

using ParserStatus = protocol::CommandParser::Status;

// Otherwise it is kept until it is whole, and takes the way of all others.
bool Session::may_stream() const {
  return (lease_ != 0 || services_.pinned.has_room()) && services_.memory.may_announce(parser_.command().large_bytes);
}

// Everything that came before is answered first: then nothing is lost when the request is, with the lane it is on.
Session::Step Session::handle_large(std::string_view& input) {
  if (!replies_.empty()) {
    needs_answers_ = true;
    return Step::kStop;
  }
  const Verdict verdict = gate_.admit_early(parser_.command(), standing());
  note(verdict);
  act(verdict);
  if (!feeding_) gate_.early_is_over();  // refused, or lost at once
  parser_.stream();
  drop_understood(input);  // its beginning, which the request has
  return Step::kContinue;
}

// To the lane, or to nowhere when the request was refused or is lost.
Session::Step Session::pass_through(std::string_view& input) {
  const ParserStatus status = parser_.parse(input);
  if (status == ParserStatus::kError) {
    abandon_request();
    return refuse_stream();
  }
  const bool is_whole = status == ParserStatus::kComplete;
  if (feeding_ && parser_.consumable() > 0) {
    services_.pinned.feed(lease_, input.substr(0, parser_.consumable()), is_whole, last_input_ms_);
    services_.turn.flush_lanes();
  }
  drop_understood(input);
  if (!is_whole) return Step::kStop;
  end_feeding();
  parser_.restart();
  return Step::kContinue;
}

// Its end will not come: the lane that has the beginning is closed, and the server forgets it.
void Session::abandon_request() {
  if (!feeding_) return;
  abandoning_ = true;
  drop_lane();
  abandoning_ = false;
  end_feeding();
}

void Session::end_feeding() {
  feeding_.reset();
  services_.memory.withdraw(std::exchange(announced_, 0));
  gate_.early_is_over();
}

}  // namespace respgate::proxy
