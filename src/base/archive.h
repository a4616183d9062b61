#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
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

#include "base/amount.h"
#include "base/check.h"
#include "base/describe.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/shared.h"
#include "base/table.h"
#include "base/time.h"

/// The binary form of described values, for snapshots, and the walk that puts them into a digest.
/// It holds no names and no types: shape.h says whether bytes and program agree.
///
/// Whole numbers are varints (signed ones zigzag), times and amounts too; digests and command ids
/// are fixed; strings and containers begin with their length; a struct is its members in declared
/// order. Every value takes at least one byte, so a reader can bound each length by the bytes left.
///
/// A digest is over a struct's members by name, and passes over those that are blank (zero, empty,
/// or a struct of such): a member that is added later, and that old events leave blank, changes the
/// digest of no old log.
namespace fabrica {

/// Largest id that a Table read from bytes may hold: it bounds the memory that a few wrong bytes
/// can ask for (a Table has 8 bytes for each 32 ids up to its largest).
inline constexpr std::uint64_t archived_table_id_max = std::uint64_t{1} << 30U;

/// Appends values to a string of bytes.
class BinaryWriter {
 public:
  static constexpr bool reading = false;
  static constexpr bool by_name = false;

  explicit BinaryWriter(std::string& out) : out_(out) {}

  void number(std::uint64_t value) {
    std::array<char, 10> bytes;
    std::size_t size = 0;
    while (value >= 0x80) {
      bytes[size++] = static_cast<char>(value | 0x80U);
      value >>= 7U;
    }
    bytes[size++] = static_cast<char>(value);
    out_.append(bytes.data(), size);
  }
  void word(std::uint64_t value) {
    std::array<char, 8> bytes;
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
    out_.append(bytes.data(), bytes.size());
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }

 private:
  std::string& out_;
};

/// Reads what BinaryWriter wrote. Never reads past the end. The first thing wrong makes ok() false
/// for good; all reads after it give zeros.
class BinaryReader {
 public:
  static constexpr bool reading = true;
  static constexpr bool by_name = false;

  /// `bytes` must outlive the reader.
  explicit BinaryReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  void number(std::uint64_t& value) {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) [[likely]] {
      value = static_cast<unsigned char>(*at_++);
      return;
    }
    long_number(value);
  }
  void word(std::uint64_t& value) {
    value = 0;
    if (left() < 8) return fail();
    for (std::size_t i = 0; i < 8; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(at_[i])} << (8 * i);
    }
    at_ += 8;
  }
  void text(std::string& value) {
    const std::size_t size = length();
    value.assign(at_, size);
    at_ += size;
  }
  /// A length of things that take at least a byte each; 0 when it goes beyond the end.
  std::size_t length() {
    std::uint64_t size = 0;
    number(size);
    if (size <= left()) return size;
    fail();
    return 0;
  }

 private:
  // Refuses longer forms than needed, so that equal values have equal bytes.
  void long_number(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) break;
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte == 0 && shift > 0) break;
      if (byte < 0x80) return;
    }
    value = 0;
    fail();
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

/// Adds values to a Hasher.
class DigestWriter {
 public:
  static constexpr bool reading = false;
  static constexpr bool by_name = true;

  void number(std::uint64_t value) { hasher_.add(value); }
  void word(std::uint64_t value) { hasher_.add(value); }
  void text(std::string_view value) { hasher_.add(value); }
  Digest finish() const { return hasher_.finish(); }

 private:
  Hasher hasher_;
};

template <class A, class T>
void archive(A& archive_to, T& value);

