#pragma once

#include "api/context.h"
#include "net/http.h"

namespace fabrica::api {

/// Serves API v1: finds the route, checks the token, answers problems as RFC 9457, counts. Each
/// answer has an X-Request-Id, the client's own where it sent a sensible one. `context` must
/// outlive the server.
net::Handler handler(Context& context);

}  // namespace fabrica::api
