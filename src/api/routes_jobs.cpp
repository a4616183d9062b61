#include <fmt/core.h>

#include <algorithm>
#include <expected>
#include <functional>

#include "api/answering.h"
#include "api/bodies.h"
#include "api/paging.h"
#include "api/plan.h"
#include "api/routes.h"
#include "api/settled_draft.h"
#include "api/sight.h"
#include "api/site_words.h"
#include "store/chain.h"

/// Jobs: submitting, planning, watching, cancelling.
namespace fabrica::api {

namespace {

using jobs::JobId;
using jobs::JobPhase;

// The draft, settled on the partitions that know its words, or the response that says why not.
net::Awaitable<std::expected<SettledDraft, net::Response>> settled_submission(const Call* call,
                                                                              Purpose purpose) {
  std::optional<SettledDraft> settled;
  net::Response response = guarded(*call, [&]() -> Answer<net::Response> {
    TRY(Submission body, body_of<Submission>(*call));
    TRY(settled, read_draft(*call, std::move(body), purpose));
    return net::Response{};
  });
  if (!settled) co_return std::unexpected(std::move(response));
  const Answer<void> done = co_await settle(call->context, &*settled, purpose);
  if (!done) co_return std::unexpected(refused(*call, done.error()));
  co_return *std::move(settled);
}

net::Awaitable<net::Response> submit_under(Call call, CommandId id) {
  std::expected<SettledDraft, net::Response> settled =
      co_await settled_submission(&call, Purpose::submit);
  if (!settled) co_return std::move(settled).error();
  std::optional<Envelope> envelope;
  std::vector<DiagnosticView> diagnostics = views_of(settled->draft.diagnostics);
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    TRY(envelope, envelope_of(call, order_of(*std::move(settled), id)));
    return net::Response{};
  });
  if (!envelope) co_return response;
  const Done done = co_await submit(&call.context->writer(), *std::move(envelope));
  response = guarded(call, [&]() -> Answer<net::Response> {
    if (!done.reply) return std::unexpected(done.reply.error());
    std::optional<store::JobView> job = call.context->reader()->job(JobId{done.reply->id});
    if (!job) return no_such("job", to_string(JobId{done.reply->id}));
    return json_answer(201, SubmittedJob{*std::move(job), std::move(diagnostics)});
  });
  mark_replayed(response, done);
  co_return response;
}

net::Awaitable<net::Response> submit_job(Call call) {
  return submit_under(std::move(call), CommandId{});
}

// The client's own 128-bit name for the job: the same name, the same job.
net::Awaitable<net::Response> put_job(Call call) {
  CommandId id;
  const Result<CommandId> named = json::read<CommandId>("\"" + std::string(call.argument()) + "\"");
  if (named) id = *named;
  if (!id) {
    co_return refused(
        call,
        Refusal{refusal::invalid, "job",
                "Name the job with 32 hexadecimal digits, not all zero, such as a UUID without "
                "dashes."});
  }
  co_return co_await submit_under(std::move(call), id);
}

Answer<net::Response> list_jobs(Call& call) {
  TRY(const PageRequest page, page_request(call));
  store::JobFilter filter;
  TRY(filter.project, id_in_query<federation::ProjectId>(call, "project"));
  TRY(filter.phase, word_in_query<JobPhase>(call, "phase"));
  TRY(filter.live, flag_in_query(call, "live"));
  TRY(filter.since, time_in_query(call, "since"));
  filter.site = text_in_query(call, "site");
  filter.name = text_in_query(call, "name");
  const Readers::Borrowed reader = call.context->reader();
  const Sight sight = sight_of(call, *reader);
  if (!sight.all()) {
    filter.member_of = call.person();
    for (const federation::SiteId site : sight.operates) {
      if (const auto view = reader->thing("site", site.value)) {
        filter.or_sites.push_back(stored<store::SiteView>(*view).slug);
      }
    }
  }
  return page_answer(call, page, reader->jobs(filter, JobId{page.after}, page.limit + 1),
                     [](const store::JobView& job) { return job.id.value; });
}

