// What is counted with a user's name on it, and the ceiling on how many series that
// makes.  All of it is rare by nature (a denial, a failed login), so one mutex serves
// every writer; a reader holds it only to copy a list.
//
// Names come from closed sets: users of a policy, commands of the table.  What a
// client invented is "(unknown)".  Once the ceiling is reached, users who are not
// counted yet are "(other)".
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "acl/authenticator.h"
#include "acl/authorizer.h"
#include "acl/policy.h"
#include "proxy/metrics/counter.h"

namespace respgate::proxy {

inline constexpr std::string_view kUnknownLabel = "(unknown)";
inline constexpr std::string_view kOtherLabel = "(other)";

// Every way to fail a login, and every way to be denied a command: the values of the label `reason`.
inline constexpr std::array kAuthFailures{acl::AuthOutcome::kWrongPassword, acl::AuthOutcome::kUnknownUser, acl::AuthOutcome::kUserOff,
                                          acl::AuthOutcome::kNotInGroup,    acl::AuthOutcome::kCertificate, acl::AuthOutcome::kLockedOut};
inline constexpr std::array kDenials{acl::Decision::Reason::kCommand, acl::Decision::Reason::kKey, acl::Decision::Reason::kChannel,
                                     acl::Decision::Reason::kDatabase};
inline constexpr std::array kRuleActions{acl::RuleAction::kDeny, acl::RuleAction::kRewrite, acl::RuleAction::kObserve};

// The table's own spelling of a command's name (static), or kUnknownLabel.
std::string_view command_label(std::string_view command);

class UserCounters {
 public:
  struct ListenerRow {
    std::array<Counter, kAuthFailures.size()> auth_failures;
    std::array<Counter, kDenials.size()> denials;
  };
  struct UserRow {
    UserRow(std::string_view name, std::size_t listeners) : label(name), listener(listeners) {}
    const std::string label;
    std::deque<ListenerRow> listener;  // by its index; none for those that came when there was no room for more series
    // Is a series of this row told even while it is 0?
    bool expects(acl::AuthOutcome failure) const;
    bool expects_denials() const { return label != kUnknownLabel; }
  };
  template <typename Label>
  struct CommandCount {
    std::string_view user;  // lives as long as the UserCounters
    std::string_view command;
    Label label;
    std::uint64_t count;
  };

  // At most about `max_series` series are ever made, those of "(unknown)" and "(other)" among them.
  explicit UserCounters(std::size_t max_series);

  // Another listener; it and its `own_series` are counted from now on.  The thread that reads rows().
  void add_listener(std::size_t own_series);

  // Every series that is known in advance exists from now on: each user's logins and
  // denials, and, as long as half of the ceiling is free, each command that a rule of
  // the policy would hit.  Users who are gone stay.
  void know(const acl::Policy& policy);

  // `user` is nullptr when the name is nobody's.
  void count_auth_failure(std::size_t listener, const acl::Principal* user, acl::AuthOutcome reason);
  void count_denial(std::size_t listener, const acl::Principal* user, acl::Decision::Reason reason);
  void count_rule_hit(const acl::Principal& user, std::string_view command, acl::RuleAction action);
  void count_observed_denial(const acl::Principal& user, std::string_view command, acl::Decision::Reason reason);

  // Rows are never removed, and their counters may be read without the lock.
  std::vector<const UserRow*> rows() const;
  std::vector<CommandCount<acl::RuleAction>> rule_hits() const;
  std::vector<CommandCount<acl::Decision::Reason>> observed_denials() const;

 private:
  template <typename Label>
  using CommandCounts = std::map<std::tuple<const UserRow*, std::string_view, Label>, std::uint64_t>;

  // All of these: REQUIRES mutex_ held.
  UserRow& row_of(const acl::Principal* user);
  ListenerRow& cell_of(const acl::Principal* user, std::size_t listener);
  bool is_named(const UserRow& row) const { return &row != &rows_.front() && &row != other_; }
  UserRow& other_row();
  bool take_series(std::size_t n);
  void know_rule_hits(const acl::Policy& policy);
  template <typename Label>
  std::uint64_t& cell(CommandCounts<Label>& counts, const acl::Principal& user, std::string_view command, Label label);
  template <typename Label>
  std::vector<CommandCount<Label>> list(const CommandCounts<Label>& counts) const;

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  mutable std::mutex mutex_;  // everything below
  std::size_t listeners_ = 0;
  std::size_t max_series_;
  std::size_t series_ = 0;
  std::deque<UserRow> rows_;  // stable addresses; the first is "(unknown)"
  UserRow* other_ = nullptr;  // made when the ceiling is first reached
  std::unordered_map<std::string, UserRow*, Hash, std::equal_to<>> by_name_;
  CommandCounts<acl::RuleAction> rule_hits_;
  CommandCounts<acl::Decision::Reason> observed_denials_;
};

}  // namespace respgate::proxy
