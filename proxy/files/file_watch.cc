#include "proxy/files/file_watch.h"

#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <utility>

#include "proxy/files/link_trail.h"

namespace respgate::proxy {
namespace {

// Whatever can put another file under a watched name; not writes, of which a folder may see thousands a second.
constexpr std::uint32_t kFolderEvents =
    IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;
// Of a watched file itself: when somebody begins to write it, and when he is done.
constexpr std::uint32_t kFileEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

// File systems that other machines, or other processes, change without inotify hearing of it.
bool has_events(const std::string& folder) {
  constexpr std::array<std::uint32_t, 9> kSilent{
      0x6969,      // NFS
      0x517B,      // SMB
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB2
      0x65735546,  // FUSE, virtiofs
      0x01021997,  // 9P
      0x00C36400,  // Ceph
      0x5346414F,  // AFS
      0x0BD00BD0,  // Lustre
  };
  struct ::statfs status {};
  if (::statfs(folder.c_str(), &status) != 0) return true;  // it is gone; that is an event of the folder around it
  return std::find(kSilent.begin(), kSilent.end(), static_cast<std::uint32_t>(status.f_type)) == kSilent.end();
}

}  // namespace

FileWatch::FileWatch(boost::asio::io_context& io, std::chrono::milliseconds settle, std::function<void()> on_change, Events events)
    : settle_(settle), on_change_(std::move(on_change)), timer_(io) {
  const int descriptor = events == Events::kNever ? -1 : ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return;
  inotify_.emplace(io, descriptor);
  wait_for_events();
}

void FileWatch::watch(const std::vector<std::string>& files) {
  std::map<std::string, FileStamp> before = std::move(known_);
  known_.clear();
  for (const std::string& file : files) known_[file] = stamp_of(file);
  for (auto& [file, stamp] : known_)
    if (const auto was = before.find(file); was != before.end()) stamp = was->second;
  watch_folders();
  look_soon();  // one may have changed before its folder was watched
}

void FileWatch::catch_up() {
  take_events();
  known_ = seen_ = stamps();
}

void FileWatch::stop() {
  stopped_ = true;
  timer_.cancel();
  if (inotify_) inotify_->cancel();
}

// ---------------------------------------------------------------------------------------------- events

void FileWatch::wait_for_events() {
  inotify_->async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    if (take_events()) look_soon();
    wait_for_events();
  });
}

// True when there were any.
bool FileWatch::take_events() {
  if (!inotify_) return false;
  alignas(::inotify_event) std::array<char, 4096> buffer;
  bool any = false;
  for (;;) {
    const ssize_t size = ::read(inotify_->native_handle(), buffer.data(), buffer.size());
    if (size <= 0) return any;
    any = true;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      ::inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      at += sizeof event + event.len;
      if ((event.mask & IN_MODIFY) != 0) being_written_.insert(event.wd);
      if ((event.mask & (IN_CLOSE_WRITE | IN_IGNORED)) != 0) being_written_.erase(event.wd);
      if ((event.mask & IN_IGNORED) != 0) watches_.erase(event.wd);
      if ((event.mask & IN_Q_OVERFLOW) != 0) being_written_.clear();  // what ended it may be among the lost
    }
  }
}

// Links may lead elsewhere by now: watches what is on the way as it is, and nothing else.
void FileWatch::watch_folders() {
  polls_ = !inotify_;
  if (!inotify_) return;
  std::set<std::filesystem::path> folders;
  for (const auto& [file, stamp] : known_) folders.merge(folders_on_the_way(file));
  std::set<int> wanted;
  for (const std::filesystem::path& folder : folders) {
    add_watch(folder, kFolderEvents, wanted);
    if (!has_events(folder)) polls_ = true;
  }
  for (const auto& [file, stamp] : known_)
    if (stamp_of(file).exists) add_watch(file, kFileEvents, wanted);
  for (const int watch : watches_) {
    if (wanted.contains(watch)) continue;
    ::inotify_rm_watch(inotify_->native_handle(), watch);
    being_written_.erase(watch);
  }
  watches_ = std::move(wanted);
}

// The same folder or file under another name has the same watch.
void FileWatch::add_watch(const std::string& path, std::uint32_t mask, std::set<int>& wanted) {
  const int watch = ::inotify_add_watch(inotify_->native_handle(), path.c_str(), mask);
  if (watch >= 0) {
    wanted.insert(watch);
  } else {
    polls_ = true;
  }
}

// ---------------------------------------------------------------------------------------------- looking

// Somebody else's files in the same folder must not put it off for ever: only a change of ours does.
void FileWatch::look_soon() {
  if (stopped_) return;
  std::map<std::string, FileStamp> now = stamps();
  if (will_look_ && now == seen_) return;
  seen_ = std::move(now);
  will_look_ = true;
  timer_.expires_after(settle_);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && !stopped_) look();
  });
}

void FileWatch::look() {
  will_look_ = false;
  watch_folders();
  const std::map<std::string, FileStamp> now = stamps();
  const bool is_settled = now == seen_ && being_written_.empty();
  if (is_settled && differs(now)) {
    known_ = now;
    on_change_();
  }
  // Whoever is writing it will close it; that is an event.
  if (polls_ || (now != seen_ && being_written_.empty())) look_soon();
}

std::map<std::string, FileStamp> FileWatch::stamps() const {
  std::map<std::string, FileStamp> now;
  for (const auto& [file, stamp] : known_) now[file] = stamp_of(file);
  return now;
}

bool FileWatch::differs(const std::map<std::string, FileStamp>& now) const {
  return std::any_of(now.begin(), now.end(), [&](const auto& file) { return file.second.exists && file.second != known_.at(file.first); });
}

}  // namespace respgate::proxy
