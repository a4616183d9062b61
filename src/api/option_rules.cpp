#include "api/option_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace fabrica::api {

namespace {

constexpr auto honoured = OptionUse::honoured;
constexpr auto ignored = OptionUse::ignored;
constexpr auto not_taken = OptionUse::refused;
constexpr auto by_site = OptionUse::by_site;

constexpr std::string_view pinning = "The site decides how tasks are bound to its hardware.";
constexpr std::string_view queue = "The order of the queue is the site's.";
constexpr std::string_view own_nodes =
    "Nodes are the site's to choose; ask for what they must have, such as --gpus.";
constexpr std::string_view start_time =
    "Jobs start as soon as they can; submit it when it may start.";
constexpr std::string_view layout = "Ask for cores, GPUs and memory instead of sockets.";
constexpr std::string_view site_word = "It goes where the word is known, or replaced.";
constexpr std::string_view remove = "Remove it.";

// Ascending by name.
// clang-format off
constexpr auto rules = std::to_array<OptionRule>({
    {"account", ignored, "The job is paid by the project that it is submitted for."},
    {"acctg-freq", ignored, "Usage is measured at the site's own rate."},
    {"array", honoured, ""},
    {"batch", not_taken, own_nodes},
    {"begin", not_taken, start_time},
    {"chdir", honoured, ""},
    {"clusters", honoured, ""},
    {"comment", honoured, ""},
    {"constraint", by_site, site_word},
    {"container", not_taken,
     "Start it within the script: srun --container-image=IMAGE, or apptainer exec IMAGE."},
    {"context", not_taken, remove},
    {"contiguous", ignored, "Nodes are placed as the site does it."},
    {"core-spec", ignored, pinning},
    {"cores-per-socket", not_taken, layout},
    {"cpu-freq", ignored, pinning},
    {"cpus-per-gpu", honoured, ""},
    {"cpus-per-task", honoured, ""},
    {"deadline", not_taken, start_time},
    {"delay-boot", ignored, "Nodes are not rebooted for jobs."},
    {"dependency", honoured, ""},
    {"distribution", ignored, pinning},
    {"error", honoured, ""},
    {"exclude", by_site, site_word},
    {"exclusive", honoured, ""},
    {"export", honoured, ""},
    {"extra-node-info", not_taken, layout},
    {"get-user-env", not_taken, "Set what the job needs within the script."},
    {"gpu-bind", ignored, pinning},
    {"gpu-freq", ignored, pinning},
    {"gpus", honoured, ""},
    {"gpus-per-node", honoured, ""},
    {"gpus-per-socket", not_taken, "Ask for --gpus-per-node."},
    {"gpus-per-task", honoured, ""},
    {"gres", honoured, ""},
    {"gres-flags", ignored, pinning},
    {"hint", ignored, pinning},
    {"hold", not_taken, "Submit it when it may start."},
    {"ignore-pbs", honoured, ""},
    {"input", honoured, ""},
    {"job-name", honoured, ""},
    {"kill-on-invalid-dep", ignored, "A job whose dependency can never be met is ended."},
    {"licenses", not_taken, "Take the licence within the script."},
    {"mail-type", ignored, "No mail is sent; follow the job, or watch its events."},
    {"mail-user", ignored, "No mail is sent; follow the job, or watch its events."},
    {"mcs-label", not_taken, remove},
    {"mem", honoured, ""},
    {"mem-bind", ignored, pinning},
    {"mem-per-cpu", honoured, ""},
    {"mem-per-gpu", honoured, ""},
    {"mincpus", honoured, ""},
    {"network", ignored, pinning},
    {"nice", ignored, queue},
    {"no-kill", ignored, "A job whose node fails ends."},
    {"no-requeue", honoured, ""},
    {"nodelist", by_site, site_word},
    {"nodes", honoured, ""},
    {"ntasks", honoured, ""},
    {"ntasks-per-core", ignored, pinning},
    {"ntasks-per-gpu", honoured, ""},
    {"ntasks-per-node", honoured, ""},
    {"ntasks-per-socket", not_taken, "Ask for --ntasks-per-node."},
    {"open-mode", honoured, ""},
    {"output", honoured, ""},
    {"overcommit", honoured, ""},
    {"oversubscribe", honoured, ""},
    {"parsable", honoured, ""},
    {"partition", by_site, site_word},
    {"power", ignored, pinning},
    {"prefer", ignored, "Features are words of one site."},
    {"priority", ignored, queue},
    {"profile", ignored, "No profile is taken."},
    {"propagate", ignored, "The site sets the limits of processes."},
    {"qos", by_site, site_word},
    {"quiet", honoured, ""},
    {"reboot", not_taken, remove},
    {"requeue", ignored, "A job that was lost is not started again by itself."},
    {"reservation", by_site, site_word},
    {"signal", honoured, ""},
    {"sockets-per-node", not_taken, layout},
    {"spread-job", ignored, "Nodes are placed as the site does it."},
    {"switches", ignored, "Nodes are placed as the site does it."},
    {"test-only", not_taken, "Ask for a plan (POST /v1/jobs:plan, fabrica plan), which submits nothing."},
    {"thread-spec", ignored, pinning},
    {"threads-per-core", ignored, pinning},
    {"time", honoured, ""},
    {"time-min", ignored, "The job gets its whole --time."},
    {"tmp", not_taken, "No site promises temporary disk; check for it within the script."},
    {"use-min-nodes", honoured, ""},
    {"verbose", honoured, ""},
    {"wait", honoured, ""},
    {"wait-all-nodes", ignored, "The script starts when the site says that its nodes are ready."},
    {"wckey", ignored, "Usage is counted by project."},
    {"wrap", honoured, ""},
});
// clang-format on
static_assert(std::ranges::is_sorted(rules, {}, &OptionRule::name));

}  // namespace

OptionRule rule_of(std::string_view option) {
  const auto* const found = std::ranges::lower_bound(rules, option, {}, &OptionRule::name);
  if (found != rules.end() && found->name == option) return *found;
  return {option, not_taken, remove};
}

void check_options(const sbatch::Options& options, std::string_view allowed,
                   sbatch::Findings& findings) {
  for (const sbatch::Given& given : options.given) {
    if (given.overruled || given.name == allowed) continue;
    const OptionRule rule = rule_of(given.name);
    const std::string option = "--" + given.name;
    if (rule.use == OptionUse::ignored) {
      findings.warning(given.place, option, fmt::format("{} is not used.", option),
                       std::string(rule.text));
    } else if (rule.use == OptionUse::refused) {
      findings.error(given.place, option,
                     fmt::format("No connected site can do what {} asks.", option),
                     std::string(rule.text));
    }
  }
}

}  // namespace fabrica::api
