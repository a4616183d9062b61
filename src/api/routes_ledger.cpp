#include <fmt/core.h>

#include "api/bodies.h"
#include "api/paging.h"
#include "api/routes.h"
#include "api/sight.h"

/// Accounts and what moves between them.
namespace fabrica::api {

namespace {

using ledger::AccountId;

Answer<net::Response> show_account(Call& call) {
  TRY(const AccountId id, id_in_path<AccountId>(call));
  TRY(const store::AccountView account, visible_account(call, *call.context->reader(), id));
  return json_answer(200, account);
}

Answer<net::Response> show_statement(Call& call) {
  TRY(const AccountId id, id_in_path<AccountId>(call));
  TRY(PageRequest page, page_request(call));
  TRY(const std::uint64_t after, number_in_query(call, "after", 0, INT64_MAX));
  page.after = std::max(page.after, after);
  const Readers::Borrowed reader = call.context->reader();
  TRY_DONE(visible_account(call, *reader, id));
  return page_answer(call, page, reader->statement(id, Seq{page.after}, page.limit + 1),
                     [](const store::LineView& line) { return line.seq.value; });
}

Answer<net::Response> list_accounts(Call& call) {
  TRY(const federation::ProjectId project, id_in_path<federation::ProjectId>(call));
  const Readers::Borrowed reader = call.context->reader();
  TRY_DONE(need_project(call, *reader, project));
  return json_answer(200, Page<store::AccountView>{reader->accounts_of(project), {}});
}

Answer<federation::PartitionId> partition_in_path(const Call& call) {
  const std::optional<federation::PartitionId> partition =
      call.context->partition(std::string(call.argument()));
  if (!partition) return no_such("partition", call.argument());
  return *partition;
}

Answer<Order> add_capacity(Call& call) {
  TRY(const federation::PartitionId partition, partition_in_path(call));
  TRY(NewCapacity body, body_of<NewCapacity>(call));
  TRY(const ComputeTime amount, signed_hours("/hours", body.hours));
  return Order{
      ledger::Command{ledger::AddCapacity{partition, amount, std::move(body.text).value_or("")}},
      {},
      {}};
}

Answer<net::Response> added_capacity(Call& call, const Reply&) {
  TRY(const federation::PartitionId partition, partition_in_path(call));
  const Readers::Borrowed reader = call.context->reader();
  const std::optional<std::string> view = reader->thing("partition", partition.value);
  const auto pool = view ? stored<store::PartitionView>(*view).pool : std::nullopt;
  const auto account = pool ? reader->account(*pool) : std::nullopt;
  if (!account) return no_such("partition", call.argument());
  return json_answer(200, *account);
}

Answer<Order> transfer(Call& call) {
  TRY(NewTransfer body, body_of<NewTransfer>(call));
  const Readers::Borrowed reader = call.context->reader();
  TRY_DONE(visible_account(call, *reader, body.from));
  TRY_DONE(visible_account(call, *reader, body.to));
  TRY(const ComputeTime amount, hours_above_zero("/hours", body.hours));
  return Order{ledger::Command{
                   ledger::Transfer{body.from, body.to, amount, std::move(body.text).value_or("")}},
               {},
               {}};
}

Answer<net::Response> moved_between(Call& call, AccountId from, AccountId to) {
  const Readers::Borrowed reader = call.context->reader();
  TRY(const store::AccountView source, visible_account(call, *reader, from));
  TRY(const store::AccountView target, visible_account(call, *reader, to));
  return json_answer(201, Moved{source, target});
}

Answer<net::Response> transferred(Call& call, const Reply&) {
  TRY(const NewTransfer body, body_of<NewTransfer>(call));
  return moved_between(call, body.from, body.to);
}

Answer<Order> exchange_hours(Call& call) {
  TRY(NewExchange body, body_of<NewExchange>(call));
  const Readers::Borrowed reader = call.context->reader();
  TRY_DONE(visible_account(call, *reader, body.from));
  TRY_DONE(visible_account(call, *reader, body.to));
  TRY(const ComputeTime amount, hours_above_zero("/hours", body.hours));
  return Order{ledger::Command{ledger::Exchange{body.from, body.to, amount, body.rate,
                                                std::move(body.text).value_or("")}},
               {},
               {}};
}

Answer<net::Response> exchanged(Call& call, const Reply&) {
  TRY(const NewExchange body, body_of<NewExchange>(call));
  return moved_between(call, body.from, body.to);
}

// Those who see the account, and the operators of the site that charged it.
Answer<store::AccountView> correctable_account(const Call& call) {
  TRY(const AccountId id, id_in_path<AccountId>(call));
  const Readers::Borrowed reader = call.context->reader();
  const std::optional<store::AccountView> account = reader->account(id);
  const Sight sight = sight_of(call, *reader);
  if (account && account->partition && !sight.operates.empty()) {
    const auto partition = reader->thing("partition", account->partition->value);
    if (partition && operates_site(call, sight, stored<store::PartitionView>(*partition).site))
      return *account;
  }
  return visible_account(call, *reader, id);
}

Answer<Order> correct_charge(Call& call) {
  TRY(const store::AccountView account, correctable_account(call));
  TRY(NewCorrection body, body_of<NewCorrection>(call));
  TRY(const ComputeTime amount, signed_hours("/hours", body.hours));
  return Order{ledger::Command{ledger::CorrectCharge{account.id, amount,
                                                     body.job.value_or(jobs::JobId{}).value,
                                                     std::move(body.text).value_or("")}},
               {},
               {}};
}

Answer<net::Response> corrected_charge(Call& call, const Reply&) {
  TRY(const store::AccountView account, correctable_account(call));
  return json_answer(200, account);
}

std::vector<Route> account_routes() {
  using net::Method;
  return {
      {.path = "/v1/accounts/{account}",
       .operation = "showAccount",
       .area = "ledger",
       .summary = "One account: its balance, what is held, what may be spent.",
       .handler = &show_account,
       .answer = &schema_of<store::AccountView>},
      {.path = "/v1/accounts/{account}/statement",
       .operation = "showStatement",
       .area = "ledger",
       .summary = "The account line by line, oldest first: awards, holds, charges, releases.",
       .handler = &show_statement,
       .parameters =
           list_parameters({{"after", "Only lines of later events than this one.", whole_number}}),
       .answer = &schema_of<Page<store::LineView>>},
      {.method = Method::post,
       .path = "/v1/accounts/{account}:correct",
       .operation = "correctCharge",
       .area = "ledger",
       .summary = "Gives back what was charged wrongly, or with negative hours charges more, as a "
                  "new entry. For "
                  "the site's operators.",
       .handler = Ordering{&correct_charge, &corrected_charge},
       .body = &schema_of<NewCorrection>,
       .answer = &schema_of<store::AccountView>},
      {.path = "/v1/projects/{project}/accounts",
       .operation = "listAccounts",
       .area = "ledger",
       .summary = "The accounts of a project's awards.",
       .handler = &list_accounts,
       .answer = &schema_of<Page<store::AccountView>>},
  };
}

std::vector<Route> movement_routes() {
  using net::Method;
  return {
      {.method = Method::post,
       .path = "/v1/partitions/{partition}/capacity",
       .operation = "addCapacity",
       .area = "ledger",
       .summary = "Adds hours to what a partition may award, and answers with its pool. For "
                  "administrators.",
       .handler = Ordering{&add_capacity, &added_capacity},
       .body = &schema_of<NewCapacity>,
       .answer = &schema_of<store::AccountView>},
      {.method = Method::post,
       .path = "/v1/transfers",
       .operation = "transfer",
       .area = "ledger",
       .summary = "Moves hours between two accounts of one unit. For administrators.",
       .handler = Ordering{&transfer, &transferred},
       .body = &schema_of<NewTransfer>,
       .status = 201,
       .answer = &schema_of<Moved>},
      {.method = Method::post,
       .path = "/v1/exchanges",
       .operation = "exchange",
       .area = "ledger",
       .summary = "Moves hours between accounts of two units at a stated rate. For administrators.",
       .handler = Ordering{&exchange_hours, &exchanged},
       .body = &schema_of<NewExchange>,
       .status = 201,
       .answer = &schema_of<Moved>},
  };
}

}  // namespace

std::vector<Route> ledger_routes() {
  std::vector<Route> routes = account_routes();
  std::ranges::move(movement_routes(), std::back_inserter(routes));
  return routes;
}

}  // namespace fabrica::api
