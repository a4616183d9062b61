#include <fmt/core.h>

#include <algorithm>

#include "api/bodies.h"
#include "api/paging.h"
#include "api/routes.h"
#include "api/sight.h"
#include "base/limits.h"

/// Who the caller is, people, and tokens.
namespace fabrica::api {

namespace {

using federation::PersonId;
using federation::ProjectId;

constexpr std::uint32_t token_days_default = 90;
constexpr std::uint32_t token_days_max = 3'660;

// Slugs of the sites with these ids.
std::vector<std::string> slugs_of(store::Reader& reader,
                                  const std::vector<federation::SiteId>& sites) {
  std::vector<std::string> slugs;
  for (const federation::SiteId site : sites) {
    if (const auto view = reader.thing("site", site.value))
      slugs.push_back(stored<store::SiteView>(*view).slug);
  }
  return slugs;
}

Answer<std::vector<federation::SiteId>> sites_of(const Call& call,
                                                 const std::vector<std::string>& slugs) {
  std::vector<federation::SiteId> sites;
  for (std::size_t i = 0; i < slugs.size(); ++i) {
    const std::optional<federation::SiteId> site = call.context->site(slugs[i]);
    if (!site) {
      return refuse(refusal::not_found, fmt::format("/operates/{}", i),
                    fmt::format("There is no site \"{}\".", slugs[i].substr(0, 60)));
    }
    sites.push_back(*site);
  }
  return sites;
}

Answer<PersonAbout> about(const Call& call, store::Reader& reader, PersonId id) {
  const std::optional<std::string> view = reader.thing("person", id.value);
  if (!view) return no_such("person", to_string(id));
  const auto person = stored<store::PersonView>(*view);
  PersonAbout about{id, {}, {}, {}, person.roles, slugs_of(reader, person.operates)};
  if (person.organisation) about.organisation = person.organisation;
  if (const auto personal = call.context->secrets().person(id)) {
    about.name = personal->name;
    about.email = personal->email;
  }
  return about;
}

Answer<net::Response> show_me(Call& call) {
  const Readers::Borrowed reader = call.context->reader();
  TRY(PersonAbout person, about(call, *reader, call.person()));
  Me me{std::move(person), {}, *call.token};
  for (const ProjectId project : reader->projects_of(call.person())) {
    if (const auto view = reader->thing("project", project.value)) {
      me.projects.push_back(stored<store::ProjectView>(*view));
    }
  }
  return json_answer(200, me);
}

// Refused unless the caller may read, or with `change` erase, what a person told us.
Answer<PersonId> person_in_path(const Call& call, store::Reader& reader, bool change) {
  TRY(const PersonId person, id_in_path<PersonId>(call));
  if (person == call.person()) return person;
  const Sight sight = sight_of(call, reader);
  if (change ? sight.administrator : sight.all()) return person;
  return no_such("person", call.argument());
}

Answer<net::Response> show_person(Call& call) {
  const Readers::Borrowed reader = call.context->reader();
  TRY(const PersonId person, person_in_path(call, *reader, false));
  TRY(const PersonAbout answer, about(call, *reader, person));
  return json_answer(200, answer);
}

Answer<net::Response> erase_person(Call& call) {
  const Readers::Borrowed reader = call.context->reader();
  TRY(const PersonId person, person_in_path(call, *reader, true));
  if (!reader->thing("person", person.value)) return no_such("person", call.argument());
  call.context->secrets().erase_person(person);
  return no_content();
}

Answer<Order> register_person(Call& call) {
  TRY(NewPerson body, body_of<NewPerson>(call));
  TRY_DONE(need_line("/name", body.name));
  TRY_DONE(need_line("/email", body.email));
  TRY(std::vector<federation::SiteId> operates, sites_of(call, body.operates));
  return Order{federation::Command{federation::RegisterPerson{
                   body.organisation.value_or(federation::OrganisationId{}), std::move(body.roles),
                   std::move(operates)}},
               {},
               {}};
}

// The name goes to the store of personal data, not into the log. Should the server end between the
// two, the same request under its Idempotency-Key puts it there.
Answer<net::Response> registered_person(Call& call, const Reply& reply) {
  TRY(const NewPerson body, body_of<NewPerson>(call));
  const PersonId person{reply.id};
  call.context->secrets().put_person(person, {body.name, body.email});
  TRY(const PersonAbout answer, about(call, *call.context->reader(), person));
  return json_answer(201, answer);
}

Answer<Order> assign_roles(Call& call) {
  const Readers::Borrowed reader = call.context->reader();
  TRY(const PersonId person, person_in_path(call, *reader, true));
  TRY(NewRoles body, body_of<NewRoles>(call));
  TRY(std::vector<federation::SiteId> operates, sites_of(call, body.operates));
  return Order{federation::Command{
                   federation::AssignRoles{person, std::move(body.roles), std::move(operates)}},
               {},
               {}};
}

Answer<net::Response> assigned_roles(Call& call, const Reply&) { return show_person(call); }

// The person whose tokens are meant: the caller, or whom an administrator names.
Answer<PersonId> token_owner(const Call& call, store::Reader& reader, std::optional<PersonId> named,
                             std::string_view field) {
  if (!named || *named == call.person()) return call.person();
  if (!sight_of(call, reader).administrator) {
    return refuse(refusal::forbidden, std::string(field),
                  "Only administrators handle other people's tokens.");
  }
  if (!reader.thing("person", named->value)) {
    return refuse(refusal::not_found, std::string(field), fmt::format("There is no {}.", *named));
  }
  return *named;
}

Answer<net::Response> mint_token(Call& call) {
  TRY(const NewToken body, body_of<NewToken>(call));
  TRY_DONE(need_line("/label", body.label));
  const std::uint32_t life = body.days.value_or(token_days_default);
  if (life == 0 || life > token_days_max) {
    return refuse(refusal::invalid, "/days",
                  fmt::format("A token lives 1 to {} days.", token_days_max));
  }
  const Readers::Borrowed reader = call.context->reader();
  TRY(const PersonId owner, token_owner(call, *reader, body.person, "/person"));
  PrivateAccess& secrets = call.context->secrets();
  if (secrets.tokens_of(owner).size() >= limits::page_rows_max) {
    return refuse(
        refusal::too_many, "",
        fmt::format("A person has at most {} tokens; revoke some.", limits::page_rows_max));
  }
  const Time now = live::now();
  const PrivateAccess::Minted minted =
      secrets.mint_token(owner, body.label, body.read_only.value_or(false), now, now + days(life));
  return json_answer(201, MintedToken{minted.view.id, owner, minted.view.label,
                                      minted.view.read_only, minted.view.expires, minted.token});
}

Answer<net::Response> list_tokens(Call& call) {
  TRY(const std::optional<PersonId> named, id_in_query<PersonId>(call, "person"));
  TRY(const PersonId owner, token_owner(call, *call.context->reader(), named, "person"));
  return json_answer(200, Page<store::TokenView>{call.context->secrets().tokens_of(owner), {}});
}

Answer<net::Response> revoke_token(Call& call) {
  const Result<std::uint64_t> id = [&]() -> Result<std::uint64_t> {
    const auto number = parse_id<Seq>(call.argument());  // tokens have no prefix
    if (!number) return no_such("token", call.argument());
    return number->value;
  }();
  if (!id) return std::unexpected(id.error());
  PrivateAccess& secrets = call.context->secrets();
  const std::optional<store::TokenView> token = secrets.token(*id);
  const bool theirs = token && token->person == call.person();
  if (!token || (!theirs && !sight_of(call, *call.context->reader()).administrator) ||
      !secrets.revoke_token(token->person, *id)) {
    return no_such("token", call.argument());
  }
  return no_content();
}

std::vector<Route> people_routes() {
  using net::Method;
  return {
      {.path = "/v1/me",
       .operation = "showMe",
       .area = "access",
       .summary = "The caller: name, roles, projects, and the token in use.",
       .handler = &show_me,
       .answer = &schema_of<Me>},
      {.method = Method::post,
       .path = "/v1/people",
       .operation = "registerPerson",
       .area = "access",
       .summary = "Registers a person. For administrators.",
       .handler = Ordering{&register_person, &registered_person},
       .body = &schema_of<NewPerson>,
       .status = 201,
       .answer = &schema_of<PersonAbout>},
      {.path = "/v1/people/{person}",
       .operation = "showPerson",
       .area = "access",
       .summary = "One person: the caller, or for the staff anybody.",
       .handler = &show_person,
       .answer = &schema_of<PersonAbout>},
      {.method = Method::put,
       .path = "/v1/people/{person}/roles",
       .operation = "assignRoles",
       .area = "access",
       .summary = "Replaces a person's roles. For administrators.",
       .handler = Ordering{&assign_roles, &assigned_roles},
       .body = &schema_of<NewRoles>,
       .answer = &schema_of<PersonAbout>},
      {.method = Method::remove,
       .path = "/v1/people/{person}/personal-data",
       .operation = "erasePersonalData",
       .area = "access",
       .summary = "Erases name and address; the person's number stays in the log.",
       .handler = &erase_person,
       .status = 204},
  };
}

std::vector<Route> token_routes() {
  using net::Method;
  return {
      {.method = Method::post,
       .path = "/v1/tokens",
       .operation = "mintToken",
       .area = "access",
       .summary = "Makes a token, shown this once. An Idempotency-Key is of no use here: no token "
                  "can be shown "
                  "again.",
       .handler = &mint_token,
       .body = &schema_of<NewToken>,
       .status = 201,
       .answer = &schema_of<MintedToken>},
      {.path = "/v1/tokens",
       .operation = "listTokens",
       .area = "access",
       .summary = "The caller's tokens, without their secrets.",
       .handler = &list_tokens,
       .parameters = {{"person", "Whose tokens, for administrators.", whole_number}},
       .answer = &schema_of<Page<store::TokenView>>},
      {.method = Method::remove,
       .path = "/v1/tokens/{token}",
       .operation = "revokeToken",
       .area = "access",
       .summary = "Ends a token at once.",
       .handler = &revoke_token,
       .status = 204},
  };
}

}  // namespace

std::vector<Route> access_routes() {
  std::vector<Route> routes = people_routes();
  std::ranges::move(token_routes(), std::back_inserter(routes));
  return routes;
}

}  // namespace fabrica::api
