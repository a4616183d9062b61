#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/describe.h"
#include "base/id.h"
#include "base/shared.h"
#include "base/type_name.h"

/// Which C++ types have a JSON form, for the writer, the reader and the schema alike.
namespace fabrica::json {

/// JSON text that is written as it stands; it must be one valid JSON value. Read, it is the value
/// printed again without spaces.
struct Raw {
  std::string text;

  friend auto operator<=>(const Raw&, const Raw&) = default;
};

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                  !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                  !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// A list of any length.
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_list<std::deque<T>> = true;

template <class T>
inline constexpr bool is_set = false;
template <class T>
inline constexpr bool is_set<std::set<T>> = true;

/// A list of one length.
template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_map = false;
template <class K, class V>
inline constexpr bool is_map<std::map<K, V>> =
    std::same_as<K, std::string> || AnId<K> || DescribedEnum<K>;

template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;

/// A member of this type may be absent even where missing members are refused.
template <class T>
inline constexpr bool may_be_absent = is_optional<T> || is_list<T> || is_set<T> || is_map<T>;

template <class T>
inline constexpr bool no_json_form = false;

template <DescribedStruct T>
using Members = boost::describe::describe_members<T, boost::describe::mod_any_access>;

template <class Member>
inline constexpr std::string_view member_name{Member::name};

/// Type of the member that a descriptor of T describes.
template <class T, class Member>
using MemberType = std::remove_cvref_t<decltype(std::declval<T&>().*Member::pointer)>;

template <DescribedStruct T>
constexpr bool has_member(std::string_view name) {
  bool found = false;
  boost::mp11::mp_for_each<Members<T>>(
      [&](auto member) { found = found || member_name<decltype(member)> == name; });
  return found;
}

/// Equal texts, for names: without a call for so few bytes.
inline bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto same = [&]<class Word>(std::size_t at, Word x, Word y) {
    std::memcpy(&x, a.data() + at, sizeof x);
    std::memcpy(&y, b.data() + at, sizeof y);
    return x == y;
  };
  const std::size_t size = a.size();
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!same(at, std::uint64_t{}, std::uint64_t{})) return false;
    }
    return same(size - 8, std::uint64_t{}, std::uint64_t{});  // may overlap the last one
  }
  for (std::size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

/// The names of an enum's values in declared order, and the values beside them.
template <DescribedEnum E>
inline constexpr auto enum_names = []<class... D>(boost::mp11::mp_list<D...>) {
  return std::array<std::string_view, sizeof...(D)>{std::string_view(D::name)...};
}(boost::mp11::mp_rename<boost::describe::describe_enumerators<E>, boost::mp11::mp_list>{});
template <DescribedEnum E>
inline constexpr auto enum_values = []<class... D>(boost::mp11::mp_list<D...>) {
  return std::array<E, sizeof...(D)>{D::value...};
}(boost::mp11::mp_rename<boost::describe::describe_enumerators<E>, boost::mp11::mp_list>{});

namespace detail {
template <class T>
struct FlatAlternatives {
  using type = boost::mp11::mp_list<T>;
};
template <class... Ts>
struct FlatAlternatives<std::variant<Ts...>> {
  using type =
      boost::mp11::mp_append<boost::mp11::mp_list<>, typename FlatAlternatives<Ts>::type...>;
};
}  // namespace detail

/// The structs of a variant, those of variants within it included: "type" names one of them.
template <class V>
using Alternatives = typename detail::FlatAlternatives<V>::type;

}  // namespace fabrica::json
