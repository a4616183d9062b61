#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/amount.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "json/document.h"
#include "json/expected.h"
#include "json/reading.h"
#include "json/types.h"

/// JSON text to C++ values: the counterpart of write.h, for the same types. Numbers are exact,
/// unknown members are passed over, a known member given twice is refused.
namespace fabrica::json {

template <class T>
bool read_value(Reading& reading, Element element, T& value);

namespace detail {

bool read_integer(Element element, std::int64_t& value);
bool read_integer(Element element, std::uint64_t& value);
bool read_double(Element element, double& value);
bool read_time(Element element, Time& time);
bool read_hex(Element element, std::uint64_t& high, std::uint64_t& low);

// Out of the way of the code that reads.
template <class T>
[[gnu::cold, gnu::noinline]] bool mismatch(Reading& reading, Element element) {
  return reading.mismatch(expected<T>(), element);
}

template <Integer T>
bool read_number(Element element, T& value) {
  using Wide = std::conditional_t<std::signed_integral<T>, std::int64_t, std::uint64_t>;
  Wide wide = 0;
  if (!read_integer(element, wide) || !std::in_range<T>(wide)) return false;
  value = static_cast<T>(wide);
  return true;
}

inline bool read_amount(Element element, ComputeTime& amount) {
  std::int64_t unit_ms = 0;
  if (!read_integer(element, unit_ms)) return false;
  amount = ComputeTime{unit_ms};
  return true;
}

template <AnId I>
bool read_id_key(std::string_view text, I& id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  const bool canonical = text.size() == 1 || !text.starts_with('0');
  return error == std::errc{} && end == text.data() + text.size() && canonical;
}

template <DescribedEnum E>
bool read_enum(std::string_view name, E& value) {
  for (std::size_t i = 0; i < enum_names<E>.size(); ++i) {
    if (!same_name(enum_names<E>[i], name)) continue;
    value = enum_values<E>[i];
    return true;
  }
  return false;
}

template <class K>
bool read_key(std::string_view text, K& key) {
  if constexpr (AnId<K>) {
    return read_id_key(text, key);
  } else if constexpr (DescribedEnum<K>) {
    return read_enum(text, key);
  } else {
    key = text;
    return true;
  }
}

template <class List>
bool read_list(Reading& reading, Element element, List& list) {
  if (!element.is_array()) return mismatch<List>(reading, element);
  using Item = typename List::value_type;
  list.clear();
  // Bounded: a short text must not ask for much memory.
  if constexpr (requires { list.reserve(1); }) list.reserve(std::min(element.size_hint(), 64UZ));
  for (Element::Cursor at = element.items(); !at.done(); at.next()) {
    Item item{};
    if (!read_value(reading, at.value(), item)) return reading.within(list.size());
    list.push_back(std::move(item));
  }
  return true;
}

template <class T>
bool read_set(Reading& reading, Element element, std::set<T>& set) {
  if (!element.is_array()) return mismatch<std::set<T>>(reading, element);
  set.clear();
  for (Element::Cursor at = element.items(); !at.done(); at.next()) {
    T item{};
    if (!read_value(reading, at.value(), item)) return reading.within(set.size());
    const std::size_t before = set.size();
    set.emplace_hint(set.end(), std::move(item));
    if (set.size() == before) {
      reading.wrong("Give each entry of this list once: this one is there twice.");
      return reading.within(before);
    }
  }
  return true;
}

template <class T, std::size_t N>
bool read_array(Reading& reading, Element element, std::array<T, N>& array) {
  if (!element.is_array()) return mismatch<std::array<T, N>>(reading, element);
  std::size_t count = 0;
  for (Element::Cursor at = element.items(); !at.done(); at.next(), ++count) {
    if (count < N && !read_value(reading, at.value(), array[count])) return reading.within(count);
  }
  return count == N || reading.wrong(wrong_count(N, count));
}

template <class K, class V>
bool read_map(Reading& reading, Element element, std::map<K, V>& map) {
  if (!element.is_object()) return mismatch<std::map<K, V>>(reading, element);
  map.clear();
  for (Element::Fields at = element.fields(); !at.done(); at.next()) {
    K key{};
    if (!read_key(at.name(), key)) {
      reading.wrong(wrong_key(expected<K>(), at.name()));
      return reading.within(at.name());
    }
    // What a writer of ours wrote is in order, so the end is nearly always the right place.
    const std::size_t before = map.size();
    const auto place = map.emplace_hint(map.end(), std::move(key), V{});
    if (map.size() == before) return reading.twice(at.name());
    if (!read_value(reading, at.value(), place->second)) return reading.within(at.name());
  }
  return true;
}

template <class T>
struct MemberReader {
  std::string_view name;
  bool (*read)(Reading&, Element, T&);
  std::string (*expected)();
  bool may_be_absent;
};

// One row for each member of T, in declared order.
template <DescribedStruct T>
inline constexpr auto member_readers = []<class... Member>(boost::mp11::mp_list<Member...>) {
  return std::array<MemberReader<T>, sizeof...(Member)>{MemberReader<T>{
      member_name<Member>,
      [](Reading& reading, Element element, T& value) {
        return read_value(reading, element, value.*Member::pointer);
      },
      [] { return expected<MemberType<T, Member>>(); }, may_be_absent<MemberType<T, Member>>}...};
}(boost::mp11::mp_rename<Members<T>, boost::mp11::mp_list>{});

// Texts of ours hold "type" first and then the members in declared order, which is looked for
// first.
template <DescribedStruct T>
bool read_struct(Reading& reading, Element element, T& value) {
  constexpr auto& rows = member_readers<T>;
  if (!element.is_object()) return mismatch<T>(reading, element);
  std::bitset<rows.size()> seen;
  std::size_t next = 0;
  for (Element::Fields at = element.fields(); !at.done(); at.next()) {
    const std::string_view name = at.name();
    if (!has_member<T>("type") && same_name(name, "type")) continue;
    std::size_t row = next;
    while (row < rows.size() && !same_name(rows[row].name, name)) ++row;
    if (row == rows.size()) {
      row = 0;
      while (row < next && !same_name(rows[row].name, name)) ++row;
      if (row == next) continue;
    }
    if (seen.test(row)) return reading.twice(name);
    seen.set(row);
    if (!rows[row].read(reading, at.value(), value)) return reading.within(name);
    next = row + 1;
  }
  if (reading.missing() == Missing::defaulted || seen.all()) return true;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (!seen.test(row) && !rows[row].may_be_absent) {
      return reading.absent(rows[row].name, rows[row].expected());
    }
  }
  return true;
}

template <class V>
struct AlternativeReader {
  std::string_view name;
  bool (*read)(Reading&, Element, V&);
};

// Makes V hold a fresh alternative T, through the variants within it.
template <class T, class V>
T& emplace(V& variant) {
  if constexpr (boost::mp11::mp_contains<V, T>::value) {
    return variant.template emplace<T>();
  } else {
    constexpr auto holds = []<class... Ts>(std::variant<Ts...>*) {
      return std::array<bool, sizeof...(Ts)>{
          boost::mp11::mp_contains<Alternatives<Ts>, T>::value...};
    }(static_cast<V*>(nullptr));
    constexpr auto index =
        static_cast<std::size_t>(std::find(holds.begin(), holds.end(), true) - holds.begin());
    return emplace<T>(variant.template emplace<index>());
  }
}

// The alternatives of V by name, sorted.
template <class V>
inline constexpr auto alternative_readers = []<class... T>(boost::mp11::mp_list<T...>) {
  static_assert((!has_member<T>("type") && ...), "\"type\" says which struct of a variant it is");
  std::array<AlternativeReader<V>, sizeof...(T)> rows{
      AlternativeReader<V>{type_name<T>(), [](Reading& reading, Element element, V& variant) {
                             return read_struct(reading, element, emplace<T>(variant));
                           }}...};
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return rows;
}(Alternatives<V>{});

template <class V>
bool read_named(Reading& reading, std::string_view type, Element element, V& variant) {
  constexpr auto& rows = alternative_readers<V>;
  static_assert(std::adjacent_find(rows.begin(), rows.end(),
                                   [](const auto& a, const auto& b) { return a.name == b.name; }) ==
                    rows.end(),
                "two alternatives of a variant have the same name, so \"type\" cannot tell them");
  const auto row = std::lower_bound(rows.begin(), rows.end(), type,
                                    [](const auto& a, std::string_view b) { return a.name < b; });
  if (row != rows.end() && row->name == type) return row->read(reading, element, variant);
  reading.wrong(wrong_type(expected_type<V>(), type));
  return reading.within("type");
}

template <class V>
bool read_variant(Reading& reading, Element element, V& variant) {
  if (!element.is_object()) return mismatch<V>(reading, element);
  for (Element::Fields at = element.fields(); !at.done(); at.next()) {
    if (at.name() != "type") continue;
    if (at.value().is_string()) return read_named(reading, at.value().string(), element, variant);
    reading.mismatch(expected_type<V>(), at.value());
    return reading.within("type");
  }
  return reading.absent("type", expected_type<V>());
}

template <class T>
bool read_scalar(Element element, T& value) {
  if constexpr (std::same_as<T, bool>) {
    if (element.kind() != Kind::boolean) return false;
    value = element.boolean();
    return true;
  } else if constexpr (Integer<T>) {
    return read_number(element, value);
  } else if constexpr (std::same_as<T, double>) {
    return read_double(element, value);
  } else if constexpr (std::same_as<T, std::string>) {
    if (!element.is_string()) return false;
    value = element.string();
    return true;
  } else if constexpr (AnId<T>) {
    return read_integer(element, value.value);
  } else if constexpr (std::same_as<T, Time>) {
    return read_time(element, value);
  } else if constexpr (std::same_as<T, Duration>) {
    return read_integer(element, value.ms);
  } else if constexpr (std::same_as<T, ComputeTime>) {
    return read_amount(element, value);
  } else if constexpr (std::same_as<T, CommandId> || std::same_as<T, Digest>) {
    return read_hex(element, value.high, value.low);
  } else if constexpr (std::same_as<T, Sha256>) {
    return element.is_string() && parse_sha256(element.string(), value);
  } else if constexpr (DescribedEnum<T>) {
    return element.is_string() && read_enum(element.string(), value);
  } else {
    static_assert(no_json_form<T>, "this type has no JSON form: describe it");
  }
}

}  // namespace detail

