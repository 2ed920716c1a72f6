// A compiled Redis glob, byte for byte the server's matcher (its surprises
// included: the empty subject matches only the empty pattern, `[a-]` is a range,
// ranges compare signed bytes), but iterative: no recursion on input, and at most
// one step per pair of a subject's and a pattern's byte.
//
//   pattern := ( "*" any run | "?" one byte | "\" byte | "[" class "]" | byte )*
//   class   := "^"? ( "\" byte | byte "-" byte | byte )*
//
// Source: stringmatchlen() of Redis 7.0.15, whose answers tests/data/glob_vectors.json holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace respgate::acl {

class Pattern {
 public:
  // Longer ones are refused by the policy parser.
  static constexpr std::size_t kMaxBytes = 1024;

  // A longer subject matches no pattern with `?`, `[` or an inner `*`, which take a step per pair of bytes: nobody's
  // key is that long, and a client chooses it.  Stricter than the server.
  static constexpr std::size_t kMaxSubjectBytes = 64 * 1024;

  // Any bytes are a pattern.  Patterns without `?`, `[` and inner `*` get a shortcut.
  static Pattern compile(std::string_view text);

  // Most patterns of most users begin with another byte than the key: they are told from it without a call.
  bool matches(std::string_view subject) const { return (!is_anchored_ || subject.starts_with(first_)) && matches_whole(subject); }
  const std::string& text() const { return text_; }
  // The byte that every match begins with, 0 … 255; kAnyByte: there is none.
  static constexpr std::int16_t kAnyByte = -1;
  std::int16_t first_byte() const { return is_anchored_ ? std::int16_t{static_cast<unsigned char>(first_)} : kAnyByte; }
  bool operator==(const Pattern& other) const { return text_ == other.text_; }

 private:
  enum class Shape : std::uint8_t { kExact, kPrefix, kAnything, kGeneral };
  bool matches_whole(std::string_view subject) const;

  std::string text_;
  std::string literal_;  // what it begins with, unescaped; of kExact and kPrefix all of it
  Shape shape_ = Shape::kGeneral;
  bool is_anchored_ = false;  // every match begins with first_
  char first_ = 0;
};

// The matcher without shortcuts.  More than kMaxStars runs of `*` before the last one match nothing, as in
// servers with the fix of CVE-2024-31228.
inline constexpr std::size_t kMaxStars = 1000;
bool glob_matches(std::string_view pattern, std::string_view subject);

// Is there a byte ≥ 0x80 inside `[…]`?  Servers compare ranges as signed or as unsigned bytes, as their
// compiler has it, so such a class means one thing here and another there.
bool has_wide_class(std::string_view pattern);

}  // namespace respgate::acl
