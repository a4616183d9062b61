#include "simulate/run.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string_view>

#include "simulate/world.h"

namespace fabrica::simulate {

namespace {

std::atomic<std::uint64_t> seed_running{0};

// Says which seed was running when a CHECK aborts; async-signal-safe.
void say_seed(int) {
  std::string_view words = "reproduce with: fabrica simulate --seed ";
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, words.data(), words.size());
  char digits[21];
  std::size_t at = sizeof digits;
  digits[--at] = '\n';
  std::uint64_t seed = seed_running.load();
  do {
    digits[--at] = static_cast<char>('0' + seed % 10);
    seed /= 10;
  } while (seed != 0);
  written = ::write(STDERR_FILENO, digits + at, sizeof digits - at);
}

class SeedOnAbort {
 public:
  explicit SeedOnAbort(std::uint64_t seed) {
    seed_running = seed;
    struct sigaction action{};
    action.sa_handler = say_seed;
    ::sigaction(SIGABRT, &action, &before_);
  }
  SeedOnAbort(const SeedOnAbort&) = delete;
  SeedOnAbort& operator=(const SeedOnAbort&) = delete;
  ~SeedOnAbort() { ::sigaction(SIGABRT, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

// "  SubmitJob 210, CancelJob 41" of one group of names; what is zero is left out.
std::string line_of(const Counts& counts, std::string_view group) {
  std::string line;
  for (const auto& [name, count] : counts) {
    if (count == 0 || !name.starts_with(group)) continue;
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name.substr(group.size()), count);
  }
  return line.empty() ? "none" : line;
}

}  // namespace

RunReport run(const Options& options) {
  const SeedOnAbort seed_on_abort(options.seed);
  return World(options).run();
}

std::vector<std::string> never_reached(const Counts& counts) {
  std::vector<std::string> names;
  for (const auto& [name, count] : counts) {
    if (count == 0) names.push_back(name);
  }
  return names;
}

std::string describe(const RunReport& report) {
  std::string text =
      fmt::format("seed {}: {} steps, {} events, {} jobs, {} days\n", report.seed, report.steps,
                  report.events, report.jobs, (report.ended - report.began).ms / days(1).ms);
  for (const auto& [group, title] :
       {std::pair("accepted/", "accepted"), std::pair("refused/", "refused"),
        std::pair("why/", "refused because"), std::pair("event/", "events"),
        std::pair("outcome/", "outcomes"), std::pair("log/", "log faults"),
        std::pair("site/", "site faults"), std::pair("path/", "ways walked")}) {
    text += fmt::format("  {}: {}\n", title, line_of(report.counts, group));
  }
  const std::vector<std::string> unreached = never_reached(report.counts);
  text += fmt::format("  never reached: {}\n", unreached.size());
  for (const std::string& name : unreached) text += fmt::format("    {}\n", name);
  text += fmt::format("  log digest {}, state digest {}\n", to_string(report.log_digest),
                      to_string(report.state_digest));
  if (report.failure.empty()) return text + "  all checkers satisfied\n";
  return text + fmt::format("FAILED: {}\nreproduce with: fabrica simulate --seed {}\n",
                            report.failure, report.seed);
}

}  // namespace fabrica::simulate
