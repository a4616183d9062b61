#include "json/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/check.h"
#include "json/write.h"

namespace fabrica::json {

namespace detail {

// Bounds beyond 2^53 are left out: many tools would read them as another number.
std::string number_schema(std::int64_t low, std::uint64_t high) {
  if (high == std::numeric_limits<std::uint64_t>::max()) {
    return R"({"type":"integer","format":"uint64","minimum":0})";
  }
  if (high == static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return R"({"type":"integer","format":"int64"})";
  }
  return fmt::format(R"({{"type":"integer","minimum":{},"maximum":{}}})", low, high);
}

std::string id_schema(std::string_view prefix) {
  return fmt::format(
      R"({{"type":"integer","format":"uint64","minimum":0,"description":"number of a {}"}})",
      prefix);
}

std::string hex_schema(std::size_t digits) {
  return fmt::format(R"({{"type":"string","pattern":"^[0-9a-fA-F]{{{}}}$"}})", digits);
}

std::string enum_schema(const std::vector<std::string_view>& names) {
  return R"({"type":"string","enum":)" + to_json(names) + "}";
}

std::string map_schema(std::string_view items, const std::vector<std::string_view>& names) {
  const std::string keys =
      names.empty() ? "" : R"(,"propertyNames":{"enum":)" + to_json(names) + "}";
  return fmt::format(R"({{"type":"object","additionalProperties":{}{}}})", items, keys);
}

std::string list_schema(std::string_view items, std::string_view more) {
  return fmt::format(R"({{"type":"array","items":{}{}}})", items, more);
}

std::string component_name(std::string_view qualified) {
  std::string name;
  std::string word;
  const auto finish_word = [&] {
    if (!word.empty()) name += (name.empty() ? "" : "_") + word;
    word.clear();
  };
  constexpr std::string_view unnamed = "(anonymous namespace)::";
  for (std::size_t at = 0; at < qualified.size(); ++at) {
    if (qualified.substr(at).starts_with(unnamed)) at += unnamed.size();
    const char c = qualified[at];
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
    } else if (c == ':') {
      word.clear();  // it was a namespace
    } else {
      finish_word();
    }
  }
  finish_word();
  return name;
}

}  // namespace detail

namespace {

std::string pointer_to(std::string_view component) {
  return fmt::format("#/components/schemas/{}", component);
}

// "Typed" keeps the alternative apart from the struct where that stands alone, without "type".
std::string alternative_component(std::string_view name) { return fmt::format("Typed{}", name); }

}  // namespace

bool Schemas::claim(const std::string& name, std::string_view type) {
  const auto [place, added] = components_.try_emplace(name, Component{std::string(type), ""});
  CHECK(place->second.type == type, "two types of the API have the same name: " + name);
  return added;
}

void Schemas::define(const std::string& name, std::string schema) {
  components_.at(name).schema = std::move(schema);
}

std::string Schemas::alternative(std::string_view name) {
  const std::string typed = alternative_component(name);
  if (claim(typed, fmt::format("alternative {}", name))) {
    define(typed, fmt::format(R"({{"allOf":[{{"$ref":"{}"}},{{"type":"object","properties":)"
                              R"({{"type":{{"type":"string","const":"{}"}}}},)"
                              R"("required":["type"]}}]}})",
                              pointer_to(name), name));
  }
  return typed;
}

std::string Schemas::object(const std::vector<Property>& properties) {
  std::string text = R"({"type":"object")";
  std::vector<std::string_view> required;
  std::string list;
  for (const Property& property : properties) {
    list += fmt::format(R"({}"{}":{})", list.empty() ? "" : ",", property.name, property.schema);
    if (property.required) required.push_back(property.name);
  }
  if (!list.empty()) text += R"(,"properties":{)" + list + "}";
  if (!required.empty()) text += R"(,"required":)" + to_json(required);
  return text + "}";
}

std::string Schemas::one_of(const std::vector<std::string_view>& names) {
  std::string alternatives;
  std::string mapping;
  for (const std::string_view name : names) {
    const std::string pointer = pointer_to(alternative_component(name));
    const std::string_view comma = alternatives.empty() ? "" : ",";
    alternatives += fmt::format(R"({}{{"$ref":"{}"}})", comma, pointer);
    mapping += fmt::format(R"({}"{}":"{}")", comma, name, pointer);
  }
  return fmt::format(
      R"({{"oneOf":[{}],"discriminator":{{"propertyName":"type","mapping":{{{}}}}}}})",
      alternatives, mapping);
}

std::string Schemas::components() const {
  std::string text = "{";
  for (const auto& [name, component] : components_) {
    if (text.size() > 1) text += ',';
    text += to_json(name) + ":" + component.schema;
  }
  return text + "}";
}

}  // namespace fabrica::json
