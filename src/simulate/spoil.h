#pragma once

#include <array>
#include <limits>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/shared.h"
#include "base/time.h"

namespace fabrica::simulate {

/// Changes one thing in `value` to what a confused or hostile caller could send: numbers at the
/// edges of their type, empty, endless or unprintable text, strangers' ids, lists with too much or
/// twice the same. Enums stay within their description, as no reader lets another value in.
template <class T>
void spoil(T& value, Random& random);

namespace detail {

inline std::int64_t edge(Random& random) {
  constexpr std::array<std::int64_t, 9> edges{0,
                                              1,
                                              -1,
                                              86'400'000,
                                              amount_max.unit_ms(),
                                              amount_max.unit_ms() + 1,
                                              -amount_max.unit_ms(),
                                              std::numeric_limits<std::int64_t>::max(),
                                              std::numeric_limits<std::int64_t>::min()};
  return edges[random.below(edges.size())];
}

template <class T>
void spoil_integer(T& value, Random& random) {
  constexpr std::array<T, 4> edges{T{0}, T{1}, std::numeric_limits<T>::max(),
                                   std::numeric_limits<T>::min()};
  const std::uint64_t draw = random.below(edges.size() + 1);
  value = draw == edges.size() ? static_cast<T>(value + 1) : edges[draw];
}

inline void spoil_text(std::string& value, Random& random) {
  switch (random.below(4)) {
    case 0:
      value.clear();
      break;
    case 1:
      value.assign(limits::text_bytes_max + 1, 'x');
      break;
    case 2:
      value += "\n\x01";
      break;
    default:
      value += "-other";
      break;
  }
}

template <class T>
void spoil_list(std::vector<T>& value, Random& random) {
  switch (random.below(4)) {
    case 0:
      value.clear();
      break;
    case 1:
      value.push_back(value.empty() ? T{} : value.back());
      break;
    case 2:
      value.resize(2'000);
      break;
    default:
      if (!value.empty()) spoil(value[random.below(value.size())], random);
      break;
  }
}

template <class E>
void spoil_enum(E& value, Random& random) {
  using Enumerators = boost::describe::describe_enumerators<E>;
  boost::mp11::mp_with_index<boost::mp11::mp_size<Enumerators>::value>(
      random.below(boost::mp11::mp_size<Enumerators>::value),
      [&](auto index) { value = boost::mp11::mp_at_c<Enumerators, index>::value; });
}

template <class T>
void spoil_struct(T& value, Random& random) {
  using Members = boost::describe::describe_members<T, boost::describe::mod_any_access>;
  constexpr std::size_t count = boost::mp11::mp_size<Members>::value;
  if constexpr (count > 0) {
    boost::mp11::mp_with_index<count>(random.below(count), [&](auto index) {
      spoil(value.*boost::mp11::mp_at_c<Members, index>::pointer, random);
    });
  }
}

template <class T>
inline constexpr bool spoiled_as_list = false;
template <class T>
inline constexpr bool spoiled_as_list<std::vector<T>> = true;
template <class T>
inline constexpr bool spoiled_as_variant = false;
template <class... Ts>
inline constexpr bool spoiled_as_variant<std::variant<Ts...>> = true;

}  // namespace detail

template <class T>
void spoil(T& value, Random& random) {
  if constexpr (std::same_as<T, bool>) {
    value = !value;
  } else if constexpr (std::integral<T>) {
    detail::spoil_integer(value, random);
  } else if constexpr (AnId<T>) {
    value = T{random.chance(1, 2) ? value.value + 1 : random.next() >> random.below(64)};
  } else if constexpr (std::same_as<T, std::string>) {
    detail::spoil_text(value, random);
  } else if constexpr (std::same_as<T, ComputeTime>) {
    value = ComputeTime{detail::edge(random)};
  } else if constexpr (std::same_as<T, Time> || std::same_as<T, Duration>) {
    value = {detail::edge(random)};
  } else if constexpr (std::same_as<T, Sha256>) {
    value = Sha256{};
  } else if constexpr (DescribedEnum<T>) {
    detail::spoil_enum(value, random);
  } else if constexpr (detail::spoiled_as_list<T>) {
    detail::spoil_list(value, random);
  } else if constexpr (is_shared<T>) {
    spoil(value.change(), random);
  } else if constexpr (detail::spoiled_as_variant<T>) {
    std::visit([&](auto& one) { spoil(one, random); }, value);
  } else {
    detail::spoil_struct(value, random);
  }
}

}  // namespace fabrica::simulate
