// Asks every worker the same and hands what they say to whoever asked, on the thread it
// asked on.  Nobody waits, nothing is locked: questions and answers are posted.
//
// A worker that is stopped does not answer, and then `done` is not called.  That is the
// end of the process: who asked is stopped with it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/server/worker.h"

namespace respgate::proxy {

// `ask` runs on each worker's thread and calls what it is given once, there, at once or later.  `post_back` runs
// something on the asker's thread; any thread calls it, as long as there are workers.
template <typename T>
void gather(const Workers& workers, const std::function<void(std::function<void()>)>& post_back,
            const std::function<void(Worker&, std::function<void(T)>)>& ask, std::function<void(std::vector<T>)> done) {
  struct Round {  // touched on the asker's thread only
    std::vector<T> answers;
    std::size_t missing;
    std::function<void(std::vector<T>)> done;
  };
  auto round = std::make_shared<Round>(Round{{}, workers.size(), std::move(done)});
  const auto take = [round, post_back](T answer) {
    post_back([round, answer = std::move(answer)]() mutable {
      round->answers.push_back(std::move(answer));
      if (--round->missing == 0) round->done(std::move(round->answers));
    });
  };
  for (const auto& worker : workers) worker->post([ask, take](Worker& self) { ask(self, take); });
}

}  // namespace respgate::proxy
