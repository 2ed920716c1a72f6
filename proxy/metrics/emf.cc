#include "proxy/metrics/emf.h"

#include <array>
#include <initializer_list>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAuthentication = "AuthenticationFailures";
// In the order of FailureTally::denials.
constexpr std::array<std::string_view, 4> kDenied = {"CommandAuthorizationFailures", "KeyAuthorizationFailures",
                                                     "ChannelAuthorizationFailures", "DatabaseAuthorizationFailures"};

FailureTally operator-(const FailureTally& now, const FailureTally& before) {
  FailureTally change;
  change.authentication = now.authentication - before.authentication;
  for (std::size_t i = 0; i < change.denials.size(); ++i) change.denials[i] = now.denials[i] - before.denials[i];
  return change;
}

void add(FailureTally& sum, const FailureTally& more) {
  sum.authentication += more.authentication;
  for (std::size_t i = 0; i < sum.denials.size(); ++i) sum.denials[i] += more.denials[i];
}

struct Change {
  std::uint64_t connections = 0;
  std::uint64_t opened = 0;
  std::uint64_t refused = 0;
  FailureTally failures;
};

// One line; every metric and every dimension is a member of the root, as the format wants it.
class Line {
 public:
  Line(const std::string& name_space, std::int64_t unix_ms, std::initializer_list<std::vector<std::string>> dimensions)
      : name_space_(name_space), unix_ms_(unix_ms), dimensions_(dimensions) {}

  void dimension(std::string_view name, std::string_view value) { values_[std::string(name)] = log_text(value); }
  void count(std::string_view name, std::uint64_t value) {
    metrics_.push_back({{"Name", name}, {"Unit", "Count"}});
    values_[std::string(name)] = value;
  }
  void failures(const FailureTally& tally) {
    count(kAuthentication, tally.authentication);
    for (std::size_t i = 0; i < kDenied.size(); ++i) count(kDenied[i], tally.denials[i]);
  }
  void change(const Change& change) {
    count("CurrConnections", change.connections);
    count("NewConnections", change.opened);
    count("RejectedConnections", change.refused);
    failures(change.failures);
  }
  std::string text() const {
    Json root;
    const Json directive{{"Namespace", name_space_}, {"Dimensions", dimensions_}, {"Metrics", metrics_}};
    root["_aws"] = {{"Timestamp", unix_ms_}, {"CloudWatchMetrics", Json::array({directive})}};
    root.update(values_);
    return root.dump() + '\n';
  }

 private:
  const std::string& name_space_;
  std::int64_t unix_ms_;
  std::vector<std::vector<std::string>> dimensions_;
  Json metrics_ = Json::array();
  Json values_ = Json::object();
};

}  // namespace

std::string EmfReport::next(const Tally& now, std::int64_t unix_ms) {
  std::string lines;
  Change whole;
  for (const ListenerTally& listener : now) {
    Before& before = before_[listener.listener];
    Change change{listener.connections, listener.connections_total - before.connections_total, listener.refused - before.refused, {}};
    before.connections_total = listener.connections_total;
    before.refused = listener.refused;
    for (const UserTally& user : listener.users) {
      FailureTally& known = before.users[user.user];
      const FailureTally failures = user.failures - known;
      known = user.failures;
      add(change.failures, failures);
      Line line(name_space_, unix_ms, {{"User"}, {"Listener", "User"}});
      line.dimension("Listener", listener.listener);
      line.dimension("User", user.user);
      line.failures(failures);
      lines += line.text();
    }
    Line line(name_space_, unix_ms, {{"Listener"}});
    line.dimension("Listener", listener.listener);
    line.change(change);
    lines += line.text();
    whole.connections += change.connections;
    whole.opened += change.opened;
    whole.refused += change.refused;
    add(whole.failures, change.failures);
  }
  Line line(name_space_, unix_ms, {{}});
  line.change(whole);
  return lines + line.text();
}

}  // namespace respgate::proxy
