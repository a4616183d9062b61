#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "api/answering.h"
#include "api/output.h"
#include "api/routes.h"
#include "api/sight.h"
#include "base/limits.h"

/// What jobs print, by byte offset, and as it grows.
namespace fabrica::api {

namespace {

using jobs::JobId;

constexpr std::size_t bytes_at_once = 1024 * 1024;
constexpr std::size_t bytes_per_piece = 64 * 1024;
// A file does not say when it grows, so a follower looks this often.
constexpr Duration look_at_file = milliseconds(200);
constexpr Duration look_at_job = seconds(1);

/// One output of one task, from an offset on.
struct Output {
  JobId job;
  std::uint32_t task = 0;
  bool error_stream = false;
  std::uint64_t offset = 0;
};

Answer<Output> output_wanted(const Call& call) {
  Output output;
  TRY(output.job, id_in_path<JobId>(call));
  const std::string_view stream = call.argument(1);
  if (stream != "stdout" && stream != "stderr") return no_such("log", stream);
  output.error_stream = stream == "stderr";
  TRY(output.offset, number_in_query(call, "offset", 0, INT64_MAX));
  TRY(const std::uint64_t task, number_in_query(call, "task", 0, limits::array_tasks_max));
  output.task = static_cast<std::uint32_t>(task);
  return output;
}

Answer<store::JobView> job_of(const Call& call, const Output& output) {
  TRY(store::JobView job, visible_job(call, *call.context->reader(), output.job));
  if (output.task >= std::max(1U, job.array_size)) {
    return refuse(
        refusal::not_found, "task",
        fmt::format("{} has the tasks 0 to {}.", output.job, std::max(1U, job.array_size) - 1));
  }
  return job;
}

// What is there of the output now. Bytes that were in the file before the task started are not its.
Result<std::string> read_now(const Context& context, const Output& output,
                             const store::JobView& job, std::size_t bytes_max) {
  if (!standing_of(job, output.task).started) return std::string();
  const Result<std::filesystem::path> file =
      context.output_of()(job, output.task, output.error_stream);
  if (!file && file.error().code == refusal::not_found) return std::string();
  if (!file) return std::unexpected(file.error());
  return read_output(*file, output.offset, bytes_max);
}

net::Awaitable<void> follow(Call call, Output output, net::Stream stream) {
  Context& context = *call.context;
  const Watchers::Watch watch = context.watchers().job(output.job, stream.waker());
  Time look_again;
  store::JobView job;
  while (true) {
    if (watch.take_news() || live::now() >= look_again) {
      Answer<store::JobView> seen = job_of(call, output);
      if (!seen) co_return;  // no longer the caller's to see
      job = *std::move(seen);
      look_again = live::now() + look_at_job;
    }
    const TaskStanding standing = standing_of(job, output.task);
    const Result<std::string> piece = read_now(context, output, job, bytes_per_piece);
    if (!piece) throw std::runtime_error(piece.error().text);
    if (!piece->empty()) {
      output.offset += piece->size();
      if (!co_await stream.send(*piece)) co_return;
      continue;
    }
    if (standing.ended) co_return;
    if (!co_await stream.wait(standing.started ? look_at_file : look_at_job)) co_return;
  }
}

Answer<net::Response> show_output(Call& call) {
  TRY(const Output output, output_wanted(call));
  TRY(const bool following, flag_in_query(call, "follow"));
  TRY(const store::JobView job, job_of(call, output));
  TRY(std::string bytes, read_now(*call.context, output, job, bytes_at_once));
  net::Response response;
  response.content_type = "text/plain";
  response.headers.add("X-Content-Type-Options", "nosniff");
  if (following) {
    response.stream = std::bind_front(&follow, std::move(call), output);
    return response;
  }
  const bool complete = standing_of(job, output.task).ended && bytes.size() < bytes_at_once;
  response.headers.add("X-Next-Offset", fmt::to_string(output.offset + bytes.size()));
  response.headers.add("X-Log-Complete", complete ? "true" : "false");
  response.body = std::move(bytes);
  return response;
}

}  // namespace

std::vector<Route> output_routes() {
  return {
      {.path = "/v1/jobs/{job}/logs/{stream}",
       .operation = "showOutput",
       .area = "jobs",
       .summary = "What a task of the job has printed, from a byte offset on. X-Next-Offset says "
                  "where to go on; "
                  "X-Log-Complete, whether more may come. With follow=1 the answer goes on until "
                  "the task has ended "
                  "and all its bytes are sent.",
       .handler = &show_output,
       .parameters = {{"offset", "Where to begin, in bytes from 0.", whole_number},
                      {"task", "The place of the task in the array, from 0.", whole_number},
                      {"follow", "Go on until the end.", yes_or_no}},
       .content_type = "text/plain"},
  };
}

}  // namespace fabrica::api
