// Reads JSON that somebody else wrote, and says what is not as it should be: where (file
// and path, or line and column), and what is wanted there.  Never repeats what is there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace respgate::proxy {

// One value, and how to call it.  REQUIRES: what it looks at outlives it.
class JsonShape {
 public:
  using Complaints = std::vector<std::string>;

  JsonShape(const nlohmann::json& value, std::string file, std::string path, Complaints& complaints)
      : value_(value), file_(std::move(file)), path_(std::move(path)), complaints_(complaints) {}

  // "U.json: Users[2].AccessString: what"
  void complain(std::string_view what) const;

  // A member that must be there and be text; empty after a complaint.
  std::string text(const char* name) const;
  // One that may be left out, or null.
  std::string text_or(const char* name, std::string_view otherwise) const;
  std::vector<std::string> texts_or_none(const char* name) const;
  // Of a list of objects that must be there; each is one.
  std::vector<JsonShape> objects(const char* name) const;
  // An object that may be left out.
  std::optional<JsonShape> object_or_none(const char* name) const;
  bool has(const char* name) const;

 private:
  const nlohmann::json* member(const char* name) const;
  JsonShape inner(const nlohmann::json& value, std::string_view name) const;

  const nlohmann::json& value_;
  std::string file_, path_;
  Complaints& complaints_;
};

// Nothing: it is no JSON, or no object; `complaints` says where.
std::optional<nlohmann::json> parse_json_object(const std::string& file, std::string_view text, std::string_view wanted,
                                                JsonShape::Complaints& complaints);

}  // namespace respgate::proxy
