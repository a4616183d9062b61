#pragma once

#include <fmt/core.h>

#include <charconv>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fabrica {

/// A number that names one thing of one kind. Explicit both ways: a job's id is no site's id. Ids
/// are minted in decide from counters in State, from 1 up; 0 means "none". `Tag::prefix` is the
/// word in print: "job-4211".
template <class Tag>
struct Id {
  std::uint64_t value = 0;

  constexpr Id() = default;
  explicit constexpr Id(std::uint64_t number) : value(number) {}

  explicit constexpr operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};
template <class T>
concept AnId = IsId<T>::value;

template <class Tag>
std::string to_string(Id<Tag> id) {
  return fmt::format("{}-{}", Tag::prefix, id.value);
}

/// Reads "job-4211" or plain "4211" as an id of the wanted kind; nothing on any other text.
template <AnId I>
std::optional<I> parse_id(std::string_view text);

namespace detail {
template <class Tag>
std::optional<Id<Tag>> parse_id_of(std::string_view text, Id<Tag>*) {
  const std::string_view prefix = Tag::prefix;
  if (text.size() > prefix.size() && text.starts_with(prefix) && text[prefix.size()] == '-') {
    text.remove_prefix(prefix.size() + 1);
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return Id<Tag>{number};
}
}  // namespace detail

template <AnId I>
std::optional<I> parse_id(std::string_view text) {
  return detail::parse_id_of(text, static_cast<I*>(nullptr));
}

/// The caller's name for one command, 128 bits. The same command id always gets the same reply.
/// Zero means that nobody can ask for the reply again, so it is not kept.
struct CommandId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  explicit constexpr operator bool() const { return high != 0 || low != 0; }
  friend constexpr auto operator<=>(CommandId, CommandId) = default;
};

/// 32 lower-case hexadecimal digits.
inline std::string to_string(CommandId id) {
  return fmt::format("{:016x}{:016x}", id.high, id.low);
}

/// Place of an event in the log: dense, from 1 up.
struct SeqTag {
  static constexpr std::string_view prefix = "seq";
};
using Seq = Id<SeqTag>;

}  // namespace fabrica

template <class Tag>
struct fmt::formatter<fabrica::Id<Tag>> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(fabrica::Id<Tag> id, Context& context) const {
    return fmt::formatter<std::string_view>::format(fabrica::to_string(id), context);
  }
};
