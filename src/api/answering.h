#pragma once

#include <exception>
#include <string_view>

#include "api/call.h"

namespace fabrica::api {

/// The problem as this request's answer.
net::Response refused(const Call& call, const Problem& problem);

/// For an exception: the operator reads why, the client that it happened.
net::Response failed(const Call& call, std::string_view why);

/// The answer of `step`, also when it is a problem or an exception: those come from adapters (the
/// disk, memory) and end here. Not around a co_await, whose exceptions mean that the client is
/// gone.
template <class Step>
net::Response guarded(const Call& call, Step step) {
  try {
    Answer<net::Response> answer = step();
    return answer ? *std::move(answer) : refused(call, answer.error());
  } catch (const std::exception& error) {
    return failed(call, error.what());
  }
}

}  // namespace fabrica::api
