// Notices that files have changed and are done changing: written in place, moved in,
// reached through links that are swapped, gone and back.
//
// inotify only says when to look: what counts is whether a file's stamp differs from
// the one that is known, and whether it has settled (settling.h, with the bounds of
// waiting for a writer).  So an event too many does no harm.  An event too few does little:
// the stamps are looked at every now and then anyhow, for what inotify does not tell (a
// mount over a folder, a writer with mmap, a folder that we may not read).  Where there
// are no events to be had at all (no watches left, a network file system) they are looked
// at once per `settle`.  A file that is missing is waited for.
// Lives on one io_context's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/files/settling.h"

namespace respgate::proxy {

class FileWatch {
 public:
  // kNever: as if there were no inotify.
  enum class Events : std::uint8_t { kWhereThereAre, kNever };

  // `on_change` is called once for each change, or burst of changes, that is done; what a writer is still in the middle of
  // is told when it is done.  It may call anything of this.
  FileWatch(boost::asio::io_context& io, std::chrono::milliseconds settle, std::function<void()> on_change,
            Events events = Events::kWhereThereAre, std::chrono::milliseconds look_anyhow = std::chrono::seconds(30));

  // These, from now on.  Of a file that was watched before, what was known stays; of others, `as_read` is known or, where
  // that says nothing, what is there now.
  void watch(const std::vector<std::string>& files, const FileStamps& as_read = {});
  // What is there now is known: somebody is about to read it all.
  void catch_up();
  void stop();

 private:
  using Time = WatchedFile::Time;

  void wait_for_events();
  bool take_events();
  void take_event(int watch, std::uint32_t mask);
  void watch_way();
  void watch_folders(std::set<int>& wanted);
  int add_watch(const std::string& path, std::uint32_t mask, std::set<int>& wanted);
  void look_soon();
  void look();
  void see(Time now);
  bool tell(Time now);
  void set_timer();

  const std::chrono::milliseconds settle_;
  const std::chrono::milliseconds look_anyhow_;
  const std::function<void()> on_change_;
  std::optional<boost::asio::posix::stream_descriptor> inotify_;  // none: it could not be had
  boost::asio::steady_timer timer_;
  WatchedFiles files_;
  std::set<int> watches_;         // what inotify calls folders and files
  Time next_look_ = Time::max();  // at the latest, whatever comes of the files
  bool polls_ = false;            // at least one of them must be asked about
  bool stopped_ = false;
};

}  // namespace respgate::proxy