// Tasks that have not begun are not in the read tables; with them an array is whole.
void complete_array(store::JobView& job, const std::vector<std::uint32_t>& numbers) {
  std::vector<store::TaskView> tasks(numbers.size());
  for (std::uint32_t place = 0; place < numbers.size(); ++place) tasks[place].task = place;
  for (store::TaskView& task : job.task_list) {
    if (task.task < tasks.size()) tasks[task.task] = std::move(task);
  }
  for (store::TaskView& task : tasks) task.array_task = numbers[task.task];
  job.task_list = std::move(tasks);
}

// What the document knows of a job beside the log.
void add_document(store::Reader& reader, store::JobView& job) {
  const std::optional<std::string> text = reader.document(job.document);
  const auto document =
      text ? json::read<jobs::JobDocument>(*text) : Result<jobs::JobDocument>(jobs::JobDocument{});
  if (!text || !document) return;
  const auto given = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  job.user = given(document->user);
  job.working_directory = given(document->working_directory);
  job.output = given(document->output);
  job.error = given(document->error);
  if (!document->array.empty()) complete_array(job, document->array);
}

Answer<store::JobView> job_in_path(const Call& call) {
  TRY(const JobId id, id_in_path<JobId>(call));
  return visible_job(call, *call.context->reader(), id);
}

net::Awaitable<void> wait_for_phase(Call call, JobPhase phase, Time until, net::Stream stream) {
  Context& context = *call.context;
  const JobId id = parse_id<JobId>(call.argument()).value_or(JobId{});
  const Watchers::Watch watch = context.watchers().job(id, stream.waker());
  std::optional<store::JobView> job = context.reader()->job(id);
  while (job && job->phase < phase && live::now() < until) {
    if (!co_await stream.wait(until - live::now())) break;
    job = context.reader()->job(id);
  }
  if (job) add_document(*context.reader(), *job);
  if (job) co_await stream.send(json::to_json(*job));
}

Answer<net::Response> show_job(Call& call) {
  TRY(store::JobView job, job_in_path(call));
  add_document(*call.context->reader(), job);
  if (call.request.query.pairs.empty()) return json_answer(200, job);
  TRY(const std::uint64_t wait_s, number_in_query(call, "wait", 0, wait_seconds_max));
  TRY(const std::optional<JobPhase> phase, word_in_query<JobPhase>(call, "phase"));
  const JobPhase wanted = phase.value_or(JobPhase::ended);
  if (wait_s == 0 || job.phase >= wanted) return json_answer(200, job);
  const Time until = live::now() + seconds(static_cast<std::int64_t>(wait_s));
  net::Response response = json_text(200, {});
  response.stream = std::bind_front(&wait_for_phase, std::move(call), wanted, until);
  return response;
}

Answer<net::Response> show_script(Call& call) {
  TRY(const store::JobView job, job_in_path(call));
  std::optional<std::string> script = call.context->reader()->document(job.script);
  if (!script) return no_such("script", call.argument());
  net::Response response;
  response.content_type = "text/plain";
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = *std::move(script);
  return response;
}

// An ended job is left as it is; the kernel forgets such jobs in time, so it is not asked.
net::Awaitable<net::Response> cancel_job(Call call) {
  std::optional<Envelope> envelope;
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    TRY(const store::JobView job, job_in_path(call));
    if (job.phase == JobPhase::ended) return json_answer(202, job);
    TRY(envelope, envelope_of(call, Order{jobs::Command{jobs::CancelJob{job.id}}, {}, {}}));
    return net::Response{};
  });
  if (!envelope) co_return response;
  const Done done = co_await submit(&call.context->writer(), *std::move(envelope));
  co_return guarded(call, [&]() -> Answer<net::Response> {
    if (!done.reply) return std::unexpected(done.reply.error());
    TRY(const store::JobView job, job_in_path(call));
    return json_answer(202, job);
  });
}

// Each row gets the answer of its partition's site.
void add_words(const SettledDraft& settled, PlanView& view) {
  for (PlanRowView& row : view.rows) {
    const auto found = std::ranges::find(settled.answers, row.partition, &PartitionAnswer::slug);
    if (found == settled.answers.end()) continue;
    if (!found->answer.refused.empty()) row.reason = refusal_text(found->answer);
    if (!row.possible) continue;
    row.diff = diff_for(settled.draft, *found);
    row.remarks = found->answer.remarks;
  }
}

