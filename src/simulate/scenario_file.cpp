#include "simulate/scenario_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "config/files.h"
#include "config/nearest.h"
#include "config/toml.h"
#include "forecast/fleet.h"
#include "policies/registry.h"
#include "simulate/scenario_rows.h"

namespace fabrica::simulate {

namespace {

constexpr std::size_t listed_max = 100;  // entries of a list of what is swept over
constexpr std::int64_t users_default = 100;

/// The entries of what may be one value or a list of them, as JSON text.
std::vector<std::string_view> one_or_list(std::string_view text) {
  if (!text.starts_with('[')) return {text};
  text = text.substr(1, text.size() - 2);
  std::vector<std::string_view> entries;
  while (!text.empty()) {
    entries.push_back(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(entries.back().size() + 1, text.size()));
  }
  return entries;
}

template <DescribedEnum E>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
      [&](auto enumerator) { names.push_back(enumerator.name); });
  return names;
}

// A key that goes with some kinds of workloads only.
struct KindKey {
  std::string_view key;
  bool is_given;
  std::vector<std::string_view> kinds;
};

std::vector<KindKey> kind_keys(const rows::Workload& row) {
  return {{"file", row.file.has_value(), {"swf", "csv"}},
          {"columns", row.columns.has_value(), {"csv"}},
          {"time", row.time.has_value(), {"csv"}},
          {"separator", row.separator.has_value(), {"csv"}},
          {"jobs", row.jobs.has_value(), {"lublin", "llm"}},
          {"width", row.width.has_value(), {"lublin"}},
          {"cluster", row.cluster.has_value(), {"llm"}},
          {"days", row.days.has_value(), {"llm"}},
          {"users", row.users.has_value(), {"lublin", "llm"}},
          {"hour_weights", !row.hour_weights.empty(), {"llm"}},
          {"day_weights", !row.day_weights.empty(), {"lublin", "llm"}}};
}

/// From the rows of a file to a scenario, saying no to what cannot be, at its line.
class Reader {
 public:
  Reader(const config::TomlText& toml, const rows::ScenarioFile& rows) : toml_(toml), rows_(rows) {}

  Result<Scenario> scenario() const {
    Scenario made;
    made.name = rows_.name.value_or(std::filesystem::path(toml_.file()).stem().string());
    TRY_DONE(need_text("/name", made.name));
    TRY(made.sites, sites());
    TRY_DONE(rules(made));
    TRY(made.load, scales("/load", rows_.load));
    TRY(made.scale, one_scale("/scale", rows_.scale));
    if (rows_.load && rows_.scale) {
      return toml_.refuse_at("/scale",
                             "Give load or scale, not both: a load says how fast jobs "
                             "arrive.");
    }
    made.perfect_limits = rows_.perfect_limits.value_or(false);
    TRY(made.first, bounded("/first", rows_.first, forecast::no_bound, limits::trace_jobs_max));
    TRY(made.seeds, bounded("/seeds", rows_.seeds, 1, limits::scenario_runs_max));
    TRY(made.workloads, workloads());
    return made;
  }

 private:
  Result<void> need_text(std::string_view pointer, std::string_view text) const {
    if (!text.empty() && text.size() <= limits::name_bytes_max) return {};
    return toml_.refuse_at(pointer,
                           fmt::format("Give 1 to {} bytes of text.", limits::name_bytes_max));
  }

  Result<std::int64_t> within(std::string_view pointer, std::int64_t value, std::int64_t least,
                              std::int64_t most) const {
    if (value >= least && value <= most) return value;
    return toml_.refuse_at(pointer, fmt::format("Give {} to {}: found {}.", least, most, value));
  }

  Result<std::size_t> bounded(std::string_view pointer, std::optional<std::int64_t> value,
                              std::size_t otherwise, std::size_t most) const {
    if (!value) return otherwise;
    TRY(const std::int64_t checked, within(pointer, *value, 1, static_cast<std::int64_t>(most)));
    return static_cast<std::size_t>(checked);
  }

  Result<std::vector<Scale>> scales(std::string_view pointer,
                                    const std::optional<json::Raw>& given) const {
    std::vector<Scale> read;
    if (!given) return read;
    for (const std::string_view entry : one_or_list(given->text)) {
      const auto scale = parse_scale(entry);
      if (!scale) {
        return toml_.refuse_at(pointer,
                               "Give a number, or a list of numbers, from 0.001 to 1000 "
                               "with at most six decimals, such as [0.5, 0.9].");
      }
      read.push_back(*scale);
    }
    if (!read.empty() && read.size() <= listed_max) return read;
    return toml_.refuse_at(pointer, fmt::format("List 1 to {} of them.", listed_max));
  }

