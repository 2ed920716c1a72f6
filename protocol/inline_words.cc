#include "protocol/inline_words.h"

#include <optional>

namespace respgate::protocol {
namespace {

// Between words all of C's white space is skipped, but only these end a word.
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

char escaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

class Splitter {
 public:
  Splitter(std::string_view line, std::string& text) : line_(line), text_(text) {}

  bool at_end() const { return at_ == line_.size(); }

  void skip_blanks() {
    while (!at_end() && is_blank(line_[at_])) ++at_;
  }

  // Appends one word; false when a quote in it is not closed as it must be.
  bool take_word() {
    for (; !at_end() && !ends_word(line_[at_]); ++at_) {
      if (line_[at_] == '"') return take_escaped();
      if (line_[at_] == '\'') return take_quoted();
      text_ += line_[at_];
    }
    return true;
  }

 private:
  bool take_escaped() {
    for (++at_; !at_end(); ++at_) {
      if (line_[at_] == '"') return closes();
      if (line_[at_] != '\\') {
        text_ += line_[at_];
      } else if (!take_hex()) {
        if (++at_ == line_.size()) return false;
        text_ += escaped(line_[at_]);
      }
    }
    return false;
  }

  bool take_quoted() {
    for (++at_; !at_end(); ++at_) {
      if (line_[at_] == '\'') return closes();
      if (line_.substr(at_, 2) == "\\'") ++at_;
      text_ += line_[at_];
    }
    return false;
  }

  // At a backslash: takes \xHH if that is what it is, and stops at its last byte.
  bool take_hex() {
    const std::string_view escape = line_.substr(at_, 4);
    if (escape.size() < 4 || escape[1] != 'x') return false;
    const auto high = hex_digit(escape[2]);
    const auto low = hex_digit(escape[3]);
    if (!high || !low) return false;
    text_ += static_cast<char>(*high << 4 | *low);
    at_ += 3;
    return true;
  }

  // At a closing quote: steps over it.
  bool closes() {
    ++at_;
    return at_end() || is_blank(line_[at_]);
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::string& text_;
};

}  // namespace

WordsStatus split_words(std::string_view line, std::size_t max_words, std::string& text, std::vector<Extent>& words) {
  Splitter splitter(line, text);
  for (splitter.skip_blanks(); !splitter.at_end(); splitter.skip_blanks()) {
    if (words.size() == max_words) return WordsStatus::kTooMany;
    const std::size_t offset = text.size();
    if (!splitter.take_word()) return WordsStatus::kUnbalancedQuotes;
    words.push_back({offset, text.size() - offset});
  }
  return WordsStatus::kSplit;
}

}  // namespace respgate::protocol
