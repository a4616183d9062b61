#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/document.h"

namespace fabrica::json {

/// What a member that is not in the text means. Optionals, lists, sets and maps may always be
/// absent and are then what their initialiser says.
enum class Missing : std::uint8_t {
  refused,    ///< a person's request: each other member must be given
  defaulted,  ///< an event of an older version: the member keeps its initialiser
};

/// The first mistake found while reading, and the way to it. The way is put together only once
/// something is wrong: each level on the way back adds its name.
class Reading {
 public:
  explicit Reading(Missing missing) : missing_(missing) {}

  Missing missing() const { return missing_; }

  // Each returns false, for the reader to return on.
  bool mismatch(std::string expected, Element found);
  bool absent(std::string_view name, std::string expected);
  bool twice(std::string_view name);
  bool wrong(std::string text);
  /// To be said by the level that holds the member or entry that went wrong.
  bool within(std::string_view name);
  bool within(std::size_t entry);

  /// `base` is the JSON pointer of the element where reading began.
  Refusal refusal(std::string_view base) const;

 private:
  Missing missing_;
  std::string pointer_;
  std::string missing_name_;
  std::string expected_;
  std::string found_;
  std::string text_;
};

/// The value, or a text in quotes, as a person may be shown it: escaped, cut after 40 bytes.
std::string shown(Element element);
std::string shown(std::string_view text);

/// The value printed again as JSON without spaces.
std::string to_json(Element element);

}  // namespace fabrica::json
