#include "simulate/machine_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

#include "base/limits.h"

namespace fabrica::simulate {

Result<std::vector<forecast::Outage>> parse_outages(std::span<const std::string> texts,
                                                    std::string_view field) {
  std::vector<forecast::Outage> outages;
  for (const std::string& text : texts) {
    std::array<std::int64_t, 3> numbers{0, 0, std::numeric_limits<std::int32_t>::max()};
    const char* at = text.data();
    const char* const end = at + text.size();
    std::size_t read = 0;
    while (read < numbers.size()) {
      const auto [behind, error] = std::from_chars(at, end, numbers[read]);
      if (error != std::errc{} || *at == '-') break;
      read += 1;
      at = behind;
      if (at == end || *at != ':') break;
      ++at;
    }
    const auto [from_s, until_s, width] = numbers;
    if (at != end || text.ends_with(':') || read < 2 || from_s >= until_s ||
        until_s > limits::trace_submit_s_max || width < 1 ||
        width > std::numeric_limits<std::int32_t>::max()) {
      return refuse(refusal::invalid, std::string(field),
                    fmt::format("--{} is FROM:TO or FROM:TO:PROCESSORS in seconds of the simulated "
                                "time, such as 86400:90000:64; \"{}\" is not.",
                                field, text));
    }
    outages.push_back(
        {Time{} + seconds(from_s), Time{} + seconds(until_s), static_cast<std::int32_t>(width)});
  }
  if (outages.size() > limits::outages_max) {
    return refuse(refusal::too_large, std::string(field),
                  fmt::format("--{} can be said {} times.", field, limits::outages_max));
  }
  std::ranges::sort(outages, {}, &forecast::Outage::from);
  return outages;
}

namespace {

std::int64_t* weight_of(std::string_view name, forecast::PriorityRules& rules) {
  if (name == "age") return &rules.weight_age;
  if (name == "fair_share") return &rules.weight_fair_share;
  if (name == "size") return &rules.weight_size;
  if (name == "wide") return &rules.weight_wide;
  return nullptr;
}

}  // namespace

Result<forecast::PriorityRules> parse_weights(std::string_view text,
                                              forecast::PriorityRules rules) {
  const std::string_view whole = text;
  const auto no = [whole] {
    return refuse(refusal::invalid, "weights",
                  fmt::format("--weights are age=N,fair_share=N,size=N,wide=N, each from 0 to {}; "
                              "\"{}\" is not.",
                              forecast::priority_weight_max, whole));
  };
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) return no();
    std::int64_t* const weight = weight_of(one.substr(0, equals), rules);
    if (weight == nullptr) return no();
    const char* const end = one.data() + one.size();
    const auto [behind, error] = std::from_chars(one.data() + equals + 1, end, *weight);
    if (error != std::errc{} || behind != end || *weight < 0 ||
        *weight > forecast::priority_weight_max) {
      return no();
    }
  }
  return rules;
}

}  // namespace fabrica::simulate