  Result<Scale> one_scale(std::string_view pointer, const std::optional<json::Raw>& given) const {
    TRY(const std::vector<Scale> read, scales(pointer, given));
    if (read.size() > 1) return toml_.refuse_at(pointer, "Give one number, not a list.");
    return read.empty() ? Scale{} : read.front();
  }

  template <DescribedEnum E>
  Result<E> word(std::string_view pointer, std::string_view text) const {
    E value{};
    if (value_of(text, value)) return value;
    return toml_.refuse_at(
        pointer, fmt::format("There is no \"{}\".{}", text, config::hint(text, names_of<E>())));
  }

  Result<std::vector<std::string>> names(std::string_view pointer,
                                         const std::optional<json::Raw>& given,
                                         std::string_view otherwise) const {
    std::vector<std::string> read;
    if (!given) return std::vector{std::string(otherwise)};
    for (const std::string_view entry : one_or_list(given->text)) {
      if (entry.size() < 2 || !entry.starts_with('"') || !entry.ends_with('"')) {
        return toml_.refuse_at(pointer, "Give a name in quotes, or a list of them.");
      }
      read.emplace_back(entry.substr(1, entry.size() - 2));
    }
    if (!read.empty() && read.size() <= listed_max) return read;
    return toml_.refuse_at(pointer, fmt::format("List 1 to {} of them.", listed_max));
  }

  Result<std::vector<std::string>> placements(bool whole) const {
    constexpr std::string_view pointer = "/placement";
    TRY(auto read, names(pointer, rows_.placement, "late_binding"));
    for (const std::string& name : read) {
      if (!whole) {
        TRY_DONE(word<forecast::Placement>(pointer, name));
      } else if (const auto known = policies::choose({name}); !known) {
        return toml_.refuse_at(pointer, known.error().text);
      }
    }
    return read;
  }

  Result<std::vector<forecast::Scheduler>> schedulers() const {
    TRY(const auto read, names("/scheduler", rows_.scheduler, "easy"));
    std::vector<forecast::Scheduler> made;
    for (const std::string& name : read) {
      TRY(const auto scheduler, word<forecast::Scheduler>("/scheduler", name));
      made.push_back(scheduler);
    }
    return made;
  }

  Result<std::int32_t> width_of(const rows::Site& row, const std::string& pointer) const {
    if (row.width.has_value() == row.nodes.has_value()) {
      return toml_.refuse_at(pointer, "Give either width, or nodes and gpus_per_node.");
    }
    if (row.width) {
      TRY(const std::int64_t width,
          within(pointer + "/width", *row.width, 1, limits::trace_machine_width_max));
      if (row.gpus_per_node) {
        return toml_.refuse_at(pointer + "/gpus_per_node", "It goes with nodes, not with width.");
      }
      return static_cast<std::int32_t>(width);
    }
    TRY(const std::int64_t nodes, within(pointer + "/nodes", *row.nodes, 1, limits::nodes_max));
    TRY(const std::int64_t gpus, within(pointer + "/gpus_per_node", row.gpus_per_node.value_or(1),
                                        1, limits::gpus_per_node_max));
    return static_cast<std::int32_t>(nodes * gpus);
  }

  Result<std::vector<ScenarioSite>> sites() const {
    std::vector<ScenarioSite> made;
    std::int64_t all = 0;
    for (std::size_t i = 0; i < rows_.site.size(); ++i) {
      const rows::Site& row = rows_.site[i];
      const std::string pointer = fmt::format("/site/{}", i);
      TRY_DONE(need_text(pointer + "/name", row.name));
      TRY(const std::int32_t width, width_of(row, pointer));
      TRY(const std::int64_t count,
          within(pointer + "/count", row.count.value_or(1), 1, limits::sites_max));
      for (std::int64_t n = 1; n <= count; ++n) {
        made.push_back({count == 1 ? row.name : fmt::format("{}-{}", row.name, n), width});
      }
      all += count * width;
      if (made.size() > limits::sites_max || all > limits::trace_machine_width_max) {
        return toml_.refuse_at(pointer,
                               fmt::format("At most {} sites, together {} wide.", limits::sites_max,
                                           limits::trace_machine_width_max));
      }
    }
    if (made.empty()) return toml_.refuse_at("", "Give at least one [[site]].");
    return made;
  }

