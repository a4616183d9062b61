#include "api/sight.h"

#include <algorithm>

namespace fabrica::api {

namespace {

using federation::Role;

bool sees_project(const Call& call, store::Reader& reader, federation::ProjectId project) {
  return reader.is_member(call.person(), project) || sight_of(call, reader).all();
}

// A proposal or an award: a thing with a site's partition that belongs to a project. The operator
// of the site sees it too, who has to assess it.
template <class View>
Answer<View> visible_thing(const Call& call, store::Reader& reader, std::string_view kind,
                           std::uint64_t id) {
  const std::optional<std::string> text = reader.thing(kind, id);
  if (!text) return no_such(kind, call.argument());
  View view = stored<View>(*text);
  if (reader.is_member(call.person(), view.project)) return view;
  const Sight sight = sight_of(call, reader);
  if (sight.all()) return view;
  if (!sight.operates.empty()) {
    const std::optional<std::string> partition = reader.thing_by_slug("partition", view.partition);
    if (partition && operates_site(call, sight, stored<store::PartitionView>(*partition).site))
      return view;
  }
  return no_such(kind, call.argument());
}

}  // namespace

Sight sight_of(const Call& call, store::Reader& reader) {
  const std::optional<std::string> text = reader.thing("person", call.person().value);
  if (!text) return {};
  const auto person = stored<store::PersonView>(*text);
  const auto has = [&](Role role) {
    return std::ranges::find(person.roles, role) != person.roles.end();
  };
  Sight sight;
  sight.administrator = has(Role::administrator);
  sight.officer = has(Role::call_officer);
  sight.auditor = has(Role::auditor);
  if (has(Role::site_operator)) sight.operates = person.operates;
  return sight;
}

Answer<void> need_auditor(const Call& call, store::Reader& reader) {
  const Sight sight = sight_of(call, reader);
  if (sight.administrator || sight.auditor) return {};
  return refuse(refusal::forbidden, "", "Only administrators and auditors may read the log.");
}

Answer<void> need_project(const Call& call, store::Reader& reader, federation::ProjectId project) {
  if (sees_project(call, reader, project)) return {};
  return no_such("project", to_string(project));
}

bool operates_site(const Call& call, const Sight& sight, const std::string& slug) {
  if (sight.operates.empty()) return false;
  const std::optional<federation::SiteId> site = call.context->site(slug);
  return site && std::ranges::find(sight.operates, *site) != sight.operates.end();
}

Answer<store::JobView> visible_job(const Call& call, store::Reader& reader, jobs::JobId id) {
  std::optional<store::JobView> job = reader.job(id);
  if (!job) return no_such("job", to_string(id));
  if (reader.is_member(call.person(), job->project)) return *std::move(job);
  const Sight sight = sight_of(call, reader);
  if (sight.all() || operates_site(call, sight, job->site)) return *std::move(job);
  return no_such("job", to_string(id));
}

Answer<store::AccountView> visible_account(const Call& call, store::Reader& reader,
                                           ledger::AccountId id) {
  std::optional<store::AccountView> account = reader.account(id);
  const bool visible =
      account && ((account->project && reader.is_member(call.person(), *account->project)) ||
                  sight_of(call, reader).all());
  if (!visible) return no_such("account", to_string(id));
  return *std::move(account);
}

Answer<store::ProposalView> visible_proposal(const Call& call, store::Reader& reader,
                                             calls::ProposalId id) {
  return visible_thing<store::ProposalView>(call, reader, "proposal", id.value);
}

Answer<store::AwardView> visible_award(const Call& call, store::Reader& reader, calls::AwardId id) {
  return visible_thing<store::AwardView>(call, reader, "award", id.value);
}

}  // namespace fabrica::api
