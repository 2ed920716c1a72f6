// Policy as a table: every file of tests/acl/cases is a users.acl, "---", and what
// it allows and denies.
//
//   option scripts=allow_list            switches, see Table::read_option
//   user app on nopass +get ~app:*       lines of users.acl
//   ---
//   allow  app  GET app:1                fields are two or more blanks apart
//   deny   app  GET sys:1  key 1         … the reason and the argument that decided
//
// A field that begins with '#' is a comment.  In requests "" is the empty argument, \xHH a byte.
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "acl/authorizer.h"
#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

struct Case {
  std::string verdict, user, request, reason;
  int line;
};

struct Table {
  std::string users;
  PolicyOptions options;
  std::int64_t database = 0;
  std::vector<Case> cases;

  void read_option(const std::string& option) {
    if (option == "scripts=allow") {
      options.scripts = PolicyOptions::Scripts::kAllow;
    } else if (option == "scripts=allow_list") {
      options.scripts = PolicyOptions::Scripts::kAllowList;
    } else if (option.starts_with("sha1=")) {
      options.script_sha1.push_back(option.substr(5));
    } else if (option.starts_with("function=")) {
      options.functions.push_back(option.substr(9));
    } else if (option.starts_with("own_identity=")) {
      options.own_identity.push_back(option.substr(13));
    } else if (option == "keyspace=require_all_keys") {
      options.require_all_keys_for_keyspace = true;
    } else if (option.starts_with("database=")) {
      database = std::stoi(option.substr(9));
    } else {
      ADD_FAILURE() << "no such option: " << option;
    }
  }
};

std::vector<std::string> split_fields(const std::string& line) {
  std::vector<std::string> fields;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find("  ", at), line.size());
    if (line[at] == '#') break;
    fields.push_back(line.substr(at, end - at));
    at = std::min(line.find_first_not_of(' ', end), line.size());
  }
  return fields;
}

Table read_table(const std::filesystem::path& path) {
  Table table;
  std::ifstream file(path);
  bool in_cases = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const std::vector<std::string> fields = split_fields(line);
    if (fields.empty()) continue;
    if (line == "---") {
      in_cases = true;
    } else if (!in_cases && line.starts_with("option ")) {
      table.read_option(line.substr(7));
    } else if (!in_cases) {
      table.users += line + "\n";
    } else {
      EXPECT_GE(fields.size(), 3u) << path << ":" << number;
      if (fields.size() >= 3) table.cases.push_back({fields[0], fields[1], fields[2], fields.size() > 3 ? fields[3] : "", number});
    }
  }
  return table;
}

std::string unescaped(const std::string& word) {
  if (word == "\"\"") return "";
  std::string bytes;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word.compare(i, 2, "\\x") != 0) {
      bytes += word[i];
      continue;
    }
    bytes += static_cast<char>(std::stoi(word.substr(i + 2, 2), nullptr, 16));
    i += 3;
  }
  return bytes;
}

std::vector<std::string> split_request(const std::string& request) {
  std::istringstream stream(request);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(unescaped(word));
  return words;
}

std::string in_words(const Decision& decision) {
  switch (decision.detail) {
    case Decision::Detail::kSortBy: return "sort_by";
    case Decision::Detail::kSortGet: return "sort_get";
    case Decision::Detail::kScript: return "script";
    case Decision::Detail::kKeyspaceNames: return "keyspace_names";
    case Decision::Detail::kTargets: return "targets";
    case Decision::Detail::kNone: break;
  }
  if (decision.reason == Decision::Reason::kCommand) return "command";
  return std::string(reason_name(decision.reason)) + " " + std::to_string(decision.arg);
}

class PolicyCases : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(PolicyCases, AreDecidedAsWritten) {
  const Table table = read_table(GetParam());
  const auto principals = parse_policy(table.users);
  ASSERT_TRUE(principals) << principals.error().errors.front().what;
  const Policy policy(*principals, {}, {}, table.options, 1);
  ASSERT_FALSE(table.cases.empty());
  for (const Case& expected : table.cases) {
    SCOPED_TRACE(GetParam().filename().string() + ":" + std::to_string(expected.line));
    const std::vector<std::string> words = split_request(expected.request);
    const std::vector<std::string_view> args(words.begin(), words.end());
    const protocol::CommandLookup lookup = protocol::find_command(args);
    const Principal* principal = policy.find(expected.user);
    ASSERT_EQ(lookup.status, protocol::CommandLookup::Status::kFound);
    ASSERT_TRUE(lookup.spec->arity_fits(args.size()));
    ASSERT_NE(principal, nullptr);
    protocol::TargetFinder finder;
    const Decision decision = authorize(*principal, *lookup.spec, args, finder.find(*lookup.spec, args), policy.options(), table.database);
    EXPECT_EQ(decision.allowed() ? "allow" : "deny", expected.verdict) << in_words(decision);
    if (!decision.allowed()) {
      EXPECT_EQ(in_words(decision), expected.reason);
    }
  }
}

std::vector<std::filesystem::path> case_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(RESPGATE_TEST_DATA "/../acl/cases")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Of, PolicyCases, testing::ValuesIn(case_files()),
                         [](const testing::TestParamInfo<std::filesystem::path>& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace respgate::acl
