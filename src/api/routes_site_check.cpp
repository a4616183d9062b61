#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/answering.h"
#include "api/bodies.h"
#include "api/routes.h"
#include "api/sight.h"
#include "federation/finding.h"
#include "net/oneshot.h"

/// Whether a site can be worked with, and what its own books say, for who operates it.
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
  return refuse(refusal::forbidden, "site", "Only the site's operators may look into it.");
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

using Reconciled = net::Oneshot<Result<jobs::Reconciliation>>;

constexpr Duration usual_period = days(30);
constexpr Duration longest_period = days(400);

Answer<net::Response> begin_reconciliation(const Call& call, const Reconciled& reconciled) {
  TRY(const std::string site, site_to_check(call));
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const Time now{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
  TRY(const ReconcilePeriod period, body_of<ReconcilePeriod>(call));
  const Time to = period.to.value_or(now);
  const Time from = period.from.value_or(to - usual_period);
  if (from >= to || to - from > longest_period)
    return refuse(refusal::invalid, "/from",
                  "Give a period of which the end comes after the beginning, at most 400 days.");
  TRY_DONE(call.context->reconcile_site()(site, from, to,
                                          [reconciled](Result<jobs::Reconciliation> result) {
                                            reconciled.complete(std::move(result));
                                          }));
  return net::Response{};
}

net::Awaitable<net::Response> reconcile_site(Call call) {
  const Reconciled reconciled;
  bool begun = false;
  net::Response response = guarded(call, [&]() -> Answer<net::Response> {
    TRY(net::Response nothing_yet, begin_reconciliation(call, reconciled));
    begun = true;
    return nothing_yet;
  });
  if (!begun) co_return response;
  const Result<jobs::Reconciliation> result = co_await reconciled.wait();
  if (!result) co_return refused(call, result.error());
  co_return json_answer(200, *result);
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
      {.method = net::Method::post,
       .path = "/v1/sites/{site}:reconcile",
       .operation = "reconcileSite",
       .area = "ledger",
       .summary = "What the runs that ended there in a period were charged, beside the site's own "
                  "books, and why they differ. For its operators; may take a minute.",
       .handler = &reconcile_site,
       .body = &schema_of<ReconcilePeriod>,
       .answer = &schema_of<jobs::Reconciliation>},
  };
}

}  // namespace fabrica::api
