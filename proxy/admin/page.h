// GET / of the admin port: one page to look at, whole in one reply.  It holds nothing
// of this process, it only knows how to ask for it; its sources are in page/, and are
// part of the program.
//
// The browser is told to load nothing else, to run this script and no other (by its
// hash), and to speak to no one but us.
#pragma once

#include <cstdint>
#include <string>

namespace respgate::proxy {

// Will its questions be refused without the token?
enum class PageToken : std::uint8_t { kNotAsked, kAsked };

std::string page_html(PageToken token);
// Its Content-Security-Policy.
std::string page_policy();

}  // namespace respgate::proxy
