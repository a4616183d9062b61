#include "config/access_modes.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "config/access_mode_rows.h"
#include "config/files.h"
#include "config/nearest.h"
#include "policies/eligibility.h"

namespace fabrica::config {

namespace {

/// One file on its way to a mode.
class ModeReader {
 public:
  ModeReader(const TomlText& toml, const Consortium& consortium)
      : toml_(toml), consortium_(consortium) {}

  Result<ModeEntry> read() const {
    TRY(rows::ModeFile file,
        read_toml<rows::ModeFile>(toml_, json::Missing::refused, UnknownKeys::tolerated));
    calls::AccessMode mode;
    TRY(mode.sizes, sizes_of(file));
    TRY(mode.eligibility, rules_of(file));
    mode.slug = std::move(file.id);
    mode.name = std::move(file.name);
    mode.selection = file.selection;
    mode.steps = std::move(file.steps);
    mode.months = std::move(file.duration.months);
    if (file.service_level)
      mode.working_days_to_access = file.service_level->working_days_to_access.value_or(0);
    mode.days_to_accept = file.days_to_accept.value_or(mode.days_to_accept);
    mode.source = std::move(file.source).value_or("");
    mode.date = std::move(file.date).value_or("");
    TRY_DONE(check_sources(consortium_, mode.source, toml_.at("/source"),
                           fmt::format("Mode \"{}\"", mode.slug)));
    return ModeEntry{std::move(mode), toml_.at("/id")};
  }

 private:
  // `pointer` is the place of `hours`, which is a number as JSON writes it.
  Result<ComputeTime> amount_of(const json::Raw& hours, std::string_view pointer) const {
    Result<ComputeTime> amount = parse_hours(hours.text);
    if (!amount) return toml_.refuse_at(pointer, std::move(amount).error().text);
    return amount;
  }

  Result<std::vector<calls::SizeRange>> sizes_of(const rows::ModeFile& file) const {
    std::vector<calls::SizeRange> sizes;
    if (!file.size) return sizes;
    if (file.size->fixed.value_or(false)) return packages_of(file);
    if (!file.size->min_hours && !file.size->max_hours) {
      return toml_.refuse_at(
          "/size", "Give min_hours, max_hours or both, or fixed = true and a [[package]].");
    }
    calls::SizeRange range{file.size->unit, ComputeTime{}, amount_max,
                           file.size->approximate.value_or(false)};
    if (file.size->min_hours) {
      TRY(range.min, amount_of(*file.size->min_hours, "/size/min_hours"));
    }
    if (file.size->max_hours) {
      TRY(range.max, amount_of(*file.size->max_hours, "/size/max_hours"));
    }
    if (range.min > range.max) {
      return toml_.refuse_at("/size/min_hours",
                             "Make min_hours at most max_hours: nobody could ask for such a size.");
    }
    sizes.push_back(range);
    return sizes;
  }

  Result<std::vector<calls::SizeRange>> packages_of(const rows::ModeFile& file) const {
    std::vector<calls::SizeRange> sizes;
    for (std::size_t i = 0; i < file.package.size(); ++i) {
      const rows::Package& package = file.package[i];
      if (package.year) continue;
      const std::string pointer = fmt::format("/package/{}", i);
      if (package.partition) {
        return toml_.refuse_at(
            pointer + "/partition",
            "Leave out partition: this version takes one package for each unit.");
      }
      if (std::ranges::find(sizes, package.unit, &calls::SizeRange::unit) != sizes.end()) {
        return toml_.refuse_at(
            pointer + "/unit",
            fmt::format("Keep one package in {}: there are several.", hours_name(package.unit)));
      }
      TRY(const ComputeTime amount, amount_of(package.hours, pointer + "/hours"));
      sizes.push_back({package.unit, amount, amount, false});
    }
    if (sizes.empty()) {
      return toml_.refuse_at("/size/fixed",
                             "Add a [[package]] with unit and hours for each unit: there is none.");
    }
    return sizes;
  }

