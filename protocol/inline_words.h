// Splits an inline command into its words, the way redis-server does it.
//
//   words  := blank* ( word ( blank+ word )* blank* )?
//   word   := ( byte | '"' escaped* '"' | "'" quoted* "'" )+
//
// A quote may open in the middle of a word, and ends it: a blank or the end of the
// line must follow.  Within "…" the escapes are \n \r \t \b \a, \xHH, and \ before
// any other byte is that byte; within '…' there is only \'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace respgate::protocol {

// Bytes [offset, offset + size) of a buffer that may move.
struct Extent {
  std::size_t offset = 0;
  std::size_t size = 0;
};

enum class WordsStatus : std::uint8_t { kSplit, kUnbalancedQuotes, kTooMany };

// REQUIRES: no NUL and no LF in `line`.
// Appends the words' bytes to `text` and where each lies in it to `words`; stops
// with kTooMany at the word that would be one more than `max_words`.
[[nodiscard]] WordsStatus split_words(std::string_view line, std::size_t max_words, std::string& text, std::vector<Extent>& words);

}  // namespace respgate::protocol