  // One site has a scheduler, several have a placement.
  Result<void> rules(Scenario& made) const {
    const bool several = made.sites.size() > 1;
    const std::pair<std::string_view, bool> given[] = {
        {"placement", !several && rows_.placement},
        {"whole", !several && rows_.whole},
        {"scheduler", several && rows_.scheduler},
        {"order", several && rows_.order},
        {"depth", several && rows_.depth},
        {"maintenance/0", several && !rows_.maintenance.empty()},
        {"failure/0", several && !rows_.failure.empty()},
    };
    for (const auto& [key, is_wrong] : given) {
      if (!is_wrong) continue;
      return toml_.refuse_at(fmt::format("/{}", key),
                             fmt::format("It goes with {} only: leave it out.",
                                         several ? "one site" : "several sites"));
    }
    made.whole = rows_.whole.value_or(false);
    TRY(made.placement, placements(made.whole));
    TRY(made.scheduler, schedulers());
    TRY(made.depth, bounded("/depth", rows_.depth, forecast::no_bound, limits::trace_jobs_max));
    const std::string order = rows_.order.value_or("default");
    if (order != "default" && order != "textbook") {
      return toml_.refuse_at("/order", "Give \"default\" or \"textbook\".");
    }
    if (order == "textbook") made.order = forecast::EventOrder::textbook;
    TRY(made.maintenance, outages("/maintenance", rows_.maintenance, made));
    TRY(made.failures, outages("/failure", rows_.failure, made));
    return {};
  }

