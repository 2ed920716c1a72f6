#include "proxy/cli/json_shape.h"

#include <algorithm>

#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

using nlohmann::json;

// Lines and columns from 1.
std::string place_in(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::to_string(line) + ":" + std::to_string(before.size() - line_begin + 1);
}

}  // namespace

void JsonShape::complain(std::string_view what) const {
  complaints_.push_back(log_text(file_, file_.size()) + ": " + (path_.empty() ? "" : path_ + ": ") + std::string(what));
}

bool JsonShape::has(const char* name) const { return member(name) != nullptr; }

const json* JsonShape::member(const char* name) const {
  const auto found = value_.find(name);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

JsonShape JsonShape::inner(const json& value, std::string_view name) const {
  return {value, file_, (path_.empty() ? "" : path_ + ".") + std::string(name), complaints_};
}

std::string JsonShape::text(const char* name) const {
  if (has(name)) return text_or(name, "");
  inner(value_, name).complain("is missing: text is wanted");
  return "";
}

std::string JsonShape::text_or(const char* name, std::string_view otherwise) const {
  const json* value = member(name);
  if (value == nullptr) return std::string(otherwise);
  if (value->is_string()) return value->get<std::string>();
  inner(*value, name).complain(std::string("text is wanted, and there is: ") + value->type_name());
  return std::string(otherwise);
}

std::vector<std::string> JsonShape::texts_or_none(const char* name) const {
  const json* list = member(name);
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  if (!list->is_array()) {
    inner(*list, name).complain(std::string("a list of texts is wanted, and there is: ") + list->type_name());
    return texts;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json& item = (*list)[i];
    if (item.is_string())
      texts.push_back(item.get<std::string>());
    else
      inner(item, std::string(name) + "[" + std::to_string(i) + "]")
          .complain(std::string("text is wanted, and there is: ") + item.type_name());
  }
  return texts;
}

std::vector<JsonShape> JsonShape::objects(const char* name) const {
  const json* list = member(name);
  std::vector<JsonShape> found;
  if (list == nullptr || !list->is_array()) {
    inner(value_, name)
        .complain(list == nullptr ? "is missing: a list of objects is wanted"
                                  : std::string("a list of objects is wanted, and there is: ") + list->type_name());
    return found;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const JsonShape item = inner((*list)[i], std::string(name) + "[" + std::to_string(i) + "]");
    if (item.value_.is_object())
      found.push_back(item);
    else
      item.complain(std::string("an object is wanted, and there is: ") + item.value_.type_name());
  }
  return found;
}

std::optional<JsonShape> JsonShape::object_or_none(const char* name) const {
  const json* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return inner(*value, name);
  inner(*value, name).complain(std::string("an object is wanted, and there is: ") + value->type_name());
  return std::nullopt;
}

std::optional<json> parse_json_object(const std::string& file, std::string_view text, std::string_view wanted,
                                      JsonShape::Complaints& complaints) {
  const std::string name = log_text(file, file.size());
  try {
    json value = json::parse(text);
    if (value.is_object()) return value;
    complaints.push_back(name + ": an object is wanted, and there is: " + value.type_name() + "; write what " + std::string(wanted) +
                         " prints");
  } catch (const json::parse_error& error) {
    // `byte` counts from 1, and is 0 at the end of nothing.  The words of the error would repeat what is there.
    const std::size_t byte = error.byte == 0 ? 0 : error.byte - 1;
    complaints.push_back(name + ":" + place_in(text, byte) + ": no JSON from here on; write what " + std::string(wanted) + " prints");
  }
  return std::nullopt;
}

}  // namespace respgate::proxy