/// Reads one value over `value`; false when `reading` knows a mistake. `value` is then in part new.
template <class T>
bool read_value(Reading& reading, Element element, T& value) {
  if constexpr (std::same_as<T, Raw>) {
    value.text = to_json(element);
    return true;
  } else if constexpr (is_optional<T>) {
    if (element.is_null()) {
      value.reset();
      return true;
    }
    return read_value(reading, element, value.emplace());
  } else if constexpr (is_shared<T>) {
    return read_value(reading, element, value.change());
  } else if constexpr (is_list<T>) {
    return detail::read_list(reading, element, value);
  } else if constexpr (is_set<T>) {
    return detail::read_set(reading, element, value);
  } else if constexpr (is_array<T>) {
    return detail::read_array(reading, element, value);
  } else if constexpr (is_map<T>) {
    return detail::read_map(reading, element, value);
  } else if constexpr (is_variant<T>) {
    return detail::read_variant(reading, element, value);
  } else if constexpr (DescribedStruct<T>) {
    return detail::read_struct(reading, element, value);
  } else {
    return detail::read_scalar(element, value) || detail::mismatch<T>(reading, element);
  }
}

/// Reads a T from a part of a document. A refusal is `invalid`; its field is the JSON pointer of
/// what to change, with `pointer`, the place of `element` itself, before it.
template <class T>
Result<T> read(Element element, Missing missing = Missing::refused, std::string_view pointer = "") {
  Reading reading(missing);
  Result<T> result;
  if (!read_value(reading, element, *result)) result = std::unexpected(reading.refusal(pointer));
  return result;
}

/// Reads a T from a JSON text: refused as `malformed` or `too_large` when it is no JSON (see
/// Document::parse), as `invalid` when it is no T.
template <class T>
Result<T> read(std::string_view text, Missing missing = Missing::refused) {
  TRY(const Document document, Document::parse(text));
  return read<T>(document.root(), missing);
}

/// Reads the alternative of variant V that is called `type` from an object that need not say so.
template <class V>
Result<V> read_alternative(std::string_view type, Element element, Missing missing) {
  static_assert(is_variant<V>);
  Reading reading(missing);
  Result<V> result;
  if (!detail::read_named(reading, type, element, *result)) {
    result = std::unexpected(reading.refusal(""));
  }
  return result;
}

}  // namespace fabrica::json
