// The files of page/, as the build put them into the program (page/page.cmake).
#pragma once

#include <string_view>

namespace respgate::proxy {

extern const std::string_view kPageHtml;  // with the places @TOKEN@, @STYLE@ and @SCRIPT@
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;  // of all scripts, in order

}  // namespace respgate::proxy