// Only members submit, so only members may ask what it would cost their project.
net::Awaitable<net::Response> plan_job(Call call) {
  const std::expected<SettledDraft, net::Response> settled =
      co_await settled_submission(&call, Purpose::plan);
  if (!settled) co_return settled.error();
  std::optional<Answer<PlanView>> planned =
      co_await plan(call.context, call.person(), {settled->project, settled->draft.request});
  if (!planned) {
    co_return refused(
        call, Refusal{refusal::unavailable, "", "The server is stopping; try again in a moment."});
  }
  co_return guarded(call, [&]() -> Answer<net::Response> {
    TRY(PlanView view, *std::move(planned));
    view.diagnostics = views_of(settled->draft.diagnostics);
    add_words(*settled, view);
    return json_answer(200, view);
  });
}

std::vector<Route> submitting_routes() {
  using net::Method;
  return {
      {.method = Method::post,
       .path = "/v1/jobs:plan",
       .operation = "planJob",
       .area = "jobs",
       .summary = "Says for each partition whether the job could run there now, why not, what it "
                  "would cost, what would be left, and how its script is rewritten in the words "
                  "of the site. Submits nothing.",
       .handler = &plan_job,
       .body = &schema_of<Submission>,
       .answer = &schema_of<PlanView>},
      {.method = Method::post,
       .path = "/v1/jobs",
       .operation = "submitJob",
       .area = "jobs",
       .summary = "Submits an sbatch script. Its hold is placed before any site is told. Mistakes "
                  "in the script are "
                  "listed by line and column in the problem's errors.",
       .handler = &submit_job,
       .body = &schema_of<Submission>,
       .status = 201,
       .answer = &schema_of<SubmittedJob>},
      {.method = Method::put,
       .path = "/v1/jobs/{job}",
       .operation = "putJob",
       .area = "jobs",
       .summary = "Submits a job under the client's own name for it, 32 hexadecimal digits in the "
                  "place of its number: "
                  "the same name is the same job, however often it is sent.",
       .handler = &put_job,
       .body = &schema_of<Submission>,
       .status = 201,
       .answer = &schema_of<SubmittedJob>},
  };
}

std::vector<Route> watching_routes() {
  using net::Method;
  return {
      {.path = "/v1/jobs",
       .operation = "listJobs",
       .area = "jobs",
       .summary =
           "Jobs, newest first: those of the caller's projects and sites; all for the staff.",
       .handler = &list_jobs,
       .parameters = list_parameters(
           {{"project", "Of this project.", whole_number},
            {"site", "At this site, by its slug."},
            {"name", "Of this name."},
            {"phase", "In this phase.",
             R"({"type":"string","enum":["waiting","placed","queued","running","ended"]})"},
            {"live", "Only those that have not ended.", yes_or_no},
            {"since", "Only those that had not ended before this time, RFC 3339."}}),
       .answer = &schema_of<Page<store::JobView>>},
      {.path = "/v1/jobs/{job}",
       .operation = "showJob",
       .area = "jobs",
       .summary = "One job with its tasks. With `wait` the answer comes when the job has reached "
                  "the phase (ended, "
                  "unless another is named), or when the time is over.",
       .handler = &show_job,
       .parameters =
           {{"wait", "Seconds to wait for the phase.", wait_schema},
            {"phase", "The phase to wait for.",
             R"({"type":"string","enum":["waiting","placed","queued","running","ended"]})"}},
       .answer = &schema_of<store::JobView>},
      {.method = Method::remove,
       .path = "/v1/jobs/{job}",
       .operation = "cancelJob",
       .area = "jobs",
       .summary = "Asks for the end of a job. One that has ended stays as it is.",
       .handler = &cancel_job,
       .status = 202,
       .answer = &schema_of<store::JobView>},
      {.path = "/v1/jobs/{job}/script",
       .operation = "showScript",
       .area = "jobs",
       .summary = "The script as it was submitted.",
       .handler = &show_script,
       .content_type = "text/plain"},
  };
}

}  // namespace

std::vector<Route> jobs_routes() {
  std::vector<Route> routes = submitting_routes();
  std::ranges::move(watching_routes(), std::back_inserter(routes));
  return routes;
}

}  // namespace fabrica::api
