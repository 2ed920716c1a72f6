// How the words of rules are told apart and shown: in ASCII whatever the locale, and
// never with a byte in an error text that a terminal or a log could misread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace respgate::acl {

// Folds A-Z only.
std::string lowered(std::string_view word);

// What isspace() says in the C locale: blank, \t \n \v \f \r.
bool is_blank(char byte);
// Below 0x20, or DEL.
bool is_control(char byte);

// 'config\x00', cut after kMaxQuotedBytes; quotes and backslashes are escaped too.
inline constexpr std::size_t kMaxQuotedBytes = 64;
std::string quote(std::string_view bytes);

// How many letters lie between two words, whatever their case: one that is more, less or another, or two that are swapped.
std::size_t edit_distance(std::string_view a, std::string_view b);
// Past so many, another word was meant: one in three letters, but one at least and two at most.
std::size_t likely_edits(std::string_view word);
inline constexpr std::size_t kMaxMistypedBytes = 64;  // longer ones are no typing mistakes

// "; did you mean 'get'?" for the nearest candidate within likely_edits(), or nothing.
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace respgate::acl
