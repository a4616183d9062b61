#include "api/handler.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "api/answering.h"
#include "api/order.h"
#include "api/router.h"
#include "base/limits.h"

namespace fabrica::api {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t request_id_bytes_max = 64;

const Router& router() {
  static const Router router(routes());
  return router;
}

std::string request_id_of(Context& context, const net::Request& request) {
  const std::optional<std::string_view> theirs = request.headers.find("X-Request-Id");
  const auto sensible = [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (theirs && !theirs->empty() && theirs->size() <= request_id_bytes_max &&
      std::ranges::all_of(*theirs, sensible)) {
    return std::string(*theirs);
  }
  return context.next_request_id();
}

std::string_view bearer_of(const net::Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const std::optional<std::string_view> header = request.headers.find("Authorization");
  return header && header->starts_with(scheme) ? header->substr(scheme.size()) : std::string_view();
}

// A job speaks for itself, and for nothing else.
Answer<void> authenticate_job(const Call& call) {
  TRY(const jobs::JobId job, id_in_path<jobs::JobId>(call));
  TRY(const std::uint64_t attempt, number_in_query(call, "attempt", 1, limits::attempts_max));
  if (call.context->job_key().fits(bearer_of(call.request), job,
                                   static_cast<std::uint32_t>(attempt))) {
    return {};
  }
  return refuse(refusal::unauthenticated, "Authorization",
                "Send the token that this attempt of the job was given.");
}

// All failures look alike: who has no good token learns nothing from the answer.
Answer<void> authenticate(Call& call) {
  const std::string_view token = bearer_of(call.request);
  if (!token.empty()) call.token = call.context->secrets().find_token(token, live::now());
  if (call.token) return {};
  return refuse(refusal::unauthenticated, "Authorization",
                "Send a token that is in force, as \"Authorization: Bearer fab_...\".");
}

bool from_this_machine(const net::Request& request) {
  const std::string_view peer = request.peer;
  const bool near =
      peer.starts_with("127.") || peer.starts_with("[::1]") || peer.starts_with("unix");
  // What a proxy on this machine hands on comes from elsewhere.
  return near && !request.headers.find("X-Forwarded-For") && !request.headers.find("Forwarded");
}

Answer<void> admit(Call& call, const Route& route) {
  switch (route.access) {
    case Access::open:
      return {};
    case Access::loopback:
      if (from_this_machine(call.request)) return {};
      return refuse(refusal::forbidden, "",
                    "Only programs on the server's own machine may ask this.");
    case Access::job:
      return authenticate_job(call);
    case Access::token:
      break;
  }
  TRY_DONE(authenticate(call));
  if (call.token->read_only && route.method != net::Method::get) {
    return refuse(refusal::forbidden, "Authorization",
                  "This token may only read; use one that was made without read_only.");
  }
  return {};
}

net::Response no_route(const Call& call, const std::string& allowed) {
  if (allowed.empty()) {
    return refused(
        call, Refusal{refusal::not_found, "", "There is no such route; /openapi.json lists them."});
  }
  net::Response response = refused(
      call, Refusal{method_not_allowed, "", fmt::format("This path is for {} only.", allowed)});
  response.headers.add("Allow", allowed);
  return response;
}

net::Awaitable<net::Response> execute(Call call, Ordering ordering) {
  std::optional<Envelope> envelope;
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    TRY(Order order, ordering.order(call));
    TRY(envelope, envelope_of(call, std::move(order)));
    return net::Response{};
  });
  if (!envelope) co_return response;
  const Done done = co_await submit(&call.context->writer(), *std::move(envelope));
  response = guarded(call, [&]() -> Answer<net::Response> {
    if (!done.reply) return std::unexpected(done.reply.error());
    return ordering.answer(call, *done.reply);
  });
  mark_replayed(response, done);
  co_return response;
}

net::Awaitable<net::Response> serve(Context* context, net::Request request) {
  const Clock::time_point began = Clock::now();
  Call call;
  call.context = context;
  call.request = std::move(request);
  call.request_id = request_id_of(*context, call.request);
  const std::string request_id = call.request_id;

  const Router::Match match = router().find(call.request.method, call.request.path);
  const Route* const route = match.route ? &routes()[*match.route] : nullptr;
  call.captures = match.captures;
  bool admitted = false;
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    if (route == nullptr) return no_route(call, match.allowed);
    TRY_DONE(admit(call, *route));
    admitted = true;
    if (const auto* looking = std::get_if<Looking>(&route->handler)) return (*looking)(call);
    return net::Response{};
  });
  if (admitted) {
    if (const auto* ordering = std::get_if<Ordering>(&route->handler)) {
      response = co_await execute(std::move(call), *ordering);
    } else if (const auto* waiting = std::get_if<Waiting>(&route->handler)) {
      response = co_await (*waiting)(std::move(call));
    }
  }
  response.headers.add("X-Request-Id", request_id);
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began);
  context->metrics().count(match.route.value_or(routes().size()), response.status, took.count());
  co_return response;
}

}  // namespace

net::Handler handler(Context& context) { return std::bind_front(&serve, &context); }

}  // namespace fabrica::api
