#pragma once

#include <cstdint>
#include <string_view>

#include "sbatch/options.h"
#include "sbatch/source.h"

namespace fabrica::api {

/// What becomes of an sbatch option on the sites that are connected today. honoured: done as asked.
/// ignored: the job runs as well without it, so it is told and passed over. refused: the job might
/// not do what its author wants, so it is not submitted. by_site: a word of one site; each
/// partition says whether it knows it (site_words.h).
enum class OptionUse : std::uint8_t { honoured, ignored, refused, by_site };

struct OptionRule {
  std::string_view name;  // without dashes
  OptionUse use = OptionUse::refused;
  std::string_view text;  // ignored: what happens instead; refused: what to do
};

/// Of an option's long name. One that is not in the table is refused.
OptionRule rule_of(std::string_view option);

/// Warns of the given options that are ignored and reports those that are refused, by their places.
/// Options that are overruled do not count, nor does the one called `allowed`.
void check_options(const sbatch::Options& options, std::string_view allowed,
                   sbatch::Findings& findings);

}  // namespace fabrica::api
