#pragma once

#include <vector>

#include "api/call.h"
#include "api/job_request.h"
#include "api/order.h"
#include "api/site_words.h"

namespace fabrica::api {

/// A draft on its way to the writer, with the answers of the sites to its words; none when it has
/// no such words.
struct SettledDraft {
  federation::ProjectId project;
  Draft draft;
  std::vector<PartitionAnswer> answers;
};

/// What can be told of a submission without asking any site: its script, the names in it, and
/// whether the caller belongs to the project.
Answer<SettledDraft> read_draft(const Call& call, Submission submission, Purpose purpose);

/// Settles the draft on the partitions whose sites know its words. To submit, a draft without such
/// words is settled as it is.
net::Awaitable<Answer<void>> settle(Context* context, SettledDraft* settled, Purpose purpose);

/// The job's command with its documents.
Order order_of(SettledDraft settled, CommandId id);

}  // namespace fabrica::api
