#pragma once

#include <cstdint>
#include <string>

#include "cli/session.h"

/// Watching a job from afar: connections may break, the job does not mind.
namespace fabrica::cli {

/// One output of one task; `task` is its place in the array, from 0.
struct LogPlace {
  std::string job;
  std::uint32_t task = 0;
  bool error_stream = false;
};

/// Prints what the task writes until it has ended and all was printed. A broken connection is made
/// anew from where it broke.
Outcome<void> follow_output(Session& session, const LogPlace& place);

/// Prints what the task has written so far.
Outcome<void> print_output(Session& session, const LogPlace& place);

/// From here on an interrupt ends the program with a word on how to go on, and leaves the job
/// alone.
void detach_on_interrupt(const std::string& job);

/// Waits for the job's end and returns it as it then is.
Outcome<json::Value> wait_for_end(Session& session, const std::string& job);

/// How the job ended and what it cost, in two or three lines. For a job that has ended.
std::string outcome_text(const json::Value& job, bool colour);

/// 0 when the job completed, otherwise 1.
int exit_code_of_job(const json::Value& job);

/// Follows all tasks one after the other, waits for the end, says how it went.
Outcome<int> follow_job(Session& session, const std::string& job);

}  // namespace fabrica::cli
