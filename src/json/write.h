#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/amount.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/time.h"
#include "json/sink.h"
#include "json/types.h"

/// C++ values to JSON text, without a tree in between. What each type becomes is listed at
/// write_value; read.h reads all of it back to an equal value.
namespace fabrica::json {

namespace detail {

/// Quoted and escaped; invalid UTF-8 becomes U+FFFD.
void write_string(Sink& sink, std::string_view text);
void write_double(Sink& sink, double value);
/// Quoted RFC 3339. `never` is written as the last millisecond of the year 9999.
void write_time(Sink& sink, Time time);
void write_hex(Sink& sink, std::uint64_t high, std::uint64_t low);
void write_hex(Sink& sink, const Sha256& digest);

template <std::size_t Size>
struct Text {
  char chars[Size] = {};
  constexpr std::string_view view() const { return {chars, Size}; }
};

// ,"name":
template <class Member>
inline constexpr auto key = [] {
  constexpr std::string_view name = member_name<Member>;
  Text<name.size() + 4> text;
  char* at = text.chars;
  *at++ = ',';
  *at++ = '"';
  for (const char c : name) *at++ = c;
  *at++ = '"';
  *at++ = ':';
  return text;
}();

// {"type":"Name"
template <class T>
inline constexpr auto type_key = [] {
  constexpr std::string_view head = R"({"type":")";
  constexpr std::string_view name = type_name<T>();
  Text<head.size() + name.size() + 1> text;
  char* at = text.chars;
  for (const char c : head) *at++ = c;
  for (const char c : name) *at++ = c;
  *at++ = '"';
  return text;
}();

template <Integer T>
void write_integer(Sink& sink, T value) {
  char* const at = sink.need(24);
  sink.advance(std::to_chars(at, at + 24, value).ptr);
}

// Names of enumerators are C++ identifiers: nothing in them needs escaping.
template <DescribedEnum E>
std::string_view checked_name(E value) {
  std::size_t at = 0;
  while (at < enum_values<E>.size() && enum_values<E>[at] != value) ++at;
  CHECK(at < enum_values<E>.size(), "an enum has a value outside its description");
  return enum_names<E>[at];
}

template <class K>
void write_key(Sink& sink, const K& map_key) {
  if constexpr (AnId<K>) {
    sink.put('"');
    write_integer(sink, map_key.value);
    sink.put('"');
  } else if constexpr (DescribedEnum<K>) {
    sink.put('"');
    sink.put(checked_name(map_key));
    sink.put('"');
  } else {
    write_string(sink, map_key);
  }
  sink.put(':');
}

}  // namespace detail

template <class T>
void write_value(Sink& sink, const T& value);

namespace detail {

// Each item is written with a comma before it; the first comma then becomes the bracket.
inline void close(Sink& sink, std::size_t start, char open, char end) {
  if (sink.offset() == start) {
    sink.put(open);
  } else {
    sink.written(start) = open;
  }
  sink.put(end);
}

template <class List>
void write_list(Sink& sink, const List& list) {
  const std::size_t start = sink.offset();
  for (const auto& item : list) {
    sink.put(',');
    write_value(sink, item);
  }
  close(sink, start, '[', ']');
}

template <class Map>
void write_map(Sink& sink, const Map& map) {
  const std::size_t start = sink.offset();
  for (const auto& [map_key, item] : map) {
    sink.put(',');
    write_key(sink, map_key);
    write_value(sink, item);
  }
  close(sink, start, '{', '}');
}

template <DescribedStruct T>
void write_members(Sink& sink, const T& value) {
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    using Member = decltype(member);
    const auto& item = value.*Member::pointer;
    if constexpr (is_optional<MemberType<T, Member>>) {
      if (item) {
        sink.put(key<Member>.view());
        write_value(sink, *item);
      }
    } else {
      sink.put(key<Member>.view());
      write_value(sink, item);
    }
  });
}

template <class T>
void write_alternative(Sink& sink, const T& value) {
  if constexpr (is_variant<T>) {
    write_value(sink, value);
  } else {
    static_assert(DescribedStruct<T>, "a variant in JSON is one of described structs");
    sink.put(type_key<T>.view());
    write_members(sink, value);
    sink.put('}');
  }
}

}  // namespace detail

/// Writes one value:
/// - bool, integers (exact), double (the shortest text that reads back equal; must be finite);
/// - strings, Time (RFC 3339 string), CommandId, Digest and Sha256 (hexadecimal strings);
/// - Id, Duration (milliseconds) and ComputeTime (unit-milliseconds) as integers;
/// - described enums by name; a value outside the description ends the process;
/// - vector, deque, set and array as an array; map as an object;
/// - what is shared as the value itself;
/// - a described struct as an object in declared order, empty optionals left out (null elsewhere);
/// - a variant of described structs as an object whose first member is "type", the struct's name.
template <class T>
void write_value(Sink& sink, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    sink.put(value ? std::string_view("true") : std::string_view("false"));
  } else if constexpr (Integer<T>) {
    detail::write_integer(sink, value);
  } else if constexpr (std::same_as<T, double>) {
    detail::write_double(sink, value);
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    detail::write_string(sink, value);
  } else if constexpr (AnId<T>) {
    detail::write_integer(sink, value.value);
  } else if constexpr (std::same_as<T, Time>) {
    detail::write_time(sink, value);
  } else if constexpr (std::same_as<T, Duration>) {
    detail::write_integer(sink, value.ms);
  } else if constexpr (std::same_as<T, ComputeTime>) {
    detail::write_integer(sink, value.unit_ms());
  } else if constexpr (std::same_as<T, CommandId> || std::same_as<T, Digest>) {
    detail::write_hex(sink, value.high, value.low);
  } else if constexpr (std::same_as<T, Sha256>) {
    detail::write_hex(sink, value);
  } else if constexpr (std::same_as<T, Raw>) {
    CHECK(!value.text.empty(), "raw JSON is one value, not nothing");
    sink.put(value.text);
  } else if constexpr (DescribedEnum<T>) {
    sink.put('"');
    sink.put(detail::checked_name(value));
    sink.put('"');
  } else if constexpr (is_optional<T>) {
    if (value) {
      write_value(sink, *value);
    } else {
      sink.put("null");
    }
  } else if constexpr (is_shared<T>) {
    write_value(sink, *value);
  } else if constexpr (is_list<T> || is_set<T> || is_array<T>) {
    detail::write_list(sink, value);
  } else if constexpr (is_map<T>) {
    detail::write_map(sink, value);
  } else if constexpr (is_variant<T>) {
    std::visit([&](const auto& one) { detail::write_alternative(sink, one); }, value);
  } else if constexpr (DescribedStruct<T>) {
    const std::size_t start = sink.offset();
    detail::write_members(sink, value);
    detail::close(sink, start, '{', '}');
  } else {
    static_assert(no_json_form<T>, "this type has no JSON form: describe it");
  }
}

/// The name of the struct that a variant holds, as "type" says it.
template <class V>
std::string_view alternative_name(const V& variant) {
  return std::visit(
      []<class T>(const T& one) {
        if constexpr (is_variant<T>) {
          return alternative_name(one);
        } else {
          return type_name<T>();
        }
      },
      variant);
}

/// Appends `value` as JSON without spaces.
template <class T>
void write(std::string& out, const T& value) {
  Sink sink(out);
  write_value(sink, value);
}

template <class T>
std::string to_json(const T& value) {
  std::string out;
  write(out, value);
  return out;
}

}  // namespace fabrica::json
