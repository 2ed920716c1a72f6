// What the text of a one-line reply may be, type by type.
#pragma once

#include <string_view>

#include "protocol/resp.h"

namespace respgate::protocol {

// REQUIRES: no CR and no LF in `text`, which lies between the type byte and CRLF.
//
//   integer := [sign] digits, within 64 bits         big number := [sign] digits
//   double  := [sign] ( digits ["." digits] [("e" | "E") [sign] digits] | "inf" | "nan" )
//   null    := nothing                               boolean := "t" | "f"
//
// The digits of integers and big numbers have no leading zero, and there is no `-0`.
// Simple strings and errors may hold anything; types of more than a line hold nothing.
bool is_line_text(RespType type, std::string_view text);

}  // namespace respgate::protocol
