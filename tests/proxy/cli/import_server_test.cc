#include "proxy/cli/import_server.h"

#include <dlfcn.h>
#include <netdb.h>

#include <chrono>
#include <latch>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

std::latch name_server_answers(1);

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kHash = "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

Import imported(const std::vector<std::string>& lines) {
  ImportResult result = import_acl_list(lines);
  if (!result) return ADD_FAILURE() << testing::PrintToString(result.error().what), Import{};
  return *result;
}

std::vector<std::string> problems(const std::vector<std::string>& lines) {
  const ImportResult result = import_acl_list(lines);
  if (result) return ADD_FAILURE() << result->users_acl, std::vector<std::string>();
  return result.error().what;
}

TEST(ImportAclListTest, UsersWithHashesAreTakenOverWhole) {
  const Import import =
      imported({"user alice on sanitize-payload " + kHash + " ~a:* resetchannels &news -@all +@read (%R~b:* resetchannels -@all +get)",
                "user default off nopass ~* &* +@all"});
  EXPECT_EQ(import.users_acl, "user alice on sanitize-payload " + kHash +
                                  " ~a:* resetchannels &news -@all +@read (%R~b:* resetchannels -@all +get)\n"
                                  "user default off nopass ~* &* +@all\n");
  EXPECT_THAT(import.notes, IsEmpty());
}

TEST(ImportAclListTest, WithoutAHashItCannotBeKnownWhatOpensIt) {
  const Import import = imported({"user managed on ~* &* +@all"});
  EXPECT_EQ(import.users_acl, "user managed off ~* &* +@all\nuser default off\n");
  EXPECT_THAT(import.notes, ElementsAre(HasSubstr("off: its password is not told")));
}

TEST(ImportAclListTest, NopassIsWarnedOf) {
  EXPECT_THAT(imported({"user default on nopass ~* &* +@all"}).notes, ElementsAre(HasSubstr("EVERY client is this user")));
}

TEST(ImportAclListTest, TheUserWithoutANameIsLeftOut) {
  const Import import = imported({"user  on nopass ~* &* +@all", "user a on " + kHash + " ~* &* +@all"});
  EXPECT_THAT(import.users_acl, Not(HasSubstr("nopass")));
  EXPECT_THAT(import.notes, Contains(HasSubstr("user '': is left out")));
}

// A server prints a pattern that ends in ')' so that it reads back as the end of the selector, and what follows as
// rules of the user himself.
TEST(ImportAclListTest, ASelectorThatWouldReadBackAsMoreIsLeftOut) {
  const Import import =
      imported({"user a on " + kHash + " ~a &* -@all (~x) resetchannels -@all +@all)", "user b on " + kHash + " ~b &* +get"});
  EXPECT_THAT(import.users_acl, Not(HasSubstr("user a")));
  EXPECT_THAT(import.notes, Contains(HasSubstr("user 'a': is left out")));
}

TEST(ImportAclListTest, WhatIsNoUserIsAnErrorAndNotRepeated) {
  const auto found = problems({"usr alice on >hunter2", "user"});
  EXPECT_THAT(found, ElementsAre("line 1 of ACL LIST is not one of a user", "line 2 of ACL LIST is not one of a user"));
}

TEST(ImportAclListTest, AUserTwiceIsAnError) {
  EXPECT_THAT(problems({"user a on ~* &* +@all", "user a off"}), ElementsAre("ACL LIST has user 'a' twice"));
}

TEST(ImportAclListTest, CommandsOfModulesAreLeftOutAndTold) {
  const Import import = imported({"user a on " + kHash + " ~* &* -@all +json.get +get"});
  EXPECT_THAT(import.users_acl, HasSubstr("~* &* -@all +get\n"));
  EXPECT_THAT(import.notes, ElementsAre(HasSubstr("'+json.get' is left out")));
}

TEST(ImportAclListTest, ACategoryThatIsUnknownIsCalledOne) {
  const Import import = imported({"user a on " + kHash + " ~* &* +@all -@search"});
  EXPECT_THAT(import.users_acl, HasSubstr("~* &* +@all\n"));
  EXPECT_THAT(import.notes, ElementsAre("user 'a': '-@search' is left out: respgate knows no such category"));
}

// users.acl has no way to write such a byte but as it is, and a terminal that shows the file would obey it.
TEST(ImportAclListTest, WhoseRulesHoldAControlByteIsLeftOutAndToldEscaped) {
  const Import import = imported({"user a on " + kHash + " ~a\x1b[2J &* +get", "user b\x07 on " + kHash + " ~b &* +get",
                                  "user c on " + kHash + " ~caf\xc3\xa9:* &* +get"});
  EXPECT_EQ(import.users_acl, "user c on " + kHash + " ~caf\xc3\xa9:* &* +get\nuser default off\n");
  EXPECT_THAT(import.notes, ElementsAre(HasSubstr("user 'a': is left out: '~a\\x1b[2J' holds a control byte"),
                                        HasSubstr("user 'b\\x07': is left out: 'b\\x07' holds a control byte")));
}

TEST(FetchAclListTest, ANameIsResolvedWithinTheTimeForEverything) {
  ServerSource source{*parse_address("slow.test:6379", "."), nullptr, "", "", std::chrono::milliseconds(20)};
  const auto list = fetch_acl_list(source);
  name_server_answers.count_down();
  ASSERT_FALSE(list);
  EXPECT_THAT(list.error().what, ElementsAre("slow.test:6379 is not resolved in time"));
}

}  // namespace
}  // namespace respgate::proxy

// In the place of the library's, in this program: a name server that does not answer for slow.test.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  if (name != nullptr && std::string_view(name) == "slow.test") {
    respgate::proxy::name_server_answers.wait();
    return EAI_NONAME;
  }
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  return reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, found);
}
