// Writes the replies the proxy itself originates, in either protocol version.
// Each function appends one frame (or one aggregate header) to `out`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/resp.h"

namespace respgate::protocol {

// `text` without CRLF.  Control bytes become spaces and the line is cut at 512
// bytes: whatever a client said may be quoted in an error, never more than that.
void append_simple(std::string& out, std::string_view text);
// `text` starts with its code ("ERR …", "NOPERM …").
void append_error(std::string& out, std::string_view text);
void append_integer(std::string& out, std::int64_t value);
void append_bulk(std::string& out, std::string_view bytes);
void append_null(std::string& out, RespVersion version);        // `$-1` or `_`
void append_null_array(std::string& out, RespVersion version);  // `*-1` or `_`
void append_double(std::string& out, RespVersion version, double value);
void append_boolean(std::string& out, RespVersion version, bool value);
void append_verbatim(std::string& out, RespVersion version, std::string_view text);  // `$` or `=…txt:`
void append_array(std::string& out, std::size_t elements);
void append_map(std::string& out, RespVersion version, std::size_t pairs);  // RESP2: array of 2n
void append_set(std::string& out, RespVersion version, std::size_t elements);
void append_push(std::string& out, RespVersion version, std::size_t elements);

}  // namespace respgate::protocol
