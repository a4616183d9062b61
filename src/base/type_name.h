#pragma once

#include <cstddef>
#include <string_view>

namespace fabrica {

namespace detail {
template <class T>
constexpr std::string_view pretty_type() {
  std::string_view text = __PRETTY_FUNCTION__;  // "… pretty_type() [T = fabrica::jobs::JobPlaced]"
  text.remove_prefix(text.find("[T = ") + 5);
  text.remove_suffix(1);
  return text;
}
}  // namespace detail

/// The name of T with its namespaces, as the compiler prints it: "fabrica::jobs::JobPlaced". To
/// tell types apart, never to be stored.
template <class T>
constexpr std::string_view qualified_type_name() {
  return detail::pretty_type<T>();
}

/// The name of T alone: "JobPlaced". It is what JSON shows as the "type" of one alternative of a
/// variant and is stored in logs, so renaming an event's struct needs an upcaster.
template <class T>
constexpr std::string_view type_name() {
  std::string_view name = detail::pretty_type<T>();
  const std::size_t arguments = name.find('<');
  const std::size_t scope = name.substr(0, arguments).rfind("::");
  if (scope != std::string_view::npos) name.remove_prefix(scope + 2);
  return name;
}

}  // namespace fabrica
