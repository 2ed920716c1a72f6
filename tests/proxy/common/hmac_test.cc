#include "proxy/common/hmac.h"

#include <string>

#include <gtest/gtest.h>

#include "protocol/hex.h"

namespace respgate::proxy {
namespace {

struct Case {
  std::string key;
  std::string text;
  std::string_view value;
};

// RFC 4231 §4.2, §4.3, §4.4, §4.7
const Case kCases[] = {
    {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {std::string(20, '\xaa'), std::string(50, '\xdd'), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
};

TEST(HmacTest, IsThatOfTheStandardHoweverTheTextIsCutAndHoweverOften) {
  for (const Case& one : kCases) {
    const Hmac hmac(one.key);
    EXPECT_EQ(protocol::to_hex(hmac.of({one.text})), one.value);
    for (std::size_t cut = 0; cut <= one.text.size(); ++cut)
      EXPECT_EQ(protocol::to_hex(hmac.of({one.text.substr(0, cut), one.text.substr(cut)})), one.value) << cut;
  }
}

}  // namespace
}  // namespace respgate::proxy
