// Reads the `answers` column of command_table.inc, at compile time.
#pragma once

#include <string_view>

#include "protocol/command_notation.h"
#include "protocol/reply_shape.h"

namespace respgate::protocol::notation {

// What RESP2 says where RESP3 says `letter`.
consteval ReplyTypes resp2_of(char letter) {
  switch (letter) {
    case '%':
    case '~': return reply_bit(RespType::kArray);
    case '#': return reply_bit(RespType::kInteger);
    case ',':
    case '=':
    case '(': return reply_bit(RespType::kBulk);
    case '0': return kNullArrayBit;
    default: return reply_bit(static_cast<RespType>(letter));
  }
}

consteval ReplyTypes resp3_of(char letter) { return letter == '0' ? reply_bit(RespType::kNull) : reply_bit(static_cast<RespType>(letter)); }

// "* =n-1", "$_", "any"
consteval ReplyForm read_form(std::string_view text) {
  ReplyForm form;
  const std::string_view letters = take(text, " ");
  if (letters == "any") return form;
  form.resp2 = form.resp3 = 0;
  for (const char letter : letters) {
    require(std::string_view("+:$*_,#(=%~0").find(letter) != std::string_view::npos, "no such reply letter");
    form.resp2 |= resp2_of(letter);
    form.resp3 |= resp3_of(letter);
  }
  if (text.empty()) return form;
  require(take_mark(text, "="), "=2 or =n-1");
  form.length = take_mark(text, "n-") ? ReplyForm::Length::kArgsMinus : ReplyForm::Length::kFixed;
  form.n = static_cast<std::uint8_t>(take_number(text));
  return form;
}

// "argc>2", "STORE/STOREDIST from 6"
consteval void read_condition(std::string_view text, ReplyShape& shape) {
  if (take_mark(text, "argc>")) {
    shape.other_beyond = static_cast<std::uint8_t>(take_number(text));
    return;
  }
  shape.option_words = take(text, " from ");
  shape.option_from = static_cast<std::uint8_t>(take_number(text));
}

consteval ReplyShape read_answers(std::string_view text) {
  ReplyShape shape;
  if (text.empty()) return shape;
  shape.usual = read_form(take(text, " | "));
  if (text.empty()) return shape;
  shape.other = read_form(take(text, " if "));
  read_condition(text, shape);
  return shape;
}

}  // namespace respgate::protocol::notation
