#pragma once

#include "sites/local/spool.h"

namespace fabrica::sites::local {

/// Ends a task that started and whose supervisor is gone, killed or lost with the machine: ends
/// what still runs of it, and records its end as of the supervisor's last sign of life. Does
/// nothing when a supervisor still has the task, when it never started, or when its end is on
/// record. True when it is on record; otherwise, on a full disk for one, the next call may succeed.
/// May take some seconds where processes do not die.
bool settle_lost(const TaskDirectory& task);

/// Records the end of a task that never started. Does nothing when a supervisor has the task, or
/// when it has started or ended. True when the end is on record.
bool end_unstarted(const TaskDirectory& task, EndReason reason, std::string text, Time now);

}  // namespace fabrica::sites::local
