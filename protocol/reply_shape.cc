#include "protocol/reply_shape.h"

#include <algorithm>

#include "protocol/command_table.h"
#include "protocol/text.h"

namespace respgate::protocol {
namespace {

// Is `text` one of the words of "STORE/STOREDIST"?
bool is_option_among(std::string_view text, std::string_view words) {
  for (std::size_t begin = 0; begin < words.size();) {
    const std::size_t end = std::min(words.find('/', begin), words.size());
    if (is_option(text, words.substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

bool asks_for_other_form(const ReplyShape& shape, Args args) {
  if (shape.option_words.empty() || args.size() <= shape.option_from) return false;
  return std::ranges::any_of(args.subspan(shape.option_from),
                             [&](std::string_view arg) { return is_option_among(arg, shape.option_words); });
}

ReplyExpectation expect(const ReplyForm& form, Args args, RespVersion version) {
  ReplyExpectation expected{version == RespVersion::kResp2 ? form.resp2 : form.resp3};
  if (form.length == ReplyForm::Length::kFixed) expected.length = form.n;
  if (form.length == ReplyForm::Length::kArgsMinus) expected.length = static_cast<std::uint32_t>(args.size() - form.n);
  return expected;
}

// The bit of a reply as it came; a RESP2 null is told from a bulk or an array by its length.
ReplyTypes bit_of(RespType type, std::int64_t frame_length) {
  if (frame_length < 0 && type == RespType::kBulk) return reply_bit(RespType::kNull);
  if (frame_length < 0 && type == RespType::kArray) return kNullArrayBit;
  return reply_bit(type);
}

}  // namespace

bool ReplyExpectation::admits(RespType type, std::int64_t frame_length) const {
  if (type == RespType::kError || type == RespType::kBlobError) return true;
  if ((types & bit_of(type, frame_length)) == 0) return false;
  const bool has_length = type == RespType::kArray && frame_length >= 0;
  return !has_length || length == kAnyLength || static_cast<std::uint64_t>(frame_length) == length;
}

ReplyExpectation expected_reply(const CommandSpec& spec, Args args, RespVersion version) {
  const ReplyShape& shape = spec.reply;
  if (shape.other_beyond != 0 && args.size() > shape.other_beyond) return expect(shape.other, args, version);
  ReplyExpectation expected = expect(shape.usual, args, version);
  // An option word may stand where it is a value: then either form is possible.
  if (asks_for_other_form(shape, args)) expected.types |= expect(shape.other, args, version).types;
  return expected;
}

}  // namespace respgate::protocol
