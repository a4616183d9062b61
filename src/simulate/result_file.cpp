#include "simulate/result_file.h"

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "json/read.h"
#include "traces/text_source.h"

namespace fabrica::simulate {

namespace {

Result<void> take_result(std::vector<ScenarioRun>& runs, std::string_view line,
                         const std::string& where) {
  if (line.empty()) return {};
  if (runs.size() == limits::scenario_runs_max) {
    return refuse(
        refusal::too_large, "",
        fmt::format("{}: at most {} runs are compared.", where, limits::scenario_runs_max));
  }
  Result<ScenarioRun> run = json::read<ScenarioRun>(line);
  if (!run) {
    return refuse(refusal::invalid, run.error().field,
                  fmt::format("{}: this is no line of fabrica simulate SCENARIO --json: {}", where,
                              run.error().text));
  }
  runs.push_back(std::move(*run));
  return {};
}

}  // namespace

Result<std::vector<ScenarioRun>> read_results(const std::filesystem::path& path) {
  TRY(traces::TextSource source, traces::TextSource::open(path));
  std::vector<ScenarioRun> runs;
  std::vector<char> buffer(std::size_t{64} * 1024);
  std::string rest;
  std::size_t line = 0;
  const auto where = [&] { return fmt::format("{}:{}", path.string(), line); };
  for (std::size_t count = buffer.size(); count == buffer.size();) {
    TRY(count, source.read(buffer));
    rest.append(buffer.data(), count);
    std::size_t from = 0;
    for (std::size_t end = 0; (end = rest.find('\n', from)) != std::string::npos; from = end + 1) {
      line += 1;
      TRY_DONE(take_result(runs, std::string_view(rest).substr(from, end - from), where()));
    }
    rest.erase(0, from);
    if (rest.size() <= limits::result_line_bytes_max) continue;
    line += 1;
    return refuse(refusal::too_large, "", where() + ": this line is too long to be a run.");
  }
  line += 1;
  TRY_DONE(take_result(runs, rest, where()));
  if (!runs.empty()) return runs;
  return refuse(refusal::invalid, "", path.string() + " has no run in it.");
}

}  // namespace fabrica::simulate
