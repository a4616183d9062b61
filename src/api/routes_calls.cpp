#include <fmt/core.h>

#include <algorithm>

#include "api/bodies.h"
#include "api/paging.h"
#include "api/routes.h"
#include "api/sight.h"
#include "store/chain.h"

/// Access modes, calls, proposals and awards.
namespace fabrica::api {

namespace {

using calls::AwardId;
using calls::CallId;
using calls::ProposalId;

Answer<net::Response> list_open_things(Call& call, std::string_view kind) {
  TRY(const PageRequest page, page_request(call));
  return views_page(call, page, call.context->reader()->things(kind, page.after, page.limit + 1));
}

Answer<net::Response> list_modes(Call& call) { return list_open_things(call, "mode"); }
Answer<net::Response> list_calls(Call& call) { return list_open_things(call, "call"); }

Answer<net::Response> show_call(Call& call) {
  TRY(const CallId id, id_in_path<CallId>(call));
  return view_answer(call, 200, "call", id.value);
}

Answer<federation::PartitionId> partition_named(const Call& call, const std::string& slug,
                                                std::string field) {
  const std::optional<federation::PartitionId> partition = call.context->partition(slug);
  if (partition) return *partition;
  return refuse(refusal::not_found, std::move(field),
                fmt::format("There is no partition \"{}\".", slug.substr(0, 60)));
}

Answer<Order> open_call(Call& call) {
  TRY(NewCall body, body_of<NewCall>(call));
  const std::optional<calls::ModeId> mode = call.context->mode(body.mode);
  if (!mode) {
    return refuse(refusal::not_found, "/mode",
                  fmt::format("There is no access mode \"{}\".", body.mode.substr(0, 60)));
  }
  calls::OpenCall command{*mode, std::move(body.title), {}, body.closes.value_or(never)};
  for (std::size_t i = 0; i < body.partitions.size(); ++i) {
    TRY(const federation::PartitionId partition,
        partition_named(call, body.partitions[i], fmt::format("/partitions/{}", i)));
    command.partitions.push_back(partition);
  }
  return Order{calls::Command{std::move(command)}, {}, {}};
}

Answer<net::Response> opened_call(Call& call, const Reply& reply) {
  return view_answer(call, 201, "call", reply.id);
}

Answer<Order> submit_proposal(Call& call) {
  TRY(const CallId id, id_in_path<CallId>(call));
  TRY(NewProposal body, body_of<NewProposal>(call));
  TRY_DONE(need_project(call, *call.context->reader(), body.project));
  calls::Application application;
  TRY(application.partition, partition_named(call, body.partition, "/partition"));
  TRY(application.amount, hours_above_zero("/hours", body.hours));
  application.title = std::move(body.title);
  application.months = body.months;
  application.gpus_per_job = body.gpus_per_job.value_or(0);
  application.nodes_per_job = body.nodes_per_job.value_or(1);
  application.civil_use = body.civil_use;
  application.open_research = body.open_research;
  application.document = store::sha256(body.text);
  Document text{application.document, std::move(body.text)};
  std::vector<Document> documents;
  documents.push_back(std::move(text));
  return Order{calls::Command{calls::SubmitProposal{id, body.project, std::move(application)}},
               std::move(documents),
               {}};
}

Answer<net::Response> submitted_proposal(Call& call, const Reply& reply) {
  return view_answer(call, 201, "proposal", reply.id);
}

// Everything for the staff, otherwise what belongs to the caller's projects.
Answer<net::Response> list_project_things(Call& call, std::string_view kind) {
  TRY(const PageRequest page, page_request(call));
  const Readers::Borrowed reader = call.context->reader();
  return views_page(
      call, page,
      sight_of(call, *reader).all()
          ? reader->things(kind, page.after, page.limit + 1)
          : reader->things_of_member(kind, call.person(), page.after, page.limit + 1));
}

Answer<net::Response> list_proposals(Call& call) { return list_project_things(call, "proposal"); }
Answer<net::Response> list_awards(Call& call) { return list_project_things(call, "award"); }

Answer<store::ProposalView> proposal_in_path(const Call& call) {
  TRY(const ProposalId id, id_in_path<ProposalId>(call));
  return visible_proposal(call, *call.context->reader(), id);
}

Answer<store::AwardView> award_in_path(const Call& call) {
  TRY(const AwardId id, id_in_path<AwardId>(call));
  return visible_award(call, *call.context->reader(), id);
}

Answer<net::Response> show_proposal(Call& call) {
  TRY(const store::ProposalView proposal, proposal_in_path(call));
  return json_answer(200, proposal);
}

Answer<net::Response> show_proposal_text(Call& call) {
  TRY(const store::ProposalView proposal, proposal_in_path(call));
  std::optional<std::string> text = call.context->reader()->document(proposal.document);
  if (!text) return no_such("proposal", call.argument());
  net::Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = *std::move(text);
  return response;
}

Answer<Order> assess_proposal(Call& call) {
  TRY(const store::ProposalView proposal, proposal_in_path(call));
  TRY(NewAssessment body, body_of<NewAssessment>(call));
  return Order{calls::Command{calls::AssessProposal{proposal.id, body.suitable,
                                                    std::move(body.text).value_or("")}},
               {},
               {}};
}

Answer<net::Response> assessed_proposal(Call& call, const Reply&) { return show_proposal(call); }

Answer<Order> grant_award(Call& call) {
  TRY(const store::ProposalView proposal, proposal_in_path(call));
  return Order{calls::Command{calls::GrantAward{proposal.id}}, {}, {}};
}

Answer<net::Response> granted_award(Call& call, const Reply& reply) {
  return view_answer(call, 201, "award", reply.id);
}

Answer<net::Response> show_award(Call& call) {
  TRY(const store::AwardView award, award_in_path(call));
  return json_answer(200, award);
}

Answer<Order> accept_award(Call& call) {
  TRY(const store::AwardView award, award_in_path(call));
  return Order{calls::Command{calls::AnswerAward{award.id, true}}, {}, {}};
}

Answer<Order> decline_award(Call& call) {
  TRY(const store::AwardView award, award_in_path(call));
  return Order{calls::Command{calls::AnswerAward{award.id, false}}, {}, {}};
}

Answer<net::Response> answered_award(Call& call, const Reply&) { return show_award(call); }

std::vector<Route> call_routes() {
  using net::Method;
  return {
      {.path = "/v1/modes",
       .operation = "listModes",
       .area = "calls",
       .summary = "The access modes: who may apply, for how much, by which rules.",
       .handler = &list_modes,
       .parameters = list_parameters(),
       .answer = &schema_of<Page<store::ModeView>>},
      {.path = "/v1/calls",
       .operation = "listCalls",
       .area = "calls",
       .summary = "The calls that were opened.",
       .handler = &list_calls,
       .parameters = list_parameters(),
       .answer = &schema_of<Page<store::CallView>>},
      {.method = Method::post,
       .path = "/v1/calls",
       .operation = "openCall",
       .area = "calls",
       .summary = "Opens a call of a mode for some partitions. For call officers.",
       .handler = Ordering{&open_call, &opened_call},
       .body = &schema_of<NewCall>,
       .status = 201,
       .answer = &schema_of<store::CallView>},
      {.path = "/v1/calls/{call}",
       .operation = "showCall",
       .area = "calls",
       .summary = "One call.",
       .handler = &show_call,
       .answer = &schema_of<store::CallView>},
      {.method = Method::post,
       .path = "/v1/calls/{call}/proposals",
       .operation = "submitProposal",
       .area = "calls",
       .summary = "Submits a proposal and checks its eligibility at once. An ineligible one is "
                  "kept too and "
                  "bears every reason. For the project's lead.",
       .handler = Ordering{&submit_proposal, &submitted_proposal},
       .body = &schema_of<NewProposal>,
       .status = 201,
       .answer = &schema_of<store::ProposalView>},
  };
}

std::vector<Route> proposal_routes() {
  using net::Method;
  return {
      {.path = "/v1/proposals",
       .operation = "listProposals",
       .area = "calls",
       .summary = "The proposals of the caller's projects; all for the staff.",
       .handler = &list_proposals,
       .parameters = list_parameters(),
       .answer = &schema_of<Page<store::ProposalView>>},
      {.path = "/v1/proposals/{proposal}",
       .operation = "showProposal",
       .area = "calls",
       .summary = "One proposal, with the verdict of each rule.",
       .handler = &show_proposal,
       .answer = &schema_of<store::ProposalView>},
      {.path = "/v1/proposals/{proposal}/text",
       .operation = "showProposalText",
       .area = "calls",
       .summary = "The text of a proposal.",
       .handler = &show_proposal_text,
       .content_type = "text/plain"},
      {.method = Method::post,
       .path = "/v1/proposals/{proposal}:assess",
       .operation = "assessProposal",
       .area = "calls",
       .summary = "Runs the technical check and adds the assessor's word. For the site's operators "
                  "and call officers.",
       .handler = Ordering{&assess_proposal, &assessed_proposal},
       .body = &schema_of<NewAssessment>,
       .answer = &schema_of<store::ProposalView>},
      {.method = Method::post,
       .path = "/v1/proposals/{proposal}:grant",
       .operation = "grantAward",
       .area = "calls",
       .summary = "Sets the hours aside and offers them to the project. For call officers.",
       .handler = Ordering{&grant_award, &granted_award},
       .status = 201,
       .answer = &schema_of<store::AwardView>},
      {.path = "/v1/awards",
       .operation = "listAwards",
       .area = "calls",
       .summary = "The awards of the caller's projects; all for the staff.",
       .handler = &list_awards,
       .parameters = list_parameters(),
       .answer = &schema_of<Page<store::AwardView>>},
      {.path = "/v1/awards/{award}",
       .operation = "showAward",
       .area = "calls",
       .summary = "One award.",
       .handler = &show_award,
       .answer = &schema_of<store::AwardView>},
      {.method = Method::post,
       .path = "/v1/awards/{award}:accept",
       .operation = "acceptAward",
       .area = "calls",
       .summary = "Accepts an offer: its hours may be spent from now on. For the project's lead.",
       .handler = Ordering{&accept_award, &answered_award},
       .answer = &schema_of<store::AwardView>},
      {.method = Method::post,
       .path = "/v1/awards/{award}:decline",
       .operation = "declineAward",
       .area = "calls",
       .summary = "Declines an offer: its hours go back to the pool. For the project's lead.",
       .handler = Ordering{&decline_award, &answered_award},
       .answer = &schema_of<store::AwardView>},
  };
}

}  // namespace

std::vector<Route> calls_routes() {
  std::vector<Route> routes = call_routes();
  std::ranges::move(proposal_routes(), std::back_inserter(routes));
  return routes;
}

}  // namespace fabrica::api