  Result<std::vector<calls::RuleUse>> rules_of(const rows::ModeFile& file) const {
    std::vector<calls::RuleUse> uses;
    for (std::size_t i = 0; i < file.eligibility.size(); ++i) {
      const rows::Rule& rule = file.eligibility[i];
      const std::string pointer = fmt::format("/eligibility/{}", i);
      TRY_DONE(check_rule(rule, pointer, file.size.has_value()));
      TRY(std::vector<std::string> any_of, words_of(rule, pointer));
      uses.push_back({rule.rule, std::move(any_of), rule.reason});
    }
    return uses;
  }

  Result<void> check_rule(const rows::Rule& rule, const std::string& pointer, bool has_size) const {
    if (!policies::eligibility_rules().contains(rule.rule)) {
      std::vector<std::string_view> names;
      for (const auto& [name, function] : policies::eligibility_rules()) names.push_back(name);
      return toml_.refuse_at(pointer + "/rule", fmt::format("There is no rule \"{}\".{}", rule.rule,
                                                            hint(rule.rule, names)));
    }
    if (rule.reason.empty()) {
      return toml_.refuse_at(pointer + "/reason",
                             "Say what an applicant should do when the rule says no.");
    }
    if (rule.rule == "size_within" && !has_size) {
      return toml_.refuse_at(pointer + "/rule",
                             "Add [size]: without one, size_within refuses everybody.");
    }
    return check_sources(consortium_, rule.source.value_or(""), toml_.at(pointer + "/source"),
                         fmt::format("Rule \"{}\"", rule.rule));
  }

  // any_of, and the countries of the groups, each once.
  Result<std::vector<std::string>> words_of(const rows::Rule& rule,
                                            const std::string& pointer) const {
    if (rule.any_of_groups.empty()) return rule.any_of;
    std::set<std::string> words(rule.any_of.begin(), rule.any_of.end());
    for (std::size_t i = 0; i < rule.any_of_groups.size(); ++i) {
      const std::string& slug = rule.any_of_groups[i];
      const auto group = std::ranges::find(consortium_.country_groups, slug, &CountryGroup::slug);
      if (group == consortium_.country_groups.end()) {
        std::vector<std::string_view> names;
        names.reserve(consortium_.country_groups.size());
        for (const CountryGroup& one : consortium_.country_groups) names.push_back(one.slug);
        return toml_.refuse_at(
            fmt::format("{}/any_of_groups/{}", pointer, i),
            fmt::format("There is no group of countries \"{}\".{}", slug, hint(slug, names)));
      }
      words.insert(group->countries.begin(), group->countries.end());
    }
    if (words.empty()) {
      return toml_.refuse_at(pointer + "/any_of_groups",
                             "Name a group that has countries: these have none.");
    }
    return std::vector<std::string>(words.begin(), words.end());
  }

  const TomlText& toml_;
  const Consortium& consortium_;
};

}  // namespace

Result<std::vector<ModeEntry>> read_access_modes(const std::filesystem::path& data_files,
                                                 const Consortium& consortium) {
  std::vector<ModeEntry> modes;
  TRY(const std::vector<std::filesystem::path> paths, toml_files(data_files / "access-modes"));
  for (const std::filesystem::path& path : paths) {
    TRY(const TomlText toml, parse_file(path));
    TRY(ModeEntry entry, ModeReader(toml, consortium).read());
    for (const ModeEntry& other : modes) {
      if (other.mode.slug != entry.mode.slug) continue;
      return toml.refuse_at("/id",
                            fmt::format("Give this mode another id: \"{}\" is there already at {}.",
                                        entry.mode.slug, other.at));
    }
    modes.push_back(std::move(entry));
  }
  return modes;
}

Result<void> register_modes(const std::vector<ModeEntry>& modes, const Execute& execute) {
  for (const ModeEntry& entry : modes) {
    Result<Reply> reply = execute(Command{calls::Command{calls::RegisterMode{entry.mode}}});
    if (reply) continue;
    Refusal refusal = std::move(reply).error();
    refusal.text = fmt::format("{}: Mode \"{}\": {}", entry.at, entry.mode.slug, refusal.text);
    return std::unexpected(std::move(refusal));
  }
  return {};
}

}  // namespace fabrica::config
