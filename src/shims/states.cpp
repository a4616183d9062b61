#include "shims/states.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "shims/command_line.h"

namespace fabrica::shims {

namespace {

constexpr auto words_of_states = std::to_array<StateWord>({
    {"waiting", "PENDING", "PD", "Dependency"},
    {"placed", "PENDING", "PD", "None"},
    {"queued", "PENDING", "PD", "Resources"},
    {"running", "RUNNING", "R", "None"},
    {"completed", "COMPLETED", "CD", "None"},
    {"failed", "FAILED", "F", "NonZeroExitCode", 1, 0},
    {"timeout", "TIMEOUT", "TO", "TimeLimit", 0, 15},
    {"out_of_memory", "OUT_OF_MEMORY", "OOM", "OutOfMemory", 0, 9},
    {"cancelled", "CANCELLED", "CA", "None", 0, 15},
    {"launch_failed", "FAILED", "F", "JobLaunchFailure", 1, 0},
    {"lost", "NODE_FAIL", "NF", "NodeDown", 1, 0},
    {"dependency_failed", "CANCELLED", "CA", "DependencyNeverSatisfied", 0, 15},
    {"refused", "FAILED", "F", "BadConstraints", 1, 0},
});

// What may be asked for, in the order in which squeue lists it; Fabrica has few of them.
constexpr auto slurm_states = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"PENDING", "PD"},    {"RUNNING", "R"},       {"SUSPENDED", "S"},     {"COMPLETED", "CD"},
    {"CANCELLED", "CA"},  {"FAILED", "F"},        {"TIMEOUT", "TO"},      {"NODE_FAIL", "NF"},
    {"PREEMPTED", "PR"},  {"BOOT_FAIL", "BF"},    {"DEADLINE", "DL"},     {"OUT_OF_MEMORY", "OOM"},
    {"COMPLETING", "CG"}, {"CONFIGURING", "CF"},  {"RESIZING", "RS"},     {"RESV_DEL_HOLD", "RD"},
    {"REQUEUED", "RQ"},   {"REQUEUE_FED", "RF"},  {"REQUEUE_HOLD", "RH"}, {"REVOKED", "RV"},
    {"SIGNALING", "SI"},  {"SPECIAL_EXIT", "SE"}, {"STAGE_OUT", "SO"},    {"STOPPED", "ST"},
});

std::string in_capitals(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

const StateWord& find_word(std::string_view ours, std::string_view otherwise) {
  const auto* found = std::ranges::find(words_of_states, ours, &StateWord::ours);
  if (found == words_of_states.end())
    found = std::ranges::find(words_of_states, otherwise, &StateWord::ours);
  return *found;
}

}  // namespace

const StateWord& state_of(std::string_view phase, std::string_view outcome) {
  return phase == "ended" ? find_word(outcome, "failed") : find_word(phase, "placed");
}

bool is_live(const StateWord& state) { return state.name == "PENDING" || state.name == "RUNNING"; }

cli::Outcome<std::vector<std::string_view>> states_named(std::string_view program,
                                                         const std::vector<std::string>& words) {
  std::vector<std::string_view> names;
  for (const std::string& word : words) {
    const std::string wanted = in_capitals(word);
    const std::size_t before = names.size();
    for (const auto& [name, compact] : slurm_states) {
      if (wanted == "ALL" || wanted == name || wanted == compact) names.push_back(name);
    }
    if (names.size() > before) continue;
    std::vector<std::string_view> all;
    for (const auto& [name, compact] : slurm_states) all.push_back(name);
    return in_these_words(
        fmt::format("{0}: error: Invalid job state specified: {1}\n"
                    "{0}: error: Valid job states include: {2}",
                    program, word, fmt::join(all, ",")));
  }
  return names;
}

}  // namespace fabrica::shims
