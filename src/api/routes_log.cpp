#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>

#include "api/answering.h"
#include "api/bodies.h"
#include "api/paging.h"
#include "api/routes.h"
#include "api/sight.h"
#include "base/limits.h"
#include "net/oneshot.h"
#include "net/sse.h"

/// The log itself, for auditors: a page, a long poll, or a stream that goes on for ever.
namespace fabrica::api {

namespace {

constexpr Duration heartbeat = seconds(15);
constexpr std::size_t events_at_once = 256;

EventBody body_of_event(store::EventView event) {
  return {event.seq,
          event.at,
          event.actor,
          event.cause,
          std::move(event.event),
          event.version,
          json::Raw{std::move(event.body)}};
}

std::vector<EventBody> read_events(Context& context, Seq after, std::size_t limit) {
  std::vector<EventBody> bodies;
  for (store::EventView& event : context.reader()->events(after, limit)) {
    bodies.push_back(body_of_event(std::move(event)));
  }
  return bodies;
}

std::string events_page(const Call& call, const PageRequest& page) {
  std::vector<EventBody> events = read_events(*call.context, Seq{page.after}, page.limit + 1);
  return page_answer(call, page, std::move(events),
                     [](const EventBody& event) { return event.seq.value; })
      .body;
}

// A token that was revoked, or a role that was taken away, ends a stream too.
bool may_still_read(Context& context, std::string_view token, Call& call) {
  call.token = context.secrets().find_token(token, live::now());
  return call.token && need_auditor(call, *context.reader()).has_value();
}

std::string token_of(const Call& call) {
  constexpr std::size_t scheme_bytes = 7;  // "Bearer "
  return std::string(call.request.headers.find("Authorization").value_or("").substr(scheme_bytes));
}

std::string to_wire(const std::vector<EventBody>& events) {
  std::string wire;
  for (const EventBody& event : events) {
    wire += net::to_wire({.event = event.type,
                          .id = fmt::to_string(event.seq.value),
                          .data = json::to_json(event),
                          .comment = {}});
  }
  return wire;
}

// By the clock that nobody sets.
Time steady_now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<std::chrono::milliseconds>(since_boot).count()};
}

net::Awaitable<void> stream_events(Call call, Seq after, net::Stream stream) {
  Context& context = *call.context;
  const std::string token = token_of(call);
  const Watchers::Watch watch = context.watchers().any_event(stream.waker());
  Time quiet_since = steady_now();
  while (may_still_read(context, token, call)) {
    watch.take_news();
    const std::vector<EventBody> events = read_events(context, after, events_at_once);
    if (!events.empty()) {
      after = events.back().seq;
      if (!co_await stream.send(to_wire(events))) co_return;
      quiet_since = steady_now();
      continue;
    }
    // A wait may end early, for news that were read already.
    const Duration left = quiet_since + heartbeat - steady_now();
    if (left.ms > 0) {
      if (!co_await stream.wait(left)) co_return;
      continue;
    }
    if (!co_await stream.send(
            net::to_wire({.event = {}, .id = {}, .data = {}, .comment = "still here"})))
      co_return;
    quiet_since = steady_now();
  }
}

net::Awaitable<void> poll_events(Call call, PageRequest page, Time until, net::Stream stream) {
  Context& context = *call.context;
  const Watchers::Watch watch = context.watchers().any_event(stream.waker());
  while (context.reader()->events(Seq{page.after}, 1).empty() && live::now() < until) {
    if (!co_await stream.wait(until - live::now())) break;
  }
  co_await stream.send(events_page(call, page));
}

// Where to go on: Last-Event-ID where a client comes back, otherwise the query's `after`.
Answer<Seq> after_what(const Call& call) {
  TRY(const std::uint64_t after, number_in_query(call, "after", 0, INT64_MAX));
  const std::optional<std::string_view> last = call.request.headers.find("Last-Event-ID");
  if (!last) return Seq{after};
  const std::optional<Seq> seq = parse_id<Seq>(*last);
  if (*last == "0") return Seq{};
  if (seq && seq->value <= INT64_MAX) return *seq;
  return refuse(refusal::invalid, "Last-Event-ID",
                "Give the id of the last event that you have, as it came.");
}

bool wants_stream(const Call& call) {
  const std::string_view accepted = call.request.headers.find("Accept").value_or("");
  return accepted.find("text/event-stream") != std::string_view::npos;
}

Answer<net::Response> list_events(Call& call) {
  TRY_DONE(need_auditor(call, *call.context->reader()));
  TRY(const Seq after, after_what(call));
  if (wants_stream(call))
    return net::event_stream(std::bind_front(&stream_events, std::move(call), after));
  TRY(PageRequest page, page_request(call));
  page.after = std::max(page.after, after.value);
  TRY(const std::uint64_t wait_s, number_in_query(call, "wait", 0, wait_seconds_max));
  if (wait_s == 0 || !call.context->reader()->events(Seq{page.after}, 1).empty()) {
    return json_text(200, events_page(call, page));
  }
  const Time until = live::now() + seconds(static_cast<std::int64_t>(wait_s));
  net::Response response = json_text(200, {});
  response.stream = std::bind_front(&poll_events, std::move(call), page, until);
  return response;
}

// The digest walks over all of State, so it is only for those who may read the log.
net::Awaitable<net::Response> show_log(Call call) {
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    TRY_DONE(need_auditor(call, *call.context->reader()));
    return net::Response{};
  });
  if (response.status != 200) co_return response;
  const net::Oneshot<LogView> looked;
  const bool asked = call.context->writer().ask([looked](const State& state) {
    looked.complete(LogView{state.last, {}, digest(state), state.jobs.live, state.now});
  });
  if (!asked) {
    co_return refused(
        call, Refusal{refusal::unavailable, "", "The server is stopping; try again in a moment."});
  }
  LogView view = co_await looked.wait();
  co_return guarded(call, [&]() -> Answer<net::Response> {
    if (const auto chain = call.context->reader()->chain_at(view.last)) view.chain = *chain;
    return json_answer(200, view);
  });
}

}  // namespace

std::vector<Route> log_routes() {
  return {
      {.path = "/v1/events",
       .operation = "listEvents",
       .area = "log",
       .summary = "The events of the log after one, oldest first. With `Accept: text/event-stream` "
                  "a stream of "
                  "server-sent events that goes on as they happen: id is the event's number, and "
                  "Last-Event-ID "
                  "resumes. For administrators and auditors.",
       .handler = &list_events,
       .parameters = list_parameters(
           {{"after", "Only later events than this one.", whole_number},
            {"wait", "Where there is none yet, wait so many seconds for one.", wait_schema},
            {"Last-Event-ID", "The last event that the client has; goes before `after`.",
             whole_number, In::header}}),
       .answer = &schema_of<Page<EventBody>>},
      {.path = "/v1/log",
       .operation = "showLog",
       .area = "log",
       .summary =
           "Where the log stands: its last event, the chain there, and the digest of State. For "
           "administrators and auditors.",
       .handler = &show_log,
       .answer = &schema_of<LogView>},
  };
}

}  // namespace fabrica::api
