#include "simulate/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "json/write.h"
#include "simulate/timeline.h"

namespace fabrica {

// Made when the library is built, from the chart library and report.html.
std::span<const std::string_view> chart_library();
std::span<const std::string_view> report_page();

}  // namespace fabrica

namespace fabrica::simulate {

constexpr std::size_t report_runs_max = 500;
constexpr std::size_t report_parts = 600;
constexpr std::size_t report_bars_max = 3'000;

/// A run as a row of the table.
struct ReportRow {
  std::string setting;
  std::string rules;
  std::uint64_t seed = 0;
  double wait_mean_s = 0;
  double wait_median_s = 0;
  double wait_p90_s = 0;
  double wait_p99_s = 0;
  double wide_wait_mean_s = 0;
  double bounded_slowdown_mean = 0;
  double utilisation = 0;
  double user_fairness = 0;
  std::int64_t makespan_s = 0;
};
FABRICA_DESCRIBE(ReportRow, setting, rules, seed, wait_mean_s, wait_median_s, wait_p90_s,
                 wait_p99_s, wide_wait_mean_s, bounded_slowdown_mean, utilisation, user_fairness,
                 makespan_s)

/// What the page draws.
struct ReportContent {
  std::string scenario;
  std::uint64_t runs_left_out = 0;
  std::vector<ReportRow> rows;
  std::string setting;
  std::string rules;
  std::uint64_t seed = 0;
  std::uint64_t jobs = 0;
  std::vector<SiteSeen> sites;
  Timeline timeline;
  std::vector<SizeClass> sizes;
  Gantt gantt;
};
FABRICA_DESCRIBE(ReportContent, scenario, runs_left_out, rows, setting, rules, seed, jobs, sites,
                 timeline, sizes, gantt)

namespace {

struct CloseReport {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string joined(std::span<const std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

// Nothing within a script may look like its end, or like a comment.
std::string within_script(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

void put_in(std::string& page, std::string_view mark, std::string_view text) {
  const std::size_t at = page.find(mark);
  CHECK(at != std::string::npos, "the page has a place for it");
  page.replace(at, mark.size(), text);
}

ReportRow row_of(const ScenarioRun& run) {
  const Measures& of = run.measures;
  return {run.setting,    run.rules,           run.seed,
          of.wait_mean_s, of.wait_median_s,    of.wait_p90_s,
          of.wait_p99_s,  of.wide_wait_mean_s, of.bounded_slowdown_mean,
          of.utilisation, of.user_fairness,    of.makespan_s};
}

}  // namespace

std::string report_of(const Scenario& scenario, std::span<const ScenarioRun> runs,
                      const PlannedRun& planned, const DetailedRun& shown) {
  ReportContent content;
  content.scenario = scenario.name;
  for (const ScenarioRun& run : runs.first(std::min(runs.size(), report_runs_max))) {
    content.rows.push_back(row_of(run));
  }
  content.runs_left_out = runs.size() - content.rows.size();
  content.setting = shown.result.setting;
  content.rules = shown.result.rules;
  content.seed = shown.result.seed;
  content.jobs = shown.result.measures.jobs;
  content.sites = shown.result.sites;
  content.sizes = shown.result.measures.sizes;
  const auto& jobs = shown.workload.jobs;
  content.timeline =
      timeline_of(jobs, shown.made.starts, shown.workload.machine_width, report_parts);
  content.gantt = gantt_of(planned.machines.widths, jobs, {shown.made.starts, shown.made.sites},
                           report_bars_max);
  std::string page = joined(report_page());
  put_in(page, "/* the chart library */", joined(chart_library()));
  put_in(page, "\"the content\"", within_script(json::to_json(content)));
  return page;
}

Result<void> write_text(const std::filesystem::path& path, std::string_view field,
                        std::string_view text) {
  const std::unique_ptr<std::FILE, CloseReport> file(std::fopen(path.c_str(), "wb"));
  if (file && std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
      std::fflush(file.get()) == 0) {
    return {};
  }
  return refuse(refusal::unavailable, std::string(field),
                fmt::format("{} cannot be written: {}.", path.string(), std::strerror(errno)));
}

}  // namespace fabrica::simulate
