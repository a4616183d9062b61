#pragma once

#include <fmt/core.h>

#include <concepts>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/limits.h"
#include "base/result.h"
#include "federation/commands.h"
#include "federation/events.h"

namespace fabrica::federation {

/// Refusals: forbidden, not_found, invalid (a name that is empty or too long, an unknown country),
/// and conflict where a rule of the command is broken. Registering known facts again yields no
/// event.
Result<std::vector<Event>> decide(const State& state, PersonId actor, const Command& command);

/// Refused unless `person` has `role`; `act` completes "Only ... may" for the person to read.
Result<void> need_role(const State& state, PersonId person, Role role, std::string_view act);

/// Refused when `text` is empty, longer than `bytes_max`, no UTF-8, or holds control characters.
Result<void> need_text(std::string_view field, std::string_view text, std::size_t bytes_max);

/// Refused when `text` is longer than text_bytes_max or no UTF-8; it may be empty and have lines.
Result<void> need_short_text(std::string_view field, std::string_view text);

/// The same for every text within `thing`, a described struct or a list, and refused when a list
/// has more than list_items_max items. `field` is the name of the member at fault.
template <class T>
Result<void> need_short_texts(std::string_view field, const T& thing) {
  Result<void> result;
  if constexpr (std::same_as<T, std::string>) {
    result = need_short_text(field, thing);
  } else if constexpr (DescribedStruct<T>) {
    for_each_member<T>([&](std::string_view name, auto member) {
      if (result) result = need_short_texts(name, thing.*member);
    });
  } else if constexpr (requires { typename T::value_type; }) {
    if (thing.size() > limits::list_items_max) {
      return refuse(refusal::too_many, std::string(field),
                    fmt::format("{} has at most {} items.", field, limits::list_items_max));
    }
    for (const auto& item : thing) {
      if (result) result = need_short_texts(field, item);
    }
  }
  return result;
}

}  // namespace fabrica::federation
