#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kernel/event.h"

/// Events as they stand in the log for ever: a type's name, the version of its form, and a JSON
/// body. A new field with a default needs no new version. Any other change gets a new version and
/// an upcaster from the old one; bodies already written are never rewritten.
namespace fabrica::store {

struct EncodedEvent {
  std::string_view type;
  std::int64_t version = 1;
  std::string body;
};

/// Turns a body of `type` at version `from` into one of version `from + 1`.
struct Upcaster {
  std::string_view type;
  std::int64_t from = 1;
  std::string (*upcast)(std::string_view body);
};

/// Those in force; tests pass their own.
std::span<const Upcaster> upcasters();

/// Overwrites `out`, whose buffers are used again.
void encode(const Event& event, EncodedEvent& out);

/// Refused when the type is unknown, the body is not of its form, or the version is newer than this
/// program.
Result<Event> decode(std::string_view type, std::int64_t version, std::string_view body,
                     std::span<const Upcaster> casts = upcasters());

}  // namespace fabrica::store
