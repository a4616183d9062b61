#include <algorithm>

#include "api/bodies.h"
#include "api/paging.h"
#include "api/routes.h"
#include "api/sight.h"
#include "base/limits.h"

/// Sites, partitions, organisations and projects.
namespace fabrica::api {

namespace {

using federation::OrganisationId;
using federation::PartitionId;
using federation::PersonId;
using federation::ProjectId;
using federation::SiteId;

Answer<SiteId> site_in_path(const Call& call) {
  const std::optional<SiteId> site = call.context->site(std::string(call.argument()));
  if (!site) return no_such("site", call.argument());
  return *site;
}

Answer<net::Response> list_sites(Call& call) {
  TRY(const PageRequest page, page_request(call));
  return views_page(call, page, call.context->reader()->things("site", page.after, page.limit + 1));
}

Answer<net::Response> show_site(Call& call) {
  TRY(const SiteId site, site_in_path(call));
  return view_answer(call, 200, "site", site.value);
}

Answer<Order> drain_site(Call& call) {
  TRY(const SiteId site, site_in_path(call));
  return Order{federation::Command{federation::DrainSite{site, true}}, {}, {}};
}

Answer<Order> resume_site(Call& call) {
  TRY(const SiteId site, site_in_path(call));
  return Order{federation::Command{federation::DrainSite{site, false}}, {}, {}};
}

Answer<Order> mend_accounts_of_site(Call& call) {
  TRY(const SiteId site, site_in_path(call));
  return Order{jobs::Command{jobs::MendAccounts{site}}, {}, {}};
}

Answer<net::Response> site_answer(Call& call, const Reply&) { return show_site(call); }

Answer<net::Response> list_partitions(Call& call) {
  TRY(const PageRequest page, page_request(call));
  return views_page(call, page,
                    call.context->reader()->things("partition", page.after, page.limit + 1));
}

Answer<net::Response> show_partition(Call& call) {
  const std::optional<PartitionId> partition =
      call.context->partition(std::string(call.argument()));
  if (!partition) return no_such("partition", call.argument());
  return view_answer(call, 200, "partition", partition->value);
}

// Their own organisation and those of their projects; few enough to be on one page.
std::vector<OrganisationId> organisations_of(const Call& call, store::Reader& reader) {
  std::vector<OrganisationId> ids;
  if (const auto person = reader.thing("person", call.person().value)) {
    ids.push_back(stored<store::PersonView>(*person).organisation);
  }
  for (const ProjectId project : reader.projects_of(call.person())) {
    const auto view = reader.thing("project", project.value);
    if (view) ids.push_back(stored<store::ProjectView>(*view).organisation);
  }
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  std::erase(ids, OrganisationId{});
  return ids;
}

Answer<net::Response> list_organisations(Call& call) {
  TRY(const PageRequest page, page_request(call));
  const Readers::Borrowed reader = call.context->reader();
  if (sight_of(call, *reader).all()) {
    return views_page(call, page, reader->things("organisation", page.after, page.limit + 1));
  }
  std::vector<std::string> views;
  for (const OrganisationId id : organisations_of(call, *reader)) {
    if (id.value <= page.after || views.size() > page.limit) continue;
    if (auto view = reader->thing("organisation", id.value)) views.push_back(*std::move(view));
  }
  return views_page(call, page, std::move(views));
}

Answer<Order> register_organisation(Call& call) {
  TRY(NewOrganisation body, body_of<NewOrganisation>(call));
  return Order{federation::Command{federation::RegisterOrganisation{
                   {std::move(body.name), std::move(body.country), body.kind}}},
               {},
               {}};
}

Answer<net::Response> organisation_answer(Call& call, const Reply& reply) {
  return view_answer(call, 201, "organisation", reply.id);
}

Answer<net::Response> list_projects(Call& call) {
  TRY(const PageRequest page, page_request(call));
  const Readers::Borrowed reader = call.context->reader();
  if (sight_of(call, *reader).all()) {
    return views_page(call, page, reader->things("project", page.after, page.limit + 1));
  }
  std::vector<std::string> views;
  for (const ProjectId id : reader->projects_of(call.person())) {
    if (id.value <= page.after || views.size() > page.limit) continue;
    if (auto view = reader->thing("project", id.value)) views.push_back(*std::move(view));
  }
  return views_page(call, page, std::move(views));
}

Answer<net::Response> show_project(Call& call) {
  TRY(const ProjectId project, id_in_path<ProjectId>(call));
  TRY_DONE(need_project(call, *call.context->reader(), project));
  return view_answer(call, 200, "project", project.value);
}

Answer<Order> open_project(Call& call) {
  TRY(NewProject body, body_of<NewProject>(call));
  return Order{
      federation::Command{federation::OpenProject{std::move(body.title), body.organisation}},
      {},
      {}};
}

Answer<net::Response> opened_project(Call& call, const Reply& reply) {
  return view_answer(call, 201, "project", reply.id);
}

Answer<Order> add_member(Call& call) {
  TRY(const ProjectId project, id_in_path<ProjectId>(call));
  TRY_DONE(need_project(call, *call.context->reader(), project));
  TRY(const NewMember body, body_of<NewMember>(call));
  return Order{federation::Command{federation::AddMember{project, body.person}}, {}, {}};
}

Answer<Order> remove_member(Call& call) {
  TRY(const ProjectId project, id_in_path<ProjectId>(call));
  TRY_DONE(need_project(call, *call.context->reader(), project));
  TRY(const PersonId person, id_in_path<PersonId>(call, 1));
  return Order{federation::Command{federation::RemoveMember{project, person}}, {}, {}};
}

Answer<net::Response> changed_project(Call& call, const Reply&) {
  TRY(const ProjectId project, id_in_path<ProjectId>(call));
  return view_answer(call, 200, "project", project.value);
}

std::vector<Route> site_routes() {
  using net::Method;
  return {
      {.path = "/v1/sites",
       .operation = "listSites",
       .area = "federation",
       .summary = "The sites of the consortium.",
       .handler = &list_sites,
       .parameters = list_parameters(),
       .answer = &schema_of<Page<store::SiteView>>},
      {.path = "/v1/sites/{site}",
       .operation = "showSite",
       .area = "federation",
       .summary = "One site, by its slug.",
       .handler = &show_site,
       .answer = &schema_of<store::SiteView>},
      {.method = Method::post,
       .path = "/v1/sites/{site}:drain",
       .operation = "drainSite",
       .area = "federation",
       .summary = "No new jobs are placed at the site; running ones go on. For its operators.",
       .handler = Ordering{&drain_site, &site_answer},
       .answer = &schema_of<store::SiteView>},
      {.method = Method::post,
       .path = "/v1/sites/{site}:resume",
       .operation = "resumeSite",
       .area = "federation",
       .summary = "Jobs are placed at the site again. For its operators.",
       .handler = Ordering{&resume_site, &site_answer},
       .answer = &schema_of<store::SiteView>},
      {.method = Method::post,
       .path = "/v1/sites/{site}:mend",
       .operation = "mendAccounts",
       .area = "federation",
       .summary = "The accounts that the site keeps for awards get back what somebody there took "
                  "from them. For its operators.",
       .handler = Ordering{&mend_accounts_of_site, &site_answer},
       .answer = &schema_of<store::SiteView>},
      {.path = "/v1/partitions",
       .operation = "listPartitions",
       .area = "federation",
       .summary = "The partitions of all sites, with the unit that each is billed in.",
       .handler = &list_partitions,
       .parameters = list_parameters(),
       .answer = &schema_of<Page<store::PartitionView>>},
      {.path = "/v1/partitions/{partition}",
       .operation = "showPartition",
       .area = "federation",
       .summary = "One partition, by its slug.",
       .handler = &show_partition,
       .answer = &schema_of<store::PartitionView>},
  };
}

std::vector<Route> project_routes() {
  using net::Method;
  return {
      {.path = "/v1/organisations",
       .operation = "listOrganisations",
       .area = "federation",
       .summary = "The organisations of the caller and of their projects; all for the staff.",
       .handler = &list_organisations,
       .parameters = list_parameters(),
       .answer = &schema_of<Page<store::OrganisationView>>},
      {.method = Method::post,
       .path = "/v1/organisations",
       .operation = "registerOrganisation",
       .area = "federation",
       .summary = "Registers a legal body, which projects can then be opened for.",
       .handler = Ordering{&register_organisation, &organisation_answer},
       .body = &schema_of<NewOrganisation>,
       .status = 201,
       .answer = &schema_of<store::OrganisationView>},
      {.path = "/v1/projects",
       .operation = "listProjects",
       .area = "federation",
       .summary = "The caller's projects; all for the staff.",
       .handler = &list_projects,
       .parameters = list_parameters(),
       .answer = &schema_of<Page<store::ProjectView>>},
      {.method = Method::post,
       .path = "/v1/projects",
       .operation = "openProject",
       .area = "federation",
       .summary = "Opens a project, which the caller leads.",
       .handler = Ordering{&open_project, &opened_project},
       .body = &schema_of<NewProject>,
       .status = 201,
       .answer = &schema_of<store::ProjectView>},
      {.path = "/v1/projects/{project}",
       .operation = "showProject",
       .area = "federation",
       .summary = "One project.",
       .handler = &show_project,
       .answer = &schema_of<store::ProjectView>},
      {.method = Method::post,
       .path = "/v1/projects/{project}/members",
       .operation = "addMember",
       .area = "federation",
       .summary = "Adds a member. For the project's lead.",
       .handler = Ordering{&add_member, &changed_project},
       .body = &schema_of<NewMember>,
       .answer = &schema_of<store::ProjectView>},
      {.method = Method::remove,
       .path = "/v1/projects/{project}/members/{person}",
       .operation = "removeMember",
       .area = "federation",
       .summary = "Removes a member. For the project's lead.",
       .handler = Ordering{&remove_member, &changed_project},
       .answer = &schema_of<store::ProjectView>},
  };
}

}  // namespace

std::vector<Route> federation_routes() {
  std::vector<Route> routes = site_routes();
  std::ranges::move(project_routes(), std::back_inserter(routes));
  return routes;
}

}  // namespace fabrica::api
