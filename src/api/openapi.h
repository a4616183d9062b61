#pragma once

#include <string>

namespace fabrica::api {

/// The OpenAPI 3.1 document of all routes, written from the route table and the described types.
/// The same bytes each time.
std::string openapi_document();

}  // namespace fabrica::api
