#include "proxy/cli/import_elasticache.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "acl/words.h"
#include "proxy/cli/json_shape.h"
#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

using Complaints = JsonShape::Complaints;
using Login = ImportedUser::Login;

constexpr std::string_view kUsersCommand = "`aws elasticache describe-users --output json`";
constexpr std::string_view kGroupsCommand = "`aws elasticache describe-user-groups --output json`";

// Whose rules the service holds a user or a group to; to respgate both are the same language.
enum class Engine : std::uint8_t { kNotTold, kRedis, kValkey };

struct AwsUser {
  std::string id, status, arn;
  Engine engine = Engine::kNotTold;
  std::vector<std::string> groups;
  ImportedUser user;
};

struct AwsGroup {
  std::string id;
  std::vector<std::string> user_ids, replication_groups, serverless_caches;
  Engine engine = Engine::kNotTold;
  bool is_changing = false;
};

// As text of YAML and JSON, in ASCII.
std::string as_json(const std::string& text) { return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace); }

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + log_text(word);
  return out;
}

Engine engine_of(const JsonShape& shape) {
  const std::string name = acl::lowered(shape.text_or("Engine", ""));
  if (name == "valkey") return Engine::kValkey;
  if (!name.empty() && name != "redis") shape.complain("Engine is neither redis nor valkey");
  return name.empty() ? Engine::kNotTold : Engine::kRedis;
}

Login login_of(const JsonShape& user) {
  const auto authentication = user.object_or_none("Authentication");
  if (!authentication) return Login::kUnknownPassword;
  const std::string type = acl::lowered(authentication->text_or("Type", "password"));
  if (type == "no-password" || type == "no-password-required") return Login::kNoPassword;
  if (type == "iam") return Login::kElsewhere;
  if (type != "password") authentication->complain("Type is none of password, no-password and iam");
  return Login::kUnknownPassword;
}

// What the service refuses in an access string, since it would undo or bring what is not said elsewhere.
bool has_foreign_rule(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    const std::string rule = acl::lowered(word);
    return rule == "reset" || rule == "resetpass" || std::string_view("><#!").find(rule.front()) != std::string_view::npos;
  });
}

AwsUser read_user(const JsonShape& shape) {
  AwsUser read;
  read.id = shape.text("UserId");
  read.status = shape.text_or("Status", "active");
  read.arn = shape.text_or("ARN", "");
  read.engine = engine_of(shape);
  read.groups = shape.texts_or_none("UserGroupIds");
  read.user.name = shape.text("UserName");
  read.user.origin = "UserId " + log_text(read.id);
  read.user.login = login_of(shape);
  read.user.rules = rule_words(shape.text("AccessString"));
  if (has_foreign_rule(read.user.rules))
    shape.complain("AccessString holds a password or reset, which no access string of ElastiCache does");
  return read;
}

AwsGroup read_group(const JsonShape& shape) {
  AwsGroup read{shape.text("UserGroupId"), shape.texts_or_none("UserIds"), shape.texts_or_none("ReplicationGroups"),
                shape.texts_or_none("ServerlessCaches"), engine_of(shape)};
  if (const auto pending = shape.object_or_none("PendingChanges"))
    read.is_changing = !pending->texts_or_none("UserIdsToAdd").empty() || !pending->texts_or_none("UserIdsToRemove").empty();
  return read;
}

// Reads and joins; what is wrong is collected, what is worth knowing is noted.
class Reader {
 public:
  explicit Reader(const ElastiCacheSource& source) : source_(source), wanted_(acl::lowered(source.group)) {}

  ImportResult run() {
    read_users();
    read_groups();
    if (complaints_.empty()) select();
    if (complaints_.empty()) check_names();
    if (!complaints_.empty()) return ImportProblem{std::move(complaints_)};
    return finish();
  }

 private:
  void complain(const JsonFile& file, const std::string& what) {
    complaints_.push_back(log_text(file.name, file.name.size()) + ": " + what);
  }

  // Part of a list looks like the whole of a shorter one.
  void refuse_pages(const JsonFile& file, const JsonShape& top) {
    if (top.has("Marker") || top.has("NextToken"))
      complain(file, "is one page of several (Marker, NextToken): run it without --max-items and --no-paginate");
  }

  void read_users() {
    const auto json = parse_json_object(source_.users.name, source_.users.text, kUsersCommand, complaints_);
    if (!json) return;
    const JsonShape top(*json, source_.users.name, "", complaints_);
    refuse_pages(source_.users, top);
    for (const JsonShape& shape : top.objects("Users")) users_.push_back(read_user(shape));
  }

  void read_groups() {
    if (!source_.groups) return;
    const auto json = parse_json_object(source_.groups->name, source_.groups->text, kGroupsCommand, complaints_);
    if (!json) return;
    const JsonShape top(*json, source_.groups->name, "", complaints_);
    refuse_pages(*source_.groups, top);
    for (const JsonShape& shape : top.objects("UserGroups")) groups_.push_back(read_group(shape));
  }

  void select() {
    if (source_.groups)
      select_from_file();
    else if (!wanted_.empty())
      select_by_membership();
  }

