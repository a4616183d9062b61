#include "api/routes.h"

#include <iterator>
#include <utility>

namespace fabrica::api {

namespace {

std::vector<Route> collect() {
  std::vector<Route> all;
  for (auto* const area : {&access_routes, &federation_routes, &site_check_routes, &calls_routes,
                           &ledger_routes, &jobs_routes, &batch_routes, &outlook_routes,
                           &own_word_routes, &output_routes, &log_routes, &server_routes}) {
    std::vector<Route> some = area();
    std::ranges::move(some, std::back_inserter(all));
  }
  return all;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> all = collect();
  return all;
}

std::vector<Parameter> list_parameters(std::vector<Parameter> own) {
  own.insert(own.begin(), {limit_parameter, page_parameter});
  return own;
}

}  // namespace fabrica::api
