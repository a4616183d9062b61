#include "json/value.h"

#include <charconv>

namespace fabrica::json {

namespace {

// One step of a JSON pointer, "~1" and "~0" put back.
std::string unescaped(std::string_view step) {
  std::string name;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const char next = i + 1 < step.size() ? step[i + 1] : '\0';
    if (step[i] == '~' && (next == '0' || next == '1')) {
      name += next == '0' ? '~' : '/';
      ++i;
    } else {
      name += step[i];
    }
  }
  return name;
}

}  // namespace

Result<Value> Value::parse(std::string_view text) {
  TRY(Document parsed, Document::parse(text));
  auto document = std::make_shared<const Document>(std::move(parsed));
  const Element root = document->root();
  return Value(std::move(document), root);
}

Value Value::get(std::string_view name) const {
  if (kind() != Kind::object) return {};
  for (Element::Fields at = element_.fields(); !at.done(); at.next()) {
    if (at.name() == name) return {document_, at.value()};
  }
  return {};
}

Value Value::at(std::string_view pointer) const {
  Value value = *this;
  while (!pointer.empty() && value.exists()) {
    if (pointer.front() != '/') return {};
    pointer.remove_prefix(1);
    const std::string name = unescaped(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(std::min(pointer.find('/'), pointer.size()));
    if (value.kind() != Kind::array) {
      value = value.get(name);
      continue;
    }
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const std::vector<Value> items = value.items();
    const bool good = error == std::errc{} && end == name.data() + name.size();
    value = good && index < items.size() ? items[index] : Value{};
  }
  return value;
}

std::optional<std::string> Value::as_string() const {
  if (kind() != Kind::string) return std::nullopt;
  return std::string(element_.string());
}

std::optional<std::int64_t> Value::as_int() const {
  if (kind() != Kind::integer) return std::nullopt;
  return element_.integer();
}

std::optional<double> Value::as_double() const {
  switch (kind()) {
    case Kind::real:
      return element_.real();
    case Kind::integer:
      return static_cast<double>(element_.integer());
    case Kind::large_integer:
      return static_cast<double>(element_.large_integer());
    default:
      return std::nullopt;
  }
}

std::optional<bool> Value::as_bool() const {
  if (kind() != Kind::boolean) return std::nullopt;
  return element_.boolean();
}

std::vector<Value> Value::items() const {
  std::vector<Value> all;
  if (kind() != Kind::array) return all;
  for (Element::Cursor at = element_.items(); !at.done(); at.next()) {
    all.push_back(Value(document_, at.value()));
  }
  return all;
}

std::vector<std::pair<std::string, Value>> Value::members() const {
  std::vector<std::pair<std::string, Value>> all;
  if (kind() != Kind::object) return all;
  for (Element::Fields at = element_.fields(); !at.done(); at.next()) {
    all.emplace_back(at.name(), Value(document_, at.value()));
  }
  return all;
}

std::string Value::text() const {
  if (kind() == Kind::null) return "";
  if (kind() == Kind::string) return std::string(element_.string());
  return to_json(element_);
}

}  // namespace fabrica::json
