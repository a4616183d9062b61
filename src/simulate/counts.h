#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kernel/command.h"
#include "kernel/event.h"

namespace fabrica::simulate {

/// How often each thing happened, by name: "accepted/SubmitJob", "refused/SubmitJob",
/// "event/JobEnded", "outcome/timeout", "log/behind", "site/silent", "path/...", and the codes of
/// refusals as "why/forbidden".
using Counts = std::map<std::string, std::uint64_t>;

/// Every name that a run can count, with zero: what stays zero was never reached. The codes of
/// refusals are not among them.
Counts all_at_zero();

/// The name of the struct that the command or event holds.
std::string_view name_of_command(const Command& command);
std::string_view name_of_event(const Event& event);

/// Ways through the product that must be walked by some run.
namespace path {
inline constexpr std::string_view expired_with_holds =
    "path/an award expired while its jobs held hours";
inline constexpr std::string_view passed_on = "path/a released hold went on to the pool";
inline constexpr std::string_view dependency_met =
    "path/a job began once its dependencies were met";
inline constexpr std::string_view start_after_stop = "path/a start came to a site after its stop";
inline constexpr std::string_view held_back = "path/an array's own limit held a task back";
inline constexpr std::string_view asked_again = "path/a lost reply was asked for again";
inline constexpr std::string_view gave_up = "path/the engine gave up on the log";
inline constexpr std::string_view key_reused = "path/a command id was used for another request";
inline constexpr std::string_view from_snapshot = "path/an engine recovered from a snapshot";
inline constexpr std::string_view slurm_unknown =
    "path/whether a Slurm cluster has a job was unknown";
inline constexpr std::string_view slurm_adopted = "path/an unknown job was found by its tag";
inline constexpr std::string_view slurm_absent = "path/an attempt was not at its cluster";
inline constexpr std::string_view slurm_swept = "path/a copy of a job was cancelled";
inline constexpr std::string_view slurm_stranger = "path/an id came again with another's job";
inline constexpr std::string_view task_never =
    "path/a task at its site was told not to run its script";
inline constexpr std::string_view task_own_word =
    "path/a task that its cluster forgot was settled by its own word";
}  // namespace path

}  // namespace fabrica::simulate
