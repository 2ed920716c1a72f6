// A compiled Redis glob, byte for byte the server's matcher (its surprises
// included: the empty subject matches only the empty pattern, `[a-]` is a range,
// ranges compare signed bytes), but iterative and with a bounded worst case.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace respgate::acl {

class Pattern {
 public:
  static Pattern compile(std::string_view text);

  bool matches(std::string_view subject) const;
  const std::string& text() const { return text_; }

 private:
  enum class Shape : std::uint8_t { kExact, kPrefix, kAnything, kGeneral };
  std::string text_;
  std::string literal_;  // kExact, kPrefix: the unescaped text
  Shape shape_ = Shape::kGeneral;
};

}  // namespace respgate::acl
