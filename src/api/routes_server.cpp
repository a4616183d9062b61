#include <fmt/format.h>

#include <iterator>

#include "api/answering.h"
#include "api/bodies.h"
#include "api/openapi.h"
#include "api/routes.h"
#include "net/timeout.h"

/// What programs around the server ask: is it alive, how is it doing, what does it offer.
namespace fabrica::api {

namespace {

constexpr Duration writer_answers_within = seconds(2);

Answer<net::Response> healthz(Call&) { return json_answer(200, HealthView{"alive"}); }

net::Awaitable<net::Response> readyz(Call call) {
  const net::Oneshot<bool> looked;
  const bool asked = call.context->writer().ask([looked](const State&) { looked.complete(true); });
  if (asked && co_await net::wait_at_most(looked, writer_answers_within)) {
    co_return json_answer(200, HealthView{"ready"});
  }
  co_return refused(
      call, Refusal{refusal::unavailable, "", "The writer gives no answer; see the server's log."});
}

Answer<net::Response> version(Call& call) {
  return json_answer(200, VersionView{call.context->version(), "v1"});
}

Answer<net::Response> openapi(Call&) {
  static const std::string document = openapi_document();
  return json_text(200, document);
}

Answer<net::Response> metrics(Call& call) {
  Context& context = *call.context;
  std::string text;
  context.metrics().write(text);
  const live::WriterCounts counts = context.writer().counts();
  const auto put = [&](std::string_view kind, std::string_view name, std::string_view help,
                       std::uint64_t value) {
    fmt::format_to(std::back_inserter(text), "# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name,
                   help, kind, value);
  };
  put("counter", "fabrica_commands_accepted_total", "Commands that the writer accepted.",
      counts.commands_accepted);
  put("counter", "fabrica_commands_refused_total", "Commands that the writer refused.",
      counts.commands_refused);
  put("counter", "fabrica_commit_groups_total", "Groups of commands that became durable together.",
      counts.groups);
  put("counter", "fabrica_events_total", "Events that were appended since the start.",
      counts.events);
  put("gauge", "fabrica_commands_queued", "Commands that wait for the writer.", counts.queued);
  put("gauge", "fabrica_log_last", "Number of the last event in the log.", counts.last.value);
  put("gauge", "fabrica_jobs_live", "Jobs that have not ended.", context.watchers().live_jobs());
  put("gauge", "fabrica_streams_waiting", "Streams and long polls that wait for news.",
      context.watchers().waiting());
  net::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = std::move(text);
  return response;
}

}  // namespace

std::vector<Route> server_routes() {
  return {
      {.path = "/healthz",
       .operation = "healthz",
       .area = "server",
       .summary = "The process is alive.",
       .handler = &healthz,
       .answer = &schema_of<HealthView>,
       .access = Access::open},
      {.path = "/readyz",
       .operation = "readyz",
       .area = "server",
       .summary = "The writer answers, so that commands are taken.",
       .handler = &readyz,
       .answer = &schema_of<HealthView>,
       .access = Access::open},
      {.path = "/metrics",
       .operation = "metrics",
       .area = "server",
       .summary = "Counts for Prometheus. Only to programs on the server's own machine.",
       .handler = &metrics,
       .content_type = "text/plain",
       .access = Access::loopback},
      {.path = "/openapi.json",
       .operation = "openapi",
       .area = "server",
       .summary = "This document.",
       .handler = &openapi,
       .content_type = "application/json",
       .access = Access::open},
      {.path = "/v1/version",
       .operation = "version",
       .area = "server",
       .summary = "Which Fabrica this is.",
       .handler = &version,
       .answer = &schema_of<VersionView>,
       .access = Access::open},
  };
}

}  // namespace fabrica::api
