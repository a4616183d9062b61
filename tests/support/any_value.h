#pragma once

#include <rapidcheck.h>

#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "base/amount.h"
#include "base/describe.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/table.h"
#include "base/time.h"

/// RapidCheck generators of described values, from the same description as everything else.
namespace fabrica::test {

template <class T>
T any();

/// Any character but the surrogates, short and plain ones more often, as UTF-8.
inline std::string any_text() {
  std::string text;
  const int length = *rc::gen::inRange(0, 12);
  for (int i = 0; i < length; ++i) {
    std::uint32_t c =
        *rc::gen::oneOf(rc::gen::inRange(0x20U, 0x7FU), rc::gen::inRange(0U, 0x80U),
                        rc::gen::inRange(0x80U, 0x800U), rc::gen::inRange(0x800U, 0xD800U),
                        rc::gen::inRange(0xE000U, 0x10000U), rc::gen::inRange(0x10000U, 0x110000U));
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0U | c >> 6U), put(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
      put(0xE0U | c >> 12U), put(0x80U | (c >> 6U & 0x3FU)), put(0x80U | (c & 0x3FU));
    } else {
      put(0xF0U | c >> 18U), put(0x80U | (c >> 12U & 0x3FU)), put(0x80U | (c >> 6U & 0x3FU)),
          put(0x80U | (c & 0x3FU));
    }
  }
  return text;
}

/// Any bit pattern that is a finite number.
inline double any_double() {
  const double value = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
  return std::isfinite(value) ? value : 0.5;
}

/// The years 0000 to 9999, or never.
inline Time any_time() {
  if (*rc::gen::inRange(0, 10) == 0) return never;
  return Time{*rc::gen::inRange<std::int64_t>(-62'167'219'200'000, 253'402'300'799'999)};
}

template <class List>
List any_list() {
  List list;
  const int size = *rc::gen::inRange(0, 5);
  for (int i = 0; i < size; ++i) list.push_back(any<typename List::value_type>());
  return list;
}

template <class Set>
Set any_set() {
  Set set;
  const int size = *rc::gen::inRange(0, 5);
  for (int i = 0; i < size; ++i) set.insert(any<typename Set::value_type>());
  return set;
}

template <class Map>
Map any_map() {
  Map map;
  const int size = *rc::gen::inRange(0, 5);
  for (int i = 0; i < size; ++i) {
    auto key = any<typename Map::key_type>();
    map.insert_or_assign(std::move(key), any<typename Map::mapped_type>());
  }
  return map;
}

template <class K, class T>
Table<K, T> any_table(Table<K, T>*) {
  Table<K, T> table;
  std::uint64_t id = 0;
  const int size = *rc::gen::inRange(0, 5);
  for (int i = 0; i < size; ++i) {
    id += *rc::gen::inRange<std::uint64_t>(1, 100);
    table.insert(K{id}, any<T>());
  }
  return table;
}

template <class... Ts>
std::variant<Ts...> any_of(std::variant<Ts...>*) {
  constexpr std::array<std::variant<Ts...> (*)(), sizeof...(Ts)> makers{
      []() -> std::variant<Ts...> { return any<Ts>(); }...};
  return makers[*rc::gen::inRange<std::size_t>(0, sizeof...(Ts))]();
}

template <class T>
T any() {
  if constexpr (std::integral<T>) {
    return *rc::gen::arbitrary<T>();
  } else if constexpr (std::same_as<T, double>) {
    return any_double();
  } else if constexpr (std::same_as<T, std::string>) {
    return any_text();
  } else if constexpr (DescribedEnum<T>) {
    using All = boost::describe::describe_enumerators<T>;
    T value{};
    boost::mp11::mp_with_index<boost::mp11::mp_size<All>::value>(
        *rc::gen::inRange<std::size_t>(0, boost::mp11::mp_size<All>::value),
        [&](auto i) { value = boost::mp11::mp_at<All, decltype(i)>::value; });
    return value;
  } else if constexpr (AnId<T>) {
    return T{any<std::uint64_t>()};
  } else if constexpr (std::same_as<T, Time>) {
    return any_time();
  } else if constexpr (std::same_as<T, Duration>) {
    return Duration{any<std::int64_t>()};
  } else if constexpr (std::same_as<T, ComputeTime>) {
    return ComputeTime{any<std::int64_t>()};
  } else if constexpr (std::same_as<T, CommandId> || std::same_as<T, Digest>) {
    return T{any<std::uint64_t>(), any<std::uint64_t>()};
  } else if constexpr (std::same_as<T, Sha256>) {
    Sha256 digest;
    for (auto& byte : digest.bytes) byte = static_cast<std::byte>(any<std::uint8_t>());
    return digest;
  } else if constexpr (DescribedStruct<T>) {
    T value{};
    for_each_member<T>([&](std::string_view, auto member) {
      value.*member = any<std::remove_cvref_t<decltype(value.*member)>>();
    });
    return value;
  } else if constexpr (requires(T t) { t.has_value(); }) {
    return any<bool>() ? T{any<typename T::value_type>()} : T{};
  } else if constexpr (requires(T t) { t.first; }) {
    return T{any<typename T::first_type>(), any<typename T::second_type>()};
  } else if constexpr (requires { std::variant_size<T>::value; }) {
    return any_of(static_cast<T*>(nullptr));
  } else if constexpr (requires { typename T::mapped_type; }) {
    return any_map<T>();
  } else if constexpr (requires { typename T::key_type; }) {
    return any_set<T>();
  } else if constexpr (requires(T t) { t.push_back({}); }) {
    return any_list<T>();
  } else if constexpr (requires(T t) { t.fill({}); }) {
    T array;
    for (auto& item : array) item = any<typename T::value_type>();
    return array;
  } else {
    return any_table(static_cast<T*>(nullptr));
  }
}

}  // namespace fabrica::test
