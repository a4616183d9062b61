#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/value.h"

/// Values as people read them. Pure functions.
namespace fabrica::cli {

/// Columns that a text takes on a terminal: combining marks take none, wide characters two.
std::size_t display_width(std::string_view utf8);

/// Control characters become "?", so that what others wrote cannot steer the reader's terminal.
/// Line ends and tabs become blanks.
std::string printable(std::string_view text);

/// "1234.500": unit-milliseconds as hours, three decimals, rounded towards zero.
std::string hours_text(std::int64_t unit_ms);

/// "core-hours" for "core"; the word itself with "-hours" for a unit that is not known here.
std::string unit_hours(std::string_view unit);

/// "1234.500 core-hours".
std::string hours_with_unit(std::int64_t unit_ms, std::string_view unit);

/// "2026-11-22 14:48:03Z" for "2026-11-22T14:48:03.120Z"; what is no such time as it stands.
std::string moment_text(std::string_view rfc3339);

/// "2026-11-22" of the same.
std::string day_text(std::string_view rfc3339);

/// "812.0 MiB"; bytes below 1 KiB as they are.
std::string bytes_text(std::int64_t bytes);

/// "12.3 s" below a minute, otherwise Slurm's clock form "01:02:03".
std::string span_text(std::int64_t ms);

/// The span between two RFC 3339 times; empty when one is missing.
std::string span_between(const json::Value& from, const json::Value& to);

/// A whole number in a reply; zero when it is absent.
std::int64_t number_in(const json::Value& value, std::string_view name);

/// "_" as a blank: "transfer_in" becomes "transfer in".
std::string spaced(std::string_view word);

/// Reads "job-7" or "7" where `prefix` is "job".
std::optional<std::uint64_t> number_of(std::string_view text, std::string_view prefix);

}  // namespace fabrica::cli