namespace detail {

template <class T>
inline constexpr bool archived_as_list = false;
template <class T>
inline constexpr bool archived_as_list<std::vector<T>> = true;
template <class T>
inline constexpr bool archived_as_list<std::deque<T>> = true;

template <class T>
inline constexpr bool archived_as_array = false;
template <class T, std::size_t N>
inline constexpr bool archived_as_array<std::array<T, N>> = N > 0;

template <class T>
inline constexpr bool archived_as_set = false;
template <class T>
inline constexpr bool archived_as_set<std::set<T>> = true;

template <class T>
inline constexpr bool archived_as_map = false;
template <class K, class V>
inline constexpr bool archived_as_map<std::map<K, V>> = true;

template <class T>
inline constexpr bool archived_as_optional = false;
template <class T>
inline constexpr bool archived_as_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool archived_as_pair = false;
template <class A, class B>
inline constexpr bool archived_as_pair<std::pair<A, B>> = true;

template <class T>
inline constexpr bool archived_as_variant = false;
template <class... Ts>
inline constexpr bool archived_as_variant<std::variant<Ts...>> = true;

template <class T>
inline constexpr bool archived_as_table = false;
template <class K, class T>
inline constexpr bool archived_as_table<Table<K, T>> = true;

template <class T>
inline constexpr bool not_archived = false;

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

// Any integer, also the number behind a time or an enum.
template <class A, class T>
void archive_integer(A& to, T& value) {
  using Plain = std::remove_const_t<T>;
  if constexpr (!A::reading) {
    if constexpr (std::signed_integral<Plain>) {
      to.number(zigzag(value));
    } else {
      to.number(value);
    }
  } else {
    std::uint64_t number = 0;
    to.number(number);
    if constexpr (std::signed_integral<Plain>) {
      const std::int64_t exact = unzigzag(number);
      if (!std::in_range<Plain>(exact)) return to.fail();
      value = static_cast<Plain>(exact);
    } else {
      if (!std::in_range<Plain>(number)) return to.fail();
      value = static_cast<Plain>(number);
    }
  }
}

template <class A, class T>
void archive_bool(A& to, T& value) {
  if constexpr (A::reading) {
    std::uint64_t number = 0;
    to.number(number);
    if (number > 1) return to.fail();
    value = number == 1;
  } else {
    to.number(value ? 1 : 0);
  }
}

// A value outside the description is refused when read, and ends the process when written.
template <class A, class E>
void archive_enum(A& to, E& value) {
  using Plain = std::remove_const_t<E>;
  auto number = static_cast<std::underlying_type_t<Plain>>(value);
  archive_integer(to, number);
  if constexpr (A::reading) {
    const auto read = static_cast<Plain>(number);
    if (name_of(read) == "?") return to.fail();
    value = read;
  } else {
    CHECK(name_of(value) != "?", "an enum has a value outside its description");
  }
}

template <class A, class T>
void archive_amount(A& to, T& value) {
  std::int64_t unit_ms = value.unit_ms();
  archive_integer(to, unit_ms);
  if constexpr (A::reading) value = ComputeTime{unit_ms};
}

template <class A, class T>
void archive_sha256(A& to, T& value) {
  for (std::size_t at = 0; at < value.bytes.size(); at += 8) {
    std::uint64_t word = 0;
    if constexpr (A::reading) {
      to.word(word);
      for (std::size_t i = 0; i < 8; ++i)
        value.bytes[at + i] = static_cast<std::byte>(word >> (8 * i));
    } else {
      for (std::size_t i = 0; i < 8; ++i) {
        word |= std::to_integer<std::uint64_t>(value.bytes[at + i]) << (8 * i);
      }
      to.word(word);
    }
  }
}

template <class A, class T>
void archive_optional(A& to, T& value) {
  bool there = value.has_value();
  archive_bool(to, there);
  if constexpr (A::reading) {
    value.reset();
    if (there) value.emplace();
  }
  if (there) archive(to, *value);
}

template <class A, class T>
void archive_list(A& to, T& list) {
  if constexpr (A::reading) {
    const std::size_t size = to.length();
    list.clear();
    // Not more memory at once than the bytes that are there.
    if constexpr (requires { list.reserve(size); }) {
      list.reserve(std::min(size, to.left() / sizeof(typename T::value_type) + 1));
    }
    for (std::size_t i = 0; i < size && to.ok(); ++i) {
      typename T::value_type item{};
      archive(to, item);
      list.push_back(std::move(item));
    }
  } else {
    to.number(list.size());
    for (const auto& item : list) archive(to, item);
  }
}

// Sets and maps are read in the order they were written in, which makes each insertion an append.
template <class A, class T>
void archive_set(A& to, T& set) {
  if constexpr (A::reading) {
    const std::size_t size = to.length();
    set.clear();
    for (std::size_t i = 0; i < size && to.ok(); ++i) {
      typename T::value_type item{};
      archive(to, item);
      if (!set.empty() && !(*set.rbegin() < item)) return to.fail();
      set.emplace_hint(set.end(), std::move(item));
    }
  } else {
    to.number(set.size());
    for (const auto& item : set) archive(to, item);
  }
}

template <class A, class T>
void archive_map(A& to, T& map) {
  if constexpr (A::reading) {
    const std::size_t size = to.length();
    map.clear();
    for (std::size_t i = 0; i < size && to.ok(); ++i) {
      typename T::key_type key{};
      archive(to, key);
      if (!map.empty() && !(map.rbegin()->first < key)) return to.fail();
      const auto place = map.emplace_hint(map.end(), std::move(key), typename T::mapped_type{});
      archive(to, place->second);
    }
  } else {
    to.number(map.size());
    for (const auto& [key, item] : map) {
      archive(to, key);
      archive(to, item);
    }
  }
}

template <class A, class Key, class T>
void read_table(A& from, Table<Key, T>& table) {
  const std::size_t size = from.length();
  table = Table<Key, T>{};
  Key last;
  for (std::size_t i = 0; i < size && from.ok(); ++i) {
    Key key;
    archive(from, key);
    if (!(last < key) || key.value > archived_table_id_max) return from.fail();
    archive(from, table.insert(key, T{}));
    last = key;
  }
}

template <class A, class T>
void archive_table(A& to, T& table) {
  if constexpr (A::reading) {
    read_table(to, table);
  } else {
    to.number(table.size());
    table.for_each([&](auto key, const auto& item) {
      CHECK(key.value <= archived_table_id_max, "an id beyond what a snapshot can hold");
      archive(to, key);
      archive(to, item);
    });
  }
}

template <class A, class T>
void archive_variant(A& to, T& variant) {
  std::size_t index = variant.index();
  archive_integer(to, index);
  if constexpr (A::reading) {
    constexpr std::size_t size = std::variant_size_v<T>;
    if (index >= size) return to.fail();
    boost::mp11::mp_with_index<size>(
        index, [&](auto chosen) { archive(to, variant.template emplace<chosen>()); });
  } else {
    std::visit([&](const auto& one) { archive(to, one); }, variant);
  }
}

// FNV-1a of a member's name.
constexpr std::uint64_t tag_of(std::string_view name) {
  std::uint64_t tag = 0xcbf29ce484222325U;
  for (const char c : name) tag = (tag ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return tag;
}

// A variant is never blank: which one it holds says something.
template <class T>
bool is_blank(const T& value) {
  if constexpr (requires { value.empty(); }) {
    return value.empty();
  } else if constexpr (archived_as_optional<T>) {
    return !value.has_value();
  } else if constexpr (is_shared<T>) {
    return is_blank(*value);
  } else if constexpr (DescribedStruct<T>) {
    using Members = boost::describe::describe_members<T, boost::describe::mod_any_access>;
    bool blank = true;
    boost::mp11::mp_for_each<Members>(
        [&](auto member) { blank = blank && is_blank(value.*member.pointer); });
    return blank;
  } else if constexpr (std::equality_comparable<T> && !archived_as_variant<T>) {
    return value == T{};
  } else {
    return false;
  }
}

// The mark at the end keeps the members of two neighbours apart.
template <class T>
void digest_struct(DigestWriter& to, const T& value) {
  using Members = boost::describe::describe_members<T, boost::describe::mod_any_access>;
  boost::mp11::mp_for_each<Members>([&](auto member) {
    constexpr std::uint64_t tag = tag_of(decltype(member)::name);
    const auto& part = value.*member.pointer;
    if (is_blank(part)) return;
    to.word(tag);
    archive(to, part);
  });
  to.word(tag_of("end of a struct"));
}

template <class A, class T>
void archive_struct(A& to, T& value) {
  if constexpr (A::by_name) {
    digest_struct(to, value);
  } else {
    using Plain = std::remove_const_t<T>;
    using Members = boost::describe::describe_members<Plain, boost::describe::mod_any_access>;
    if constexpr (boost::mp11::mp_empty<Members>::value) {
      bool something = false;
      archive_bool(to, something);
      if constexpr (A::reading) {
        if (something) to.fail();
      }
    }
    boost::mp11::mp_for_each<Members>([&](auto member) { archive(to, value.*member.pointer); });
  }
}

}  // namespace detail

/// Walks `value` and everything in it. With a BinaryReader the value is written over (see ok());
/// with the writers it may be const.
template <class A, class T>
void archive(A& archive_to, T& value) {
  using Plain = std::remove_const_t<T>;
  if constexpr (std::same_as<Plain, bool>) {
    detail::archive_bool(archive_to, value);
  } else if constexpr (std::integral<Plain>) {
    detail::archive_integer(archive_to, value);
  } else if constexpr (DescribedEnum<Plain>) {
    detail::archive_enum(archive_to, value);
  } else if constexpr (std::same_as<Plain, std::string>) {
    archive_to.text(value);
  } else if constexpr (AnId<Plain>) {
    archive_to.number(value.value);
  } else if constexpr (std::same_as<Plain, Time> || std::same_as<Plain, Duration>) {
    detail::archive_integer(archive_to, value.ms);
  } else if constexpr (std::same_as<Plain, ComputeTime>) {
    detail::archive_amount(archive_to, value);
  } else if constexpr (std::same_as<Plain, CommandId> || std::same_as<Plain, Digest>) {
    archive_to.word(value.high);
    archive_to.word(value.low);
  } else if constexpr (std::same_as<Plain, Sha256>) {
    detail::archive_sha256(archive_to, value);
  } else if constexpr (detail::archived_as_optional<Plain>) {
    detail::archive_optional(archive_to, value);
  } else if constexpr (is_shared<Plain>) {
    if constexpr (A::reading) {
      archive(archive_to, value.change());
    } else {
      archive(archive_to, *value);
    }
  } else if constexpr (detail::archived_as_pair<Plain>) {
    archive(archive_to, value.first);
    archive(archive_to, value.second);
  } else if constexpr (detail::archived_as_array<Plain>) {
    for (auto& item : value) archive(archive_to, item);
  } else if constexpr (detail::archived_as_list<Plain>) {
    detail::archive_list(archive_to, value);
  } else if constexpr (detail::archived_as_set<Plain>) {
    detail::archive_set(archive_to, value);
  } else if constexpr (detail::archived_as_map<Plain>) {
    detail::archive_map(archive_to, value);
  } else if constexpr (detail::archived_as_table<Plain>) {
    detail::archive_table(archive_to, value);
  } else if constexpr (detail::archived_as_variant<Plain>) {
    detail::archive_variant(archive_to, value);
  } else if constexpr (DescribedStruct<Plain>) {
    detail::archive_struct(archive_to, value);
  } else {
    static_assert(detail::not_archived<Plain>, "this type has no binary form: describe it");
  }
}

template <class T>
std::string to_bytes(const T& value) {
  std::string bytes;
  BinaryWriter writer(bytes);
  archive(writer, value);
  return bytes;
}

/// The T that to_bytes() made these bytes from; nothing when they are not exactly that.
template <class T>
std::optional<T> from_bytes(std::string_view bytes) {
  BinaryReader reader(bytes);
  T value{};
  archive(reader, value);
  if (!reader.ok() || reader.left() != 0) return std::nullopt;
  return value;
}

/// Equal values of one type have equal digests.
template <class T>
Digest digest_of(const T& value) {
  DigestWriter writer;
  archive(writer, value);
  return writer.finish();
}

}  // namespace fabrica
