#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "json/document.h"

/// Single values of slurmrestd's JSON, in the forms that its versions give them. Nothing here
/// refuses: a value of a strange form is no value.
namespace fabrica::sites::slurm::shape {

/// The member of an object; none where it is absent or null, or `object` is none.
std::optional<json::Element> member(std::optional<json::Element> object, std::string_view name);

/// A whole number: plain, as decimal text, or an object {set, infinite, number} that is set and
/// not infinite.
std::optional<std::int64_t> number(std::optional<json::Element> value);

/// A number that fits: not Slurm's own values for "none" and "infinite", which are the highest.
std::optional<std::uint32_t> number32(std::optional<json::Element> value);

/// A text, cut after `bytes_max` bytes; empty where there is none.
std::string text(std::optional<json::Element> value, std::size_t bytes_max);

bool flag(std::optional<json::Element> value);

/// Seconds since 1970 as a time; zero where there is none, or one beyond limits::latest_time.
Time time(std::optional<json::Element> value);

}  // namespace fabrica::sites::slurm::shape
