#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/amount.h"
#include "base/describe.h"
#include "calls/types.h"
#include "json/types.h"

/// The tables of access-modes/*.toml as they are written, as far as this version uses them. What is
/// optional here may be absent; the rest is required. Hours are kept as text, to be read exactly.
namespace fabrica::config::rows {

struct Size {
  Unit unit = Unit::gpu;
  std::optional<json::Raw> min_hours;
  std::optional<json::Raw> max_hours;
  std::optional<bool> fixed;
  std::optional<bool> approximate;
};
FABRICA_DESCRIBE(Size, unit, min_hours, max_hours, fixed, approximate)

struct Package {
  Unit unit = Unit::gpu;
  json::Raw hours;
  std::optional<std::string> partition;
  std::optional<std::int64_t> year;
};
FABRICA_DESCRIBE(Package, unit, hours, partition, year)

struct LengthOfGrant {
  std::vector<std::uint32_t> months;
};
FABRICA_DESCRIBE(LengthOfGrant, months)

struct ServiceLevel {
  std::optional<std::uint32_t> working_days_to_access;
};
FABRICA_DESCRIBE(ServiceLevel, working_days_to_access)

struct Rule {
  std::string rule;
  std::vector<std::string> any_of;
  std::vector<std::string> any_of_groups;
  std::string reason;
  std::optional<std::string> source;
};
FABRICA_DESCRIBE(Rule, rule, any_of, any_of_groups, reason, source)

struct ModeFile {
  std::string id;
  std::string name;
  calls::Selection selection = calls::Selection::fifo;
  std::vector<calls::Step> steps;
  std::optional<Size> size;
  std::vector<Package> package;
  LengthOfGrant duration;
  std::optional<ServiceLevel> service_level;
  std::vector<Rule> eligibility;
  std::optional<std::uint32_t> days_to_accept;
  std::optional<std::string> source;
  std::optional<std::string> date;
};
FABRICA_DESCRIBE(ModeFile, id, name, selection, steps, size, package, duration, service_level,
                 eligibility, days_to_accept, source, date)

}  // namespace fabrica::config::rows
