#include "protocol/command_traits.h"

#include "protocol/text.h"

namespace respgate::protocol {

std::string_view category_name(Category c) { return kCategoryNames[static_cast<std::size_t>(c)]; }

std::optional<Category> find_category(std::string_view name) {
  for (std::size_t i = 0; i < kCategoryCount; ++i) {
    if (equals_any_case(name, kCategoryNames[i])) return static_cast<Category>(i);
  }
  return std::nullopt;
}

}  // namespace respgate::protocol
