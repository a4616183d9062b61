#pragma once

#include "base/result.h"
#include "sites/local/records.h"

namespace fabrica::sites::local {

/// Refuses a spec that could not be run or not be kept exactly: the field names the member to
/// change.
Result<void> check_spec(const TaskSpec& spec);

}  // namespace fabrica::sites::local