  void select_from_file() {
    std::vector<std::string> ids;
    ids.reserve(groups_.size());
    for (const AwsGroup& group : groups_) ids.push_back(group.id);
    if (wanted_.empty() && groups_.size() == 1) wanted_ = groups_.front().id;
    const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const AwsGroup& group) { return group.id == wanted_; });
    if (found == groups_.end()) return complain(*source_.groups, "write --group with one of: " + listed(ids));
    group_ = *found;
    for (const std::string& id : group_.user_ids) {
      const auto is_listed = [&](const AwsUser& user) { return user.id == id; };
      if (std::none_of(users_.begin(), users_.end(), is_listed))
        complain(source_.users,
                 "has no UserId " + log_text(id) + ", which is a member of group " + log_text(group_.id) + ": describe all users");
    }
    std::erase_if(users_, [&](const AwsUser& user) {
      return std::find(group_.user_ids.begin(), group_.user_ids.end(), user.id) == group_.user_ids.end();
    });
    if (group_.is_changing) notes_.push_back("group " + log_text(group_.id) + " is being changed (PendingChanges): this is how it was");
  }

  void select_by_membership() {
    group_.id = wanted_;
    std::erase_if(users_,
                  [&](const AwsUser& user) { return std::find(user.groups.begin(), user.groups.end(), wanted_) == user.groups.end(); });
    if (users_.empty()) complain(source_.users, "has no user in group " + log_text(wanted_));
  }

  // Names are only unique within a group.
  void check_names() {
    std::erase_if(users_, [&](const AwsUser& user) {
      const bool is_going = user.status == "deleting";
      if (is_going) notes_.push_back(described(user.user) + ": is left out, it is being deleted");
      return is_going;
    });
    std::map<std::string, std::vector<std::string>> ids;
    for (const AwsUser& user : users_) ids[user.user.name].push_back(user.id);
    for (const auto& [name, same] : ids) {
      if (same.size() < 2) continue;
      const std::string remedy =
          group_.id.empty() ? "choose a group with --group ID" : "take one of them out of group " + log_text(group_.id);
      complain(source_.users, "user name '" + log_text(name) + "' is that of " + listed(same) + ": " + remedy);
    }
  }

  ImportResult finish() {
    std::vector<ImportedUser> imported;
    for (AwsUser& read : users_) {
      tell_of_engine(read);
      // The type counts; an access string that says otherwise must not open what has a password.
      if (take_state(read.user) && read.user.login != Login::kNoPassword)
        notes_.push_back(described(read.user) + ": nopass in its access string is left out, since it has a password or tokens");
      imported.push_back(read.user);
    }
    ImportResult result = import_users(std::move(imported));
    if (!result) return result;
    // A configuration that names somebody whom users.acl does not have would not load.
    std::erase_if(users_,
                  [&](const AwsUser& read) { return !std::binary_search(result->names.begin(), result->names.end(), read.user.name); });
    std::string names;
    for (const AwsUser& read : users_) {
      names += (names.empty() ? "" : ", ") + as_json(read.user.name);
      tell_of_tokens(read);
    }
    if (!group_.id.empty())
      result->notes.push_back("for the configuration: users: {groups: {" + as_json(group_.id) + ": [" + names + "]}}");
    result->notes.insert(result->notes.begin(), notes_.begin(), notes_.end());
    return result;
  }

  // Valkey's groups take users of both, Redis' groups those of Redis.  What the user may do is the same for either, so
  // it is taken over; that the two files are of one moment and one account is what is doubtful.
  void tell_of_engine(const AwsUser& read) {
    if (group_.engine == Engine::kRedis && read.engine == Engine::kValkey)
      notes_.push_back(described(read.user) + ": its Engine is valkey, and group " + log_text(group_.id) +
                       " of redis takes none of these: it is taken over, but look whether both files are of one time and account");
  }

  void tell_of_tokens(const AwsUser& read) {
    if (read.user.login != Login::kElsewhere) return;
    const bool is_serverless = group_.replication_groups.empty() && !group_.serverless_caches.empty();
    const std::vector<std::string>& caches = is_serverless ? group_.serverless_caches : group_.replication_groups;
    notes_.push_back("for the configuration: users: {iam: {" + as_json(read.user.name) +
                     ": {access_keys_file: FILE, cache: " + (caches.empty() ? "CACHE" : as_json(caches.front())) +
                     ", region: " + region_of(read.arn) + (is_serverless ? ", serverless: true" : "") + "}}}");
  }

  // arn:aws:elasticache:us-east-1:123456789012:user:orders
  static std::string region_of(std::string_view arn) {
    constexpr int kFieldsBefore = 3;
    for (int i = 0; i < kFieldsBefore; ++i) {
      const std::size_t colon = arn.find(':');
      if (colon == arn.npos) return "REGION";
      arn.remove_prefix(colon + 1);
    }
    const std::string region(arn.substr(0, arn.find(':')));
    return region.empty() ? "REGION" : as_json(region);
  }

  const ElastiCacheSource& source_;
  std::string wanted_;  // the group's id, in lower case as AWS keeps it
  std::vector<AwsUser> users_;
  std::vector<AwsGroup> groups_;
  AwsGroup group_;  // chosen; without an id: none
  Complaints complaints_;
  std::vector<std::string> notes_;
};

}  // namespace

ImportResult import_elasticache(const ElastiCacheSource& source) { return Reader(source).run(); }

}  // namespace respgate::proxy
