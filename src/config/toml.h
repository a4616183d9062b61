#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"
#include "json/read.h"

/// TOML files into described structs: the text becomes JSON, which json/read.h reads, and a refusal
/// says at which line of which file. A struct's members are the keys.
namespace fabrica::config {

/// A key that a struct knows, and those within it. None within: whatever is there is not looked at.
struct Key {
  std::string_view name;
  std::vector<Key> within;
};

/// The keys that a T knows, for finding a mistyped one.
template <class T>
std::vector<Key> keys_of() {
  if constexpr (json::is_optional<T> || json::is_list<T> || json::is_set<T>) {
    return keys_of<typename T::value_type>();
  } else if constexpr (DescribedStruct<T>) {
    std::vector<Key> keys;
    for_each_member<T>([&]<class Member>(std::string_view name, Member T::*) {
      keys.push_back({name, keys_of<Member>()});
    });
    return keys;
  } else {
    return {};
  }
}

/// A TOML text that was parsed, with the line of everything in it. Places in it are named by JSON
/// pointers: "/site/3/name".
class TomlText {
 public:
  /// `file` is the name that messages bear. Refused: what is no TOML (malformed), more than
  /// limits::toml_bytes_max (too_large), and what goes deeper than the limits.
  static Result<TomlText> parse(std::string file, std::string_view text);

  TomlText(TomlText&&) noexcept;
  TomlText& operator=(TomlText&&) noexcept;
  ~TomlText();

  const std::string& file() const { return file_; }

  /// The values as JSON; dates and times as strings, tables by name.
  const std::string& json() const { return json_; }

  /// "fabrica.toml:12", the line of what is at `pointer`, or of the table around it when it is not
  /// there.
  std::string at(std::string_view pointer) const;

  /// Refuses the first key that is not among `known`, with the one that was likely meant.
  Result<void> check_keys(const std::vector<Key>& known) const;

  /// A refusal whose field is a JSON pointer, told for people who write TOML: its text begins with
  /// file, line and key, its field is the key.
  Refusal placed(Refusal refusal) const;

  /// A refusal of what is at `pointer`; `text` says what to do.
  std::unexpected<Refusal> refuse_at(std::string_view pointer, std::string text) const;

 private:
  struct Tree;
  explicit TomlText(std::string file);
  Result<void> write_json();

  std::string file_;
  std::string json_;
  std::unique_ptr<Tree> tree_;
};

enum class UnknownKeys : std::uint8_t { refused, tolerated };

/// Reads a T. With Missing::refused every member must be there that is neither optional nor a list.
template <class T>
Result<T> read_toml(const TomlText& toml, json::Missing missing, UnknownKeys unknown) {
  if (unknown == UnknownKeys::refused) TRY_DONE(toml.check_keys(keys_of<T>()));
  Result<T> read = json::read<T>(toml.json(), missing);
  if (!read) read = std::unexpected(toml.placed(std::move(read).error()));
  return read;
}

}  // namespace fabrica::config
