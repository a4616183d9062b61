#include "api/answering.h"

#include <fmt/core.h>

namespace fabrica::api {

net::Response refused(const Call& call, const Problem& problem) {
  return response_of(problem, path_of(call.request), call.request_id);
}

net::Response failed(const Call& call, std::string_view why) {
  call.context->report(
      fmt::format("Request {} to {} failed: {}", call.request_id, path_of(call.request), why));
  return refused(
      call, Refusal{refusal::internal, "",
                    fmt::format("The server failed at this request; its log says why beside {}.",
                                call.request_id)});
}

}  // namespace fabrica::api
