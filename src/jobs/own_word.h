#pragma once

#include <cstdint>
#include <vector>

#include "jobs/decide.h"

/// What a task says of itself before its first instruction and after its last: a site may forget a
/// job that ran, and a copy may come late; the task's own word tells both.
namespace fabrica::jobs {

/// The task of this number, in an array, or 0 of any other job; null when there is none.
const Task* task_numbered(const Job& job, std::uint32_t number);

/// Lets the task run, and records its start.
Result<std::vector<Yield>> begin_task(const Context& context, const BeginTask& command);

/// Records that its script came to its end. What is settled stays so.
Result<std::vector<Yield>> return_task(const Context& context, const ReturnTask& command);

}  // namespace fabrica::jobs