  Result<std::vector<forecast::Outage>> outages(std::string_view pointer,
                                                const std::vector<rows::Outage>& given,
                                                const Scenario& scenario) const {
    std::vector<forecast::Outage> made;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const std::string at = fmt::format("{}/{}", pointer, i);
      TRY(const std::int64_t from_s,
          within(at + "/from_s", given[i].from_s, 0, limits::trace_submit_s_max));
      TRY(const std::int64_t until_s,
          within(at + "/until_s", given[i].until_s, from_s + 1, limits::trace_submit_s_max + 1));
      const std::int64_t all = scenario.sites.front().width;
      TRY(const std::int64_t width, within(at + "/width", given[i].width.value_or(all), 1, all));
      made.push_back(
          {Time{} + seconds(from_s), Time{} + seconds(until_s), static_cast<std::int32_t>(width)});
      if (scenario.order == forecast::EventOrder::textbook || i >= limits::outages_max) {
        return toml_.refuse_at(
            at, fmt::format("Give at most {}, with the default order.", limits::outages_max));
      }
    }
    std::ranges::sort(made, {}, &forecast::Outage::from);
    return made;
  }

  Result<std::vector<ScenarioWorkload>> workloads() const {
    std::vector<ScenarioWorkload> made;
    if (rows_.workload.empty() || rows_.workload.size() > limits::scenario_workloads_max) {
      return toml_.refuse_at(
          "", fmt::format("Give 1 to {} [[workload]].", limits::scenario_workloads_max));
    }
    for (std::size_t i = 0; i < rows_.workload.size(); ++i) {
      TRY(ScenarioWorkload one, workload(rows_.workload[i], fmt::format("/workload/{}", i)));
      made.push_back(std::move(one));
    }
    return made;
  }

  Result<ScenarioWorkload> workload(const rows::Workload& row, const std::string& pointer) const {
    constexpr std::array<std::string_view, 4> kinds{"swf", "csv", "lublin", "llm"};
    if (std::ranges::find(kinds, row.kind) == kinds.end()) {
      return toml_.refuse_at(pointer + "/kind", fmt::format("There is no kind \"{}\".{}", row.kind,
                                                            config::hint(row.kind, kinds)));
    }
    for (const KindKey& one : kind_keys(row)) {
      if (!one.is_given || std::ranges::find(one.kinds, row.kind) != one.kinds.end()) continue;
      return toml_.refuse_at(
          fmt::format("{}/{}", pointer, one.key),
          fmt::format("It does not go with kind \"{}\": leave it out.", row.kind));
    }
    ScenarioWorkload made;
    TRY(made.scale, one_scale(pointer + "/scale", row.scale));
    if (row.kind == "swf" || row.kind == "csv") {
      TRY(made.source, file_source(row, pointer));
      made.name = row.name.value_or(std::filesystem::path(*row.file).filename().string());
    } else {
      TRY(made.source, made_source(row, pointer));
      made.name = row.name.value_or(row.kind);
    }
    TRY_DONE(need_text(pointer + "/name", made.name));
    return made;
  }

  using Source = decltype(ScenarioWorkload::source);

  Result<Source> file_source(const rows::Workload& row, const std::string& pointer) const {
    if (!row.file) return toml_.refuse_at(pointer + "/file", "Say which file.");
    const std::filesystem::path path =
        std::filesystem::path(toml_.file()).parent_path() / *row.file;
    if (row.kind == "swf") return SwfFile{path};
    if (!row.columns) {
      return toml_.refuse_at(pointer + "/columns",
                             "Say which column is which: columns = { submit = \"...\", run = "
                             "\"...\", width = \"...\" }.");
    }
    CsvFile csv{path, {}};
    csv.columns.submit = row.columns->submit;
    csv.columns.run = row.columns->run;
    csv.columns.width = row.columns->width;
    csv.columns.limit = row.columns->limit.value_or("");
    csv.columns.user = row.columns->user.value_or("");
    const std::string columns = pointer + "/columns";
    TRY_DONE(need_text(columns + "/submit", csv.columns.submit));
    TRY_DONE(need_text(columns + "/run", csv.columns.run));
    TRY_DONE(need_text(columns + "/width", csv.columns.width));
    if (row.time) {
      TRY(csv.columns.time, word<traces::CsvTime>(pointer + "/time", *row.time));
    }
    const std::string separator = row.separator.value_or(",");
    if (separator.size() != 1 || separator.find_first_of("\"\r\n") == 0) {
      return toml_.refuse_at(pointer + "/separator", "Give one character, such as \";\".");
    }
    csv.columns.separator = separator.front();
    return csv;
  }

  Result<std::vector<std::uint32_t>> weights(const std::string& pointer,
                                             const std::vector<std::int64_t>& given,
                                             std::size_t count) const {
    std::vector<std::uint32_t> made;
    if (given.empty()) return made;
    if (given.size() != count || std::ranges::max(given) < 1) {
      return toml_.refuse_at(pointer,
                             fmt::format("Give {} whole numbers, not all of them 0.", count));
    }
    for (const std::int64_t weight : given) {
      TRY(const std::int64_t checked, within(pointer, weight, 0, limits::scenario_weight_max));
      made.push_back(static_cast<std::uint32_t>(checked));
    }
    return made;
  }

  Result<Source> made_source(const rows::Workload& row, const std::string& pointer) const {
    if (!row.jobs) return toml_.refuse_at(pointer + "/jobs", "Say how many jobs to make.");
    TRY(const std::size_t jobs, bounded(pointer + "/jobs", row.jobs, 0, limits::trace_jobs_max));
    TRY(const std::int64_t users, within(pointer + "/users", row.users.value_or(users_default), 1,
                                         limits::scenario_users_max));
    TRY(auto days, weights(pointer + "/day_weights", row.day_weights, 7));
    if (row.kind == "lublin") {
      TRY(const std::int64_t width,
          within(pointer + "/width", row.width.value_or(128), 8, 1 << 24));
      return MadeClassic{jobs, static_cast<std::int32_t>(width), static_cast<std::uint32_t>(users),
                         std::move(days)};
    }
    MadeLlm made;
    made.jobs = jobs;
    made.users = static_cast<std::uint32_t>(users);
    made.days = std::move(days);
    TRY(made.hours, weights(pointer + "/hour_weights", row.hour_weights, 24));
    TRY(made.cluster, word<LlmCluster>(pointer + "/cluster", row.cluster.value_or("kalos")));
    made.gap_mean_ms = published_gap_mean_ms(made.cluster);
    if (!row.days) return made;
    TRY(const std::int64_t span,
        within(pointer + "/days", *row.days, 1, limits::scenario_days_max));
    made.gap_mean_ms = days_ms(span) / static_cast<std::int64_t>(jobs);
    if (made.gap_mean_ms >= 1 && made.gap_mean_ms < (std::int64_t{1000} << 24U)) return made;
    return toml_.refuse_at(pointer + "/days",
                           "So few jobs in so many days, or so many in so few, cannot be made.");
  }

  static std::int64_t days_ms(std::int64_t count) { return days(count).ms; }

  const config::TomlText& toml_;
  const rows::ScenarioFile& rows_;
};

Result<Scenario> scenario_of(const config::TomlText& toml) {
  TRY(const auto rows, config::read_toml<rows::ScenarioFile>(toml, json::Missing::refused,
                                                             config::UnknownKeys::refused));
  return Reader(toml, rows).scenario();
}

}  // namespace

Result<Scenario> read_scenario(const std::filesystem::path& path) {
  TRY(const config::TomlText toml, config::parse_file(path));
  return scenario_of(toml);
}

Result<Scenario> parse_scenario(const std::string& file, std::string_view text) {
  TRY(const config::TomlText toml, config::TomlText::parse(file, text));
  return scenario_of(toml);
}

}  // namespace fabrica::simulate
