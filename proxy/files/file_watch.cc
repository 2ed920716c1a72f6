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
// Of every folder above those: it may be another one by that name in which the way goes on.
constexpr std::uint32_t kAboveEvents = IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR;
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

WatchedFile::Time steady_now() { return std::chrono::steady_clock::now(); }

std::set<std::filesystem::path> all_above(const std::set<std::filesystem::path>& folders) {
  std::set<std::filesystem::path> above;
  for (const std::filesystem::path& folder : folders)
    for (std::filesystem::path up = folder.parent_path(); above.insert(up).second;) up = up.parent_path();
  return above;
}

}  // namespace

FileWatch::FileWatch(boost::asio::io_context& io, std::chrono::milliseconds settle, std::function<void()> on_change, Events events,
                     std::chrono::milliseconds look_anyhow)
    : settle_(settle), look_anyhow_(look_anyhow), on_change_(std::move(on_change)), timer_(io) {
  const int descriptor = events == Events::kNever ? -1 : ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return;
  inotify_.emplace(io, descriptor);
  wait_for_events();
}

void FileWatch::watch(const std::vector<std::string>& files, const FileStamps& as_read) {
  const Time now = steady_now();
  const WatchedFiles before = std::exchange(files_, {});
  for (const std::string& file : files) {
    if (const auto was = before.find(file); was != before.end()) {
      files_[file] = was->second;
    } else {
      const auto read = as_read.find(file);
      files_[file].see(read != as_read.end() ? read->second : stamp_of(file), now);
      files_[file].learn();
    }
  }
  watch_way();
  look_soon();  // one may have changed before its folder was watched
}

void FileWatch::catch_up() {
  take_events();
  see(steady_now());
  for (auto& [path, file] : files_) file.learn();
  set_timer();
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
      take_event(event.wd, event.mask);
    }
  }
}

void FileWatch::take_event(int watch, std::uint32_t mask) {
  const Time now = steady_now();
  if ((mask & IN_IGNORED) != 0) watches_.erase(watch);
  for (auto& [path, file] : files_) {
    // What ended the writing may be among the lost.
    if ((mask & IN_Q_OVERFLOW) != 0) file.is_open = false;
    if (file.watch != watch) continue;
    if ((mask & IN_IGNORED) != 0) file.is_open = false;
    if ((mask & (IN_MODIFY | IN_CLOSE_WRITE)) != 0) file.write(now, (mask & IN_MODIFY) != 0);
  }
}

// Links may lead elsewhere by now: watches what is on the way as it is, and nothing else.
void FileWatch::watch_way() {
  polls_ = !inotify_;
  if (!inotify_) return;
  std::set<int> wanted;
  watch_folders(wanted);
  for (auto& [path, file] : files_) {
    const bool exists = stamp_of(path).exists;
    const int watch = exists ? add_watch(path, kFileEvents, wanted) : -1;
    if (exists && watch < 0) polls_ = true;
    if (watch != file.watch) file.is_open = false;  // that was another file
    file.watch = watch;
  }
  for (const int watch : watches_)
    if (!wanted.contains(watch)) ::inotify_rm_watch(inotify_->native_handle(), watch);
  watches_ = std::move(wanted);
}

void FileWatch::watch_folders(std::set<int>& wanted) {
  std::set<std::filesystem::path> folders;
  for (const auto& [path, file] : files_) folders.merge(folders_on_the_way(path));
  // First: of a folder that is among both, the events that were asked for last are told.  Those that may not be read
  // cannot be watched.
  for (const std::filesystem::path& folder : all_above(folders)) add_watch(folder, kAboveEvents, wanted);
  for (const std::filesystem::path& folder : folders)
    if (add_watch(folder, kFolderEvents, wanted) < 0 || !has_events(folder)) polls_ = true;
}

// What inotify calls it; negative: it cannot be watched.  The same folder or file under another name has the same watch.
int FileWatch::add_watch(const std::string& path, std::uint32_t mask, std::set<int>& wanted) {
  const int watch = ::inotify_add_watch(inotify_->native_handle(), path.c_str(), mask);
  if (watch >= 0) wanted.insert(watch);
  return watch;
}

// ---------------------------------------------------------------------------------------------- looking

// Links on the way are followed again at the next look; somebody else's files in the same folder must not put it off.
void FileWatch::look_soon() {
  const Time now = steady_now();
  see(now);
  next_look_ = std::min(next_look_, now + settle_);
  set_timer();
}

void FileWatch::look() {
  const Time now = steady_now();
  watch_way();
  see(now);
  next_look_ = now + (polls_ ? settle_ : look_anyhow_);
  if (tell(now)) on_change_();
  set_timer();
}

void FileWatch::see(Time now) {
  for (auto& [path, file] : files_) file.see(stamp_of(path), now);
}

// True when there is something to tell; from now on it is known.
bool FileWatch::tell(Time now) {
  const std::optional<Time> when = when_to_tell(files_, settle_);
  if (!when || *when > now) return false;
  for (auto& [path, file] : files_)
    if (file.at_rest(settle_) <= now) file.learn();
  return true;
}

void FileWatch::set_timer() {
  if (stopped_) return;
  const std::optional<Time> when = when_to_tell(files_, settle_);
  timer_.expires_at(std::min(when.value_or(Time::max()), next_look_));
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && !stopped_) look();
  });
}

}  // namespace respgate::proxy
