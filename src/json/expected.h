#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/amount.h"
#include "base/digest.h"
#include "base/time.h"
#include "json/types.h"

/// What belongs at a place, in words for a refusal.
namespace fabrica::json {

namespace detail {
std::string whole_number(std::int64_t low, std::uint64_t high);
std::string one_of(const std::vector<std::string_view>& names);
std::string wrong_count(std::size_t wanted, std::size_t found);
std::string wrong_key(std::string_view expected, std::string_view found);
std::string wrong_type(std::string_view expected, std::string_view found);
}  // namespace detail

template <DescribedEnum E>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
      [&](auto enumerator) { names.emplace_back(enumerator.name); });
  return names;
}

/// The names that "type" may have in a variant.
template <class V>
std::string expected_type() {
  std::vector<std::string_view> names;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, Alternatives<V>>>(
      [&]<class T>(std::type_identity<T>) { names.push_back(type_name<T>()); });
  return detail::one_of(names);
}

/// "a whole number from 0 to 255", "one of "gpu", "node" or "core"", and so on.
template <class T>
std::string expected() {
  if constexpr (std::same_as<T, bool>) {
    return "true or false";
  } else if constexpr (Integer<T>) {
    using Limits = std::numeric_limits<T>;
    return detail::whole_number(static_cast<std::int64_t>(Limits::min()),
                                static_cast<std::uint64_t>(Limits::max()));
  } else if constexpr (std::same_as<T, double>) {
    return "a number";
  } else if constexpr (std::same_as<T, std::string>) {
    return "a string";
  } else if constexpr (AnId<T>) {
    return "the number of an id (a whole number)";
  } else if constexpr (std::same_as<T, Time>) {
    return "a time such as \"2026-11-22T14:48:00Z\"";
  } else if constexpr (std::same_as<T, Duration>) {
    return "a whole number of milliseconds";
  } else if constexpr (std::same_as<T, ComputeTime>) {
    return "a whole number of milliseconds of one billing unit";
  } else if constexpr (std::same_as<T, CommandId> || std::same_as<T, Digest>) {
    return "a string of 32 hexadecimal digits";
  } else if constexpr (std::same_as<T, Sha256>) {
    return "a string of 64 hexadecimal digits";
  } else if constexpr (DescribedEnum<T>) {
    return detail::one_of(names_of<T>());
  } else if constexpr (is_optional<T> || is_shared<T>) {
    return expected<typename T::value_type>();
  } else if constexpr (is_list<T> || is_set<T>) {
    return "a list";
  } else if constexpr (is_array<T>) {
    return "a list of " + std::to_string(std::tuple_size_v<T>);
  } else if constexpr (is_variant<T>) {
    return "an object with a \"type\"";
  } else if constexpr (std::same_as<T, Raw>) {
    return "any value";
  } else {
    return "an object";
  }
}

}  // namespace fabrica::json
