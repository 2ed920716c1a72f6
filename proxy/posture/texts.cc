// How findings speak of listeners, users and files.
#include <algorithm>

#include "proxy/common/log_text.h"
#include "proxy/posture/sections.h"

namespace respgate::proxy {

std::string list_text(const std::vector<std::string>& words, std::size_t most) {
  const bool is_cut = words.size() > most;
  const std::size_t shown = is_cut ? most : words.size();
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const bool is_last = !is_cut && i + 1 == shown;
    if (i > 0) text += is_last ? " and " : ", ";
    text += words[i];
  }
  if (is_cut) text += " and " + std::to_string(words.size() - shown) + " more";
  return text;
}

std::string users_text(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 8, kNameBytes = 64;
  std::vector<std::string> shown;
  shown.reserve(names.size());
  for (const std::string& name : names) shown.push_back(log_text(name, kNameBytes));
  return (names.size() == 1 ? "user " : "users ") + list_text(shown, kMostNames);
}

std::string path_text(std::string_view path) { return log_text(path, path.size()); }

std::string counted(std::size_t n, std::string_view noun) { return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s"); }

std::string listener_text(const ListenerConfig& listener) {
  const std::string address = path_text(listener.address.text);
  if (listener.name == listener.address.text) return "listener " + address;
  return "listener " + log_text(listener.name) + " (" + address + ")";
}

std::vector<const acl::Principal*> enabled_users(const acl::Policy& policy) {
  std::vector<const acl::Principal*> users;
  for (const acl::Principal& principal : policy.principals()) {
    if (principal.is_enabled()) users.push_back(&principal);
  }
  return users;
}

std::vector<std::string> names_of(const std::vector<const acl::Principal*>& users) {
  std::vector<std::string> names;
  names.reserve(users.size());
  for (const acl::Principal* user : users) names.push_back(user->name());
  return names;
}

bool is_readable_by_all(const Snapshot& snapshot, const std::string& file) {
  constexpr std::uint32_t kReadableByOthers = 04;
  const auto stamp = snapshot.files.find(file);
  return stamp != snapshot.files.end() && (stamp->second.mode & kReadableByOthers) != 0;
}

}  // namespace respgate::proxy
