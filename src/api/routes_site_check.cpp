#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "api/answering.h"
#include "api/routes.h"
#include "api/sight.h"
#include "federation/finding.h"
#include "net/oneshot.h"

/// Whether a site can be worked with, for who operates it.
namespace fabrica::api {

namespace {

struct SiteFindings {
  std::vector<federation::Finding> findings;
};
FABRICA_DESCRIBE(SiteFindings, findings)

using Found = net::Oneshot<std::vector<federation::Finding>>;

// Who else may look would learn addresses and accounts of the site.
Answer<std::string> site_to_check(const Call& call) {
  std::string slug(call.argument());
  if (!call.context->site(slug)) return no_such("site", slug);
  const Sight sight = sight_of(call, *call.context->reader());
  if (sight.administrator || operates_site(call, sight, slug)) return slug;
  return refuse(refusal::forbidden, "site", "Only the site's operators may check it.");
}

Answer<net::Response> begin_check(const Call& call, const Found& found) {
  TRY(const std::string site, site_to_check(call));
  TRY_DONE(call.context->check_site()(site, [found](std::vector<federation::Finding> findings) {
    found.complete(std::move(findings));
  }));
  return net::Response{};
}

net::Awaitable<net::Response> check_site(Call call) {
  const Found found;
  bool begun = false;
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    TRY(net::Response nothing_yet, begin_check(call, found));
    begun = true;
    return nothing_yet;
  });
  if (!begun) co_return response;
  SiteFindings all{co_await found.wait()};
  co_return json_answer(200, all);
}

/// When a site whose machines are elsewhere last answered.
struct ContactView {
  std::string site;
  std::optional<Time> last;  // absent: not since the server's start
  bool silent = false;       // it has not answered since it was last asked
};
FABRICA_DESCRIBE(ContactView, site, last, silent)

struct ContactViews {
  std::vector<ContactView> items;
};
FABRICA_DESCRIBE(ContactViews, items)

Answer<net::Response> list_contacts(Call& call) {
  ContactViews views;
  if (call.context->contacts()) {
    for (const auto& [site, contact] : call.context->contacts()()) {
      views.items.push_back({site, std::nullopt, contact.silent});
      if (contact.last != Time{}) views.items.back().last = contact.last;
    }
  }
  return json_answer(200, views);
}

}  // namespace

std::vector<Route> site_check_routes() {
  return {
      {.path = "/v1/contacts",
       .operation = "listContacts",
       .area = "federation",
       .summary = "When each site whose machines are elsewhere last answered this server, and "
                  "whether it is silent.",
       .handler = &list_contacts,
       .answer = &schema_of<ContactViews>},
      {.method = net::Method::post,
       .path = "/v1/sites/{site}:check",
       .operation = "checkSite",
       .area = "federation",
       .summary = "Looks whether the site can be worked with: its connection, token, clock, "
                  "partitions and accounts. For its operators; may take a minute.",
       .handler = &check_site,
       .answer = &schema_of<SiteFindings>},
  };
}

}  // namespace fabrica::api
