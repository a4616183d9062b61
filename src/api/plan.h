#pragma once

#include <optional>

#include "api/bodies.h"
#include "api/context.h"
#include "api/problem.h"
#include "jobs/commands.h"
#include "net/http.h"

namespace fabrica::api {

/// What would become of the job now: decided by the writer on State as it is, nothing submitted.
/// Refused where the request itself is wrong (its name, its numbers), whatever the partition.
/// Nothing when the writer takes no questions any more.
net::Awaitable<std::optional<Answer<PlanView>>> plan(Context* context, federation::PersonId person,
                                                     jobs::SubmitJob command);

}  // namespace fabrica::api
