#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "api/answering.h"
#include "api/bodies.h"
#include "api/routes.h"
#include "api/settled_draft.h"
#include "base/limits.h"
#include "net/oneshot.h"

/// Many jobs in one request: each is taken or refused by itself, and they share their commits.
namespace fabrica::api {

namespace {

// One job of a batch, on its way; `problem` once it is refused.
struct BatchItem {
  std::optional<SettledDraft> settled;
  std::optional<Problem> problem;
  std::optional<Envelope> envelope;
};

// What the writer says of a batch, collected on its thread.
struct BatchReplies {
  explicit BatchReplies(std::size_t jobs) : replies(jobs) {}

  std::vector<std::optional<Result<Reply>>> replies;
  std::atomic<std::size_t> left;
  net::Oneshot<bool> all_there;
};

Answer<std::vector<BatchItem>> read_batch(const Call& call) {
  TRY(JobBatch batch, body_of<JobBatch>(call));
  if (batch.jobs.empty() || batch.jobs.size() > limits::batch_jobs_max) {
    return refuse(refusal::invalid, "jobs",
                  fmt::format("Send 1 to {} jobs at once.", limits::batch_jobs_max));
  }
  std::vector<BatchItem> items(batch.jobs.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    Answer<SettledDraft> draft = read_draft(call, std::move(batch.jobs[i]), Purpose::submit);
    if (draft)
      items[i].settled = *std::move(draft);
    else
      items[i].problem = std::move(draft).error();
  }
  return items;
}

// Each job has a name of its own that follows from the request's, so that the same request again
// makes none twice.
Answer<void> seal(const Call& call, std::vector<BatchItem>& items) {
  TRY(const Envelope whole, envelope_of(call, Order{}));
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].problem) continue;
    const CommandId id = whole.id ? nth_of(whole.id, i) : CommandId{};
    TRY(items[i].envelope, envelope_of(call, order_of(*std::move(items[i].settled), id)));
  }
  return {};
}

// Hands all that were not refused to the writer.
net::Awaitable<std::shared_ptr<BatchReplies>> submit_all(live::Writer* writer,
                                                         std::vector<BatchItem>* items) {
  auto batch = std::make_shared<BatchReplies>(items->size());
  batch->left = static_cast<std::size_t>(std::ranges::count_if(
      *items, [](const BatchItem& item) { return item.envelope.has_value(); }));
  if (batch->left == 0) co_return batch;
  for (std::size_t i = 0; i < items->size(); ++i) {
    if (!(*items)[i].envelope) continue;
    writer->submit(*std::move((*items)[i].envelope), [batch, i](Result<Reply> reply) {
      batch->replies[i] = std::move(reply);
      if (batch->left.fetch_sub(1) == 1) batch->all_there.complete(true);
    });
  }
  co_await batch->all_there.wait();
  co_return batch;
}

BatchAnswer answer_of(const Call& call, std::vector<BatchItem>& items, BatchReplies& batch) {
  BatchAnswer answer;
  for (std::size_t i = 0; i < items.size(); ++i) {
    BatchedJob& job = answer.jobs.emplace_back();
    std::optional<Result<Reply>>& reply = batch.replies[i];
    if (reply && reply->has_value()) {
      job.job = jobs::JobId{(*reply)->id};
      continue;
    }
    if (reply) items[i].problem = Problem(std::move(*reply).error());
    job.problem = view_of(*items[i].problem, path_of(call.request), call.request_id);
  }
  return answer;
}

net::Awaitable<net::Response> submit_batch(Call call) {
  std::optional<std::vector<BatchItem>> items;
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    TRY(items, read_batch(call));
    return net::Response{};
  });
  if (!items) co_return response;
  for (BatchItem& item : *items) {
    if (item.problem) continue;
    const Answer<void> settled = co_await settle(call.context, &*item.settled, Purpose::submit);
    if (!settled) item.problem = settled.error();
  }
  bool sealed = false;
  response = guarded(call, [&]() -> Answer<net::Response> {
    TRY_DONE(seal(call, *items));
    sealed = true;
    return net::Response{};
  });
  if (!sealed) co_return response;
  const std::shared_ptr<BatchReplies> batch = co_await submit_all(&call.context->writer(), &*items);
  co_return guarded(call, [&]() -> Answer<net::Response> {
    return json_answer(200, answer_of(call, *items, *batch));
  });
}

}  // namespace

std::vector<Route> batch_routes() {
  return {{.method = net::Method::post,
           .path = "/v1/jobs:batch",
           .operation = "submitBatch",
           .area = "jobs",
           .summary =
               "Submits up to 1,000 jobs. Each is taken or refused by itself: the answer has, "
               "in their order, the number of the job or the problem.",
           .handler = &submit_batch,
           .body = &schema_of<JobBatch>,
           .answer = &schema_of<BatchAnswer>}};
}

}  // namespace fabrica::api
