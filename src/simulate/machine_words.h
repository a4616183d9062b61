#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "forecast/outages.h"
#include "forecast/priority_rules.h"

/// What people say of a machine that is to be simulated.
namespace fabrica::simulate {

/// Reads "3600:7200:64": from so many seconds of the simulated time until so many 64 processors are
/// out; without the last number, the whole machine. Sorted by their beginnings. A refusal is of
/// this field.
Result<std::vector<forecast::Outage>> parse_outages(std::span<const std::string> texts,
                                                    std::string_view field);

/// Reads "age=1000,fair_share=500,size=0,wide=200": the weights that are named change. Refused as
/// invalid when there is no such weight, or it is not between 0 and forecast::priority_weight_max.
Result<forecast::PriorityRules> parse_weights(std::string_view text, forecast::PriorityRules rules);

}  // namespace fabrica::simulate
