#include <fmt/format.h>

#include "api/answering.h"
#include "api/routes.h"
#include "base/limits.h"
#include "jobs/own_word.h"
#include "net/oneshot.h"

/// What running jobs say of themselves: that they begin, what they print, that they have ended. The
/// answers are single words, so that a shell can read them.
namespace fabrica::api {

namespace {

using jobs::OwnWord;

net::Response one_line(std::string_view text) {
  net::Response response;
  response.content_type = "text/plain";
  response.body = fmt::format("{}\n", text);
  return response;
}

Answer<OwnWord> own_word(const Call& call) {
  OwnWord word;
  TRY(word.job, id_in_path<jobs::JobId>(call));
  TRY(const std::uint64_t attempt, number_in_query(call, "attempt", 1, limits::attempts_max));
  TRY(const std::uint64_t number, number_in_query(call, "number", 0, limits::array_index_max));
  TRY(word.binding, number_in_query(call, "binding", 0, INT64_MAX));
  TRY(const std::uint64_t run, number_in_query(call, "run", 0, UINT32_MAX));
  word.attempt = static_cast<std::uint32_t>(attempt);
  word.number = static_cast<std::uint32_t>(number);
  word.run = static_cast<std::uint32_t>(run);
  return word;
}

Envelope envelope_of_job(jobs::Command command) {
  Envelope envelope;
  envelope.command = std::move(command);
  return envelope;
}

// What it returned with, where it said so before.
net::Awaitable<std::optional<std::int32_t>> returned_before(live::Writer* writer, OwnWord word) {
  const net::Oneshot<std::optional<std::int32_t>> seen;
  const bool asked = writer->ask([seen, word](const State& state) {
    const jobs::Job* job = state.jobs.jobs.find(word.job);
    const jobs::Task* task = job == nullptr ? nullptr : task_numbered(*job, word.number);
    const bool returned = task != nullptr && task->returned != Time{};
    seen.complete(returned ? std::optional(task->exit_code) : std::nullopt);
  });
  if (!asked) co_return std::nullopt;
  co_return co_await seen.wait();
}

std::string word_for(const Refusal& refusal) {
  const bool later = refusal.code.http_status >= 500 || refusal.code.http_status == 429;
  return fmt::format("{} {}", later ? "again" : "never", refusal.text);
}

net::Awaitable<net::Response> begin(Call call) {
  const Answer<OwnWord> word = own_word(call);
  if (!word) co_return refused(call, word.error());
  live::Writer* const writer = &call.context->writer();
  const Done done = co_await submit(writer, envelope_of_job(jobs::Command{jobs::BeginTask{*word}}));
  if (!done.reply) co_return one_line(word_for(done.reply.error()));
  if (const auto code = co_await returned_before(writer, *word))
    co_return one_line(fmt::format("finished {}", *code));
  co_return one_line("go");
}

net::Awaitable<net::Response> end(Call call) {
  const Answer<OwnWord> word = own_word(call);
  if (!word) co_return refused(call, word.error());
  const Answer<std::uint64_t> code = number_in_query(call, "exit_code", 0, 255);
  if (!code) co_return refused(call, code.error());
  const Done done = co_await submit(
      &call.context->writer(),
      envelope_of_job(jobs::Command{jobs::ReturnTask{*word, static_cast<std::int32_t>(*code)}}));
  co_return one_line(done.reply ? "noted" : word_for(done.reply.error()));
}

Answer<net::Response> take_output(Call& call) {
  TRY(const OwnWord word, own_word(call));
  const std::string_view stream = call.argument(1);
  if (stream != "stdout" && stream != "stderr") return no_such("log", stream);
  TRY(const std::uint64_t offset, number_in_query(call, "offset", 0, INT64_MAX));
  const std::optional<store::JobView> job = call.context->reader()->job(word.job);
  if (!job || job->attempt != word.attempt || job->phase == jobs::JobPhase::ended)
    return one_line("never");
  TRY(const store::SentOutput::Taken taken,
      call.context->sent_output().take(
          {word.job, word.number, stream == "stderr", word.attempt, word.run}, offset,
          call.request.body));
  return one_line(taken.full ? "full" : fmt::to_string(taken.next));
}

std::vector<Parameter> word_parameters(std::vector<Parameter> own = {}) {
  std::vector<Parameter> all{{"attempt", "Which submission of the job this is.", whole_number},
                             {"number", "Of the task in its array.", whole_number},
                             {"binding", "The id under which the site runs the job.", whole_number},
                             {"run", "How often the site began it anew.", whole_number}};
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

}  // namespace

std::vector<Route> own_word_routes() {
  return {
      {.method = net::Method::post,
       .path = "/v1/jobs/{job}/own/begin",
       .operation = "beginTask",
       .area = "jobs",
       .summary = "A task asks before it runs its script. The answer is a line: go; again, and why "
                  "not yet; never, and why; or finished, and the exit code with which it ran "
                  "before.",
       .handler = &begin,
       .parameters = word_parameters(),
       .content_type = "text/plain",
       .access = Access::job},
      {.method = net::Method::post,
       .path = "/v1/jobs/{job}/own/return",
       .operation = "returnTask",
       .area = "jobs",
       .summary = "A task says that its script came to its end. The answer is a line: noted, again "
                  "or never.",
       .handler = &end,
       .parameters = word_parameters({{"exit_code", "Of the script.", whole_number}}),
       .content_type = "text/plain",
       .access = Access::job},
      {.method = net::Method::put,
       .path = "/v1/jobs/{job}/own/output/{stream}",
       .operation = "sendOutput",
       .area = "jobs",
       .summary = "A task sends what it prints, stdout or stderr, from a byte offset of this run "
                  "on. The answer is a line: the offset to go on from; full, when no more is kept; "
                  "or never.",
       .handler = &take_output,
       .parameters = word_parameters({{"offset", "Of the first byte sent.", whole_number}}),
       .content_type = "text/plain",
       .access = Access::job},
  };
}

}  // namespace fabrica::api
