#include "proxy/metrics/user_counters.h"

#include <algorithm>
#include <cassert>

namespace respgate::proxy {
namespace {

// A user's own, per listener: to fail as an unknown user is nobody's.
constexpr std::size_t kSeriesOfUser = kAuthFailures.size() - 1 + kDenials.size();

template <typename Value, std::size_t N>
std::size_t index_in(const std::array<Value, N>& values, Value value) {
  const auto found = std::find(values.begin(), values.end(), value);
  assert(found != values.end());
  return static_cast<std::size_t>(found - values.begin());
}

acl::RuleAction action_of(acl::RuleOutcome::Kind kind) {
  switch (kind) {
    case acl::RuleOutcome::Kind::kRewrite: return acl::RuleAction::kRewrite;
    case acl::RuleOutcome::Kind::kObserve: return acl::RuleAction::kObserve;
    default: return acl::RuleAction::kDeny;
  }
}

}  // namespace

std::string_view command_label(std::string_view command) {
  const protocol::CommandSpec* spec = protocol::find_command_by_name(command);
  return spec != nullptr ? spec->name : kUnknownLabel;
}

bool UserCounters::UserRow::expects(acl::AuthOutcome failure) const {
  // A certificate may name nobody as well as a user, and so may a guess too many.
  const bool is_anybodys = failure == acl::AuthOutcome::kCertificate || failure == acl::AuthOutcome::kLockedOut;
  return is_anybodys || (failure == acl::AuthOutcome::kUnknownUser) == (label == kUnknownLabel);
}

UserCounters::UserCounters(std::size_t max_series)
    : max_series_(max_series - std::min(max_series, (protocol::all_commands().size() + 1) * (kRuleActions.size() + kDenials.size()))) {
  // A user of that name shares the row: no series may be told twice.
  by_name_.emplace(kUnknownLabel, &rows_.emplace_back(kUnknownLabel, listeners_));
}

void UserCounters::add_listener(std::size_t own_series) {
  constexpr std::size_t kOfUnknownAndOther = 2 * (kAuthFailures.size() + kDenials.size());
  const std::lock_guard lock(mutex_);
  max_series_ -= std::min(max_series_, own_series + kOfUnknownAndOther);
  for (UserRow& row : rows_) {
    const bool is_complete = row.listener.size() == listeners_;  // otherwise there was no room for an earlier one
    if (!is_named(row) || (is_complete && take_series(kSeriesOfUser))) row.listener.emplace_back();
  }
  ++listeners_;
}

bool UserCounters::take_series(std::size_t n) {
  if (series_ > max_series_ || n > max_series_ - series_) return false;
  series_ += n;
  return true;
}

UserCounters::UserRow& UserCounters::other_row() {
  if (other_ == nullptr) {
    const auto [known, is_new] = by_name_.try_emplace(std::string(kOtherLabel), nullptr);
    if (is_new) known->second = &rows_.emplace_back(kOtherLabel, listeners_);
    other_ = known->second;
  }
  return *other_;
}

UserCounters::UserRow& UserCounters::row_of(const acl::Principal* user) {
  if (user == nullptr) return rows_.front();
  if (const auto known = by_name_.find(std::string_view(user->name())); known != by_name_.end()) return *known->second;
  if (!take_series(kSeriesOfUser * listeners_)) return other_row();
  UserRow& row = rows_.emplace_back(user->name(), listeners_);
  by_name_.emplace(user->name(), &row);
  return row;
}

UserCounters::ListenerRow& UserCounters::cell_of(const acl::Principal* user, std::size_t listener) {
  UserRow& row = row_of(user);
  return listener < row.listener.size() ? row.listener[listener] : other_row().listener[listener];
}

template <typename Label>
std::uint64_t& UserCounters::cell(CommandCounts<Label>& counts, const acl::Principal& user, std::string_view command, Label label) {
  const std::string_view name = command_label(command);
  const UserRow* row = &row_of(&user);
  if (const auto known = counts.find({row, name, label}); known != counts.end()) return known->second;
  if (row != other_ && !take_series(1)) row = &other_row();
  return counts[{row, name, label}];
}

void UserCounters::know(const acl::Policy& policy) {
  const std::lock_guard lock(mutex_);
  for (const acl::Principal& user : policy.principals()) row_of(&user);
  know_rule_hits(policy);
}

void UserCounters::know_rule_hits(const acl::Policy& policy) {
  if (policy.rules().empty()) return;
  for (const acl::Principal& user : policy.principals()) {
    for (const protocol::CommandSpec& command : protocol::all_commands()) {
      if (series_ >= max_series_ / 2) return;
      const acl::RuleOutcome outcome = policy.rules().apply(user, command);
      if (outcome.kind != acl::RuleOutcome::Kind::kNone) cell(rule_hits_, user, command.name, action_of(outcome.kind));
    }
  }
}

void UserCounters::count_auth_failure(std::size_t listener, const acl::Principal* user, acl::AuthOutcome reason) {
  const std::lock_guard lock(mutex_);
  cell_of(user, listener).auth_failures[index_in(kAuthFailures, reason)].add();
}

void UserCounters::count_denial(std::size_t listener, const acl::Principal* user, acl::Decision::Reason reason) {
  const std::lock_guard lock(mutex_);
  cell_of(user, listener).denials[index_in(kDenials, reason)].add();
}

void UserCounters::count_rule_hit(const acl::Principal& user, std::string_view command, acl::RuleAction action) {
  const std::lock_guard lock(mutex_);
  ++cell(rule_hits_, user, command, action);
}

void UserCounters::count_observed_denial(const acl::Principal& user, std::string_view command, acl::Decision::Reason reason) {
  const std::lock_guard lock(mutex_);
  ++cell(observed_denials_, user, command, reason);
}

std::vector<const UserCounters::UserRow*> UserCounters::rows() const {
  const std::lock_guard lock(mutex_);
  std::vector<const UserRow*> rows;
  rows.reserve(rows_.size());
  for (const UserRow& row : rows_) rows.push_back(&row);
  return rows;
}

template <typename Label>
std::vector<UserCounters::CommandCount<Label>> UserCounters::list(const CommandCounts<Label>& counts) const {
  std::vector<CommandCount<Label>> all;
  all.reserve(counts.size());
  for (const auto& [key, count] : counts) all.push_back({std::get<0>(key)->label, std::get<1>(key), std::get<2>(key), count});
  return all;
}

std::vector<UserCounters::CommandCount<acl::RuleAction>> UserCounters::rule_hits() const {
  const std::lock_guard lock(mutex_);
  return list(rule_hits_);
}

std::vector<UserCounters::CommandCount<acl::Decision::Reason>> UserCounters::observed_denials() const {
  const std::lock_guard lock(mutex_);
  return list(observed_denials_);
}

}  // namespace respgate::proxy
