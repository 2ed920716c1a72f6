#include "proxy/admin/page.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "proxy/admin/page_files.h"

namespace respgate::proxy {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What stands between <name> and </name>, of which there is one.
std::string content(const std::string& page, const std::string& name) {
  const std::string open = "<" + name + ">";
  const std::string close = "</" + name + ">";
  const std::size_t first = page.find(open) + open.size();
  EXPECT_EQ(page.find(open, first), std::string::npos);
  return page.substr(first, page.find(close, first) - first);
}

std::string sha256_source(const std::string& text) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::array<unsigned char, 64> base64{};
  const int size = EVP_EncodeBlock(base64.data(), digest.data(), 32);
  return "'sha256-" + std::string(reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(size)) + "'";
}

TEST(PageTest, ItIsWholeInOnePiece) {
  const std::string page = page_html(PageToken::kNotAsked);
  EXPECT_THAT(page, StartsWith("<!doctype html>\n"));
  EXPECT_EQ(content(page, "style"), kPageStyle);
  EXPECT_EQ(content(page, "script"), kPageScript);
  for (const char* place : {"@TOKEN@", "@STYLE@", "@SCRIPT@"}) EXPECT_THAT(page, Not(HasSubstr(place)));
  for (const char* elsewhere : {"http:", "https:", "src=", "@import", "url("}) EXPECT_THAT(page, Not(HasSubstr(elsewhere)));
}

TEST(PageTest, ItKnowsWhetherItWillBeAskedForTheToken) {
  EXPECT_THAT(page_html(PageToken::kAsked), HasSubstr("data-token=\"asked\""));
  EXPECT_THAT(page_html(PageToken::kNotAsked), HasSubstr("data-token=\"none\""));
}

TEST(PageTest, ThePolicyLetsRunWhatThePageHoldsAndNothingElse) {
  for (const PageToken token : {PageToken::kAsked, PageToken::kNotAsked}) {
    const std::string page = page_html(token);
    EXPECT_EQ(page_policy(), "default-src 'none'; script-src " + sha256_source(content(page, "script")) + "; style-src " +
                                 sha256_source(content(page, "style")) +
                                 "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                                 "; require-trusted-types-for 'script'; trusted-types 'none'");
  }
}

}  // namespace
}  // namespace respgate::proxy
