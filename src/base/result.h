#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace fabrica {

/// A reason to refuse, from a closed list: each area declares its own constants. `name` is the word
/// that programs see, `http_status` the one status it is answered with.
struct RefusalCode {
  std::string_view name;
  std::uint16_t http_status = 422;

  friend constexpr bool operator==(const RefusalCode& a, const RefusalCode& b) {
    return a.name == b.name;
  }
};

namespace refusal {
inline constexpr RefusalCode invalid{"invalid", 422};
inline constexpr RefusalCode malformed{"malformed", 400};
inline constexpr RefusalCode unauthenticated{"unauthenticated", 401};
inline constexpr RefusalCode forbidden{"forbidden", 403};
inline constexpr RefusalCode not_found{"not_found", 404};
inline constexpr RefusalCode conflict{"conflict", 409};
inline constexpr RefusalCode too_large{"too_large", 413};
inline constexpr RefusalCode too_many{"too_many", 429};
inline constexpr RefusalCode internal{"internal", 500};
inline constexpr RefusalCode unavailable{"unavailable", 503};
}  // namespace refusal

/// A person's mistake, or a rule that says no. `field` names what to change ("time_limit", or a
/// JSON pointer), empty when no one field is at fault; `text` is a whole sentence that says what to
/// do.
struct Refusal {
  RefusalCode code;
  std::string field;
  std::string text;
};

template <class T>
using Result = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(RefusalCode code, std::string field, std::string text) {
  return std::unexpected(Refusal{code, std::move(field), std::move(text)});
}

}  // namespace fabrica

#define FABRICA_JOIN_(a, b) a##b
#define FABRICA_JOIN(a, b) FABRICA_JOIN_(a, b)

/// `TRY(auto x, f());` declares x from f()'s value, or returns f()'s refusal from the caller.
#define TRY(declaration, ...)                                                       \
  auto FABRICA_JOIN(result_, __LINE__) = (__VA_ARGS__);                             \
  if (!FABRICA_JOIN(result_, __LINE__)) [[unlikely]]                                \
    return ::std::unexpected(::std::move(FABRICA_JOIN(result_, __LINE__)).error()); \
  declaration = *::std::move(FABRICA_JOIN(result_, __LINE__))

/// `TRY_DONE(f());` for a Result<void>: returns the refusal from the caller, if there is one.
#define TRY_DONE(...)                                                                         \
  if (auto FABRICA_JOIN(result_, __LINE__) = (__VA_ARGS__); !FABRICA_JOIN(result_, __LINE__)) \
      [[unlikely]]                                                                            \
  return ::std::unexpected(::std::move(FABRICA_JOIN(result_, __LINE__)).error())
