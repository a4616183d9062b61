#include "system/slurm/judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "base/check.h"

namespace fabrica::test {

namespace {

// So many that a minute is enough even on a busy machine; one takes about ten milliseconds.
constexpr std::size_t cases_per_run = 100;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(text, separator)) {
    parts.emplace_back(part.begin(), part.end());
  }
  return parts;
}

std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    const char letter = text[++i];
    constexpr std::string_view letters = "ntrs\\";
    constexpr std::string_view meant = "\n\t\r \\";
    const std::size_t at = letters.find(letter);
    CHECK(at != std::string_view::npos, fmt::format("a table has no escape \\{}", letter));
    plain += meant[at];
  }
  return plain;
}

std::vector<std::string> words(std::string_view column) {
  std::vector<std::string> all;
  for (const std::string& word : split(column, ' ')) {
    if (!word.empty()) all.push_back(unescaped(word));
  }
  return all;
}

std::string for_shell(std::string_view text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return all + "'";
}

std::string command_for(const SbatchCase& one, const std::filesystem::path& script) {
  std::string command = "env TZ=UTC";
  for (const auto& [name, value] : one.environment) {
    command += " " + for_shell(fmt::format("{}={}", name, value));
  }
  command += " sbatch --parsable";
  for (const std::string& argument : one.arguments) command += " " + for_shell(argument);
  return command + " < " + for_shell(one.script.empty() ? "/dev/null" : script.string()) + " 2>&1";
}

// Runs a part of the cases; their verdicts without what is shown.
void submit_part(SlurmBed& bed, const std::vector<SbatchCase>& cases, std::size_t first,
                 const std::filesystem::path& folder, std::vector<Verdict>& verdicts) {
  std::string driver;
  const std::size_t last = std::min(cases.size(), first + cases_per_run);
  for (std::size_t i = first; i < last; ++i) {
    const std::filesystem::path script = folder / std::to_string(i);
    std::ofstream(script, std::ios::binary) << cases[i].script;
    driver += command_for(cases[i], script) + "\nprintf '\\n\\036%s\\036' $?\n";
  }
  const SlurmCluster& cluster = bed.facts().clusters.front();
  const Ran ran = bed.run_as(cluster.users.front(), cluster.name, {"bash"}, driver);
  // What each said, a mark, its exit code, a mark.
  const std::vector<std::string> parts = split(ran.output, '\036');
  if (parts.size() != 2 * (last - first) + 1) {
    throw std::runtime_error("sbatch was not run on every case:\n" + ran.output);
  }
  for (std::size_t i = first; i < last; ++i) {
    Verdict& verdict = verdicts[i];
    verdict.said = parts[2 * (i - first)];
    if (parts[2 * (i - first) + 1] != "0") continue;
    // "17" or "17;c1" in a line of its own, warnings before it.
    for (const std::string& line : split(verdict.said, '\n')) {
      std::from_chars(line.data(), line.data() + line.size(), verdict.job);
    }
    if (verdict.job == 0) {
      throw std::runtime_error(
          fmt::format("line {}: sbatch succeeded without a job: {}", cases[i].line, verdict.said));
    }
  }
}

// "   Partition=gpu AllocNode:Sid=x:1" as names and values; some lines have one value with blanks.
void read_shown_line(std::string_view line, std::map<std::string, std::string>& shown) {
  constexpr std::array<std::string_view, 6> whole{"Comment", "WorkDir", "StdErr",
                                                  "StdIn",   "StdOut",  "Command"};
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto take = [&](std::string_view pair) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return;
    shown[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
  };
  if (std::ranges::find(whole, line.substr(0, line.find('='))) != whole.end()) return take(line);
  if (const std::size_t name = line.find("JobName="); name != std::string_view::npos) {
    take(line.substr(name));
    line = line.substr(0, name);
  }
  for (const std::string& pair : split(line, ' ')) take(pair);
}

}  // namespace

std::vector<SbatchCase> read_sbatch_cases(const std::filesystem::path& table) {
  std::ifstream in(table);
  CHECK(in.good(), fmt::format("{} can be read", table.string()));
  std::vector<SbatchCase> cases;
  std::string line;
  for (std::uint32_t number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    std::vector<std::string> columns = split(line, '\t');
    CHECK(columns.size() <= 4, fmt::format("line {} has at most four columns", number));
    columns.resize(4);
    SbatchCase one{.line = number, .expected = columns[3]};
    if (columns[0] != "-") {
      const std::string text = columns[0].empty() ? "" : "#SBATCH " + unescaped(columns[0]) + "\n";
      one.script = "#!/bin/bash\n" + text + "hostname\n";
    }
    one.arguments = words(columns[1]);
    for (const std::string& word : words(columns[2])) {
      const std::size_t equals = word.find('=');
      CHECK(equals != std::string::npos, fmt::format("line {}: NAME=VALUE", number));
      one.environment.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

std::vector<Verdict> judge(SlurmBed& bed, const std::vector<SbatchCase>& cases,
                           std::uint32_t jobs_before) {
  const SlurmCluster& cluster = bed.facts().clusters.front();
  for (const std::string& partition : cluster.partitions) {
    const Ran ran = bed.run_as("root", cluster.name,
                               {"scontrol", "update", "PartitionName=" + partition, "State=DOWN"});
    if (ran.code != 0) throw std::runtime_error(ran.output);
  }
  const std::filesystem::path folder = std::filesystem::path(bed.facts().directory) / "cases";
  std::filesystem::create_directory(folder);
  std::vector<SbatchCase> before(
      jobs_before, SbatchCase{.script = "#!/bin/bash\nhostname\n", .arguments = {"--array=1-4"}});
  std::vector<Verdict> ignored(before.size());
  submit_part(bed, before, 0, folder, ignored);
  std::vector<Verdict> verdicts(cases.size());
  for (std::size_t first = 0; first < cases.size(); first += cases_per_run) {
    submit_part(bed, cases, first, folder, verdicts);
  }
  const Ran ran = bed.run_as("root", cluster.name, {"env", "TZ=UTC", "scontrol", "show", "jobs"});
  std::map<std::uint32_t, std::map<std::string, std::string>> jobs;
  std::map<std::string, std::string> shown;
  for (const std::string& line : split(ran.output, '\n')) {
    if (line.starts_with("JobId=")) shown.clear();
    read_shown_line(line, shown);
    if (!line.empty() || shown.empty()) continue;
    const auto& id = shown["JobId"];
    std::uint32_t job = 0;
    std::from_chars(id.data(), id.data() + id.size(), job);
    jobs[job] = std::exchange(shown, {});
  }
  for (Verdict& verdict : verdicts) {
    if (verdict.job != 0) verdict.shown = jobs[verdict.job];
  }
  return verdicts;
}

}  // namespace fabrica::test
