// What is left to do before a worker looks at its sockets again: sessions that may
// go on, sessions with something to send.  Gathering these to the end of the turn is
// what makes one write of many replies.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace respgate::proxy {

class Session;

class TurnQueue {
 public:
  // `schedule` is called when the queue stops being empty: run the end of the turn soon.
  explicit TurnQueue(std::function<void()> schedule) : schedule_(std::move(schedule)) {}

  void resume(std::shared_ptr<Session> session) { add(resume_, std::move(session)); }
  void flush(std::shared_ptr<Session> session) { add(flush_, std::move(session)); }
  // A lane was given something.
  void flush_lanes() { arm(); }

  std::vector<std::shared_ptr<Session>> take_resumed() { return std::exchange(resume_, {}); }
  std::vector<std::shared_ptr<Session>> take_flushed() { return std::exchange(flush_, {}); }
  // The turn is being ended: from now on new work schedules another.
  void disarm() { armed_ = false; }

 private:
  void add(std::vector<std::shared_ptr<Session>>& list, std::shared_ptr<Session> session) {
    list.push_back(std::move(session));
    arm();
  }
  void arm() {
    if (!std::exchange(armed_, true)) schedule_();
  }

  std::function<void()> schedule_;
  std::vector<std::shared_ptr<Session>> resume_;
  std::vector<std::shared_ptr<Session>> flush_;
  bool armed_ = false;
};

}  // namespace respgate::proxy
