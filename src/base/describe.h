#pragma once

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <cstddef>
#include <string_view>
#include <type_traits>

/// Names the members of a plain struct once, at namespace scope beside the struct. From this one
/// description come the JSON writer and reader, the OpenAPI schema, snapshots and digests.
#define FABRICA_DESCRIBE(Type, ...) BOOST_DESCRIBE_STRUCT(Type, (), (__VA_ARGS__))

/// Names the values of an enum once; the names are what JSON and the command line show.
#define FABRICA_DESCRIBE_ENUM(Type, ...) BOOST_DESCRIBE_ENUM(Type, __VA_ARGS__)

namespace fabrica {

template <class T>
concept DescribedStruct =
    boost::describe::has_describe_members<T>::value && !std::is_enum_v<T> && !std::is_union_v<T>;

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

/// Calls `visit(name, member_pointer)` for each described member, in declared order.
template <DescribedStruct T, class Visit>
constexpr void for_each_member(Visit&& visit) {
  using Members = boost::describe::describe_members<T, boost::describe::mod_any_access>;
  boost::mp11::mp_for_each<Members>(
      [&](auto member) { visit(std::string_view(member.name), member.pointer); });
}

/// The declared name of an enum's value; "?" for a value outside the description.
template <DescribedEnum E>
constexpr std::string_view name_of(E value) {
  std::string_view found = "?";
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
    if (enumerator.value == value) found = enumerator.name;
  });
  return found;
}

/// Sets `value` from its declared name; false when no value is called so.
template <DescribedEnum E>
constexpr bool value_of(std::string_view name, E& value) {
  bool found = false;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
    if (!found && name == enumerator.name) {
      value = enumerator.value;
      found = true;
    }
  });
  return found;
}

}  // namespace fabrica
