#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

/// Times and spans as the commands of Slurm write and read them, in the local time zone.
namespace fabrica::shims {

/// Read from the machine's clock.
Time now();

/// "2026-11-23T01:23:15".
std::string stamp(Time time);

/// "Mon Nov 23 01:23:15 2026" and a line end: what stands above squeue's long table.
std::string date_line(Time time);

/// squeue's form: "0:07", "1:01:02", "2-00:00:00".
std::string short_clock(Duration span);

/// sacct's form of CPU time: "00:01.250", "01:02:03", "1-00:00:00".
std::string cpu_clock(std::int64_t ms);

/// A moment of the past, as sacct's -S and -E take it: "now", "now-2hours", "2026-11-23",
/// "2026-11-23T10:00", "10:00" and "midnight" of today, "1123" of this year.
Result<Time> parse_past(std::string_view text, Time now);

}  // namespace fabrica::shims
