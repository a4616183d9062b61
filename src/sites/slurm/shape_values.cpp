#include "sites/slurm/shape_values.h"

#include <charconv>
#include <system_error>

#include "base/limits.h"
#include "base/utf8.h"

namespace fabrica::sites::slurm::shape {

using json::Element;
using json::Kind;

namespace {

// NO_VAL is 0xFFFFFFFE and INFINITE 0xFFFFFFFF; no count or id comes near them.
constexpr std::int64_t number32_max = 0xFFFF'FF00;

std::optional<std::int64_t> decimal(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Element> member(std::optional<Element> object, std::string_view name) {
  if (!object || !object->is_object()) return std::nullopt;
  for (Element::Fields at = object->fields(); !at.done(); at.next()) {
    if (at.name() != name) continue;
    if (at.value().is_null()) return std::nullopt;
    return at.value();
  }
  return std::nullopt;
}

std::optional<std::int64_t> number(std::optional<Element> value) {
  if (!value) return std::nullopt;
  if (value->kind() == Kind::object) {
    const auto set = member(value, "set");
    if (flag(member(value, "infinite")) || (set && !flag(set))) return std::nullopt;
    value = member(value, "number");
    if (!value) return std::nullopt;
  }
  if (value->kind() == Kind::integer) return value->integer();
  if (value->kind() == Kind::string) return decimal(value->string());
  return std::nullopt;
}

std::optional<std::uint32_t> number32(std::optional<Element> value) {
  const auto found = number(value);
  if (!found || *found < 0 || *found > number32_max) return std::nullopt;
  return static_cast<std::uint32_t>(*found);
}

std::string text(std::optional<Element> value, std::size_t bytes_max) {
  if (!value || !value->is_string()) return {};
  return std::string(cut_utf8(value->string(), bytes_max));
}

bool flag(std::optional<Element> value) {
  return value && value->kind() == Kind::boolean && value->boolean();
}

Time time(std::optional<Element> value) {
  const auto found = number(value);
  if (!found || *found <= 0 || *found > limits::latest_time.ms / 1000) return {};
  return Time{*found * 1000};
}

}  // namespace fabrica::sites::slurm::shape
