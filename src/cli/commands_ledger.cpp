#include <fmt/format.h>

#include <map>

#include "cli/commands.h"
#include "cli/statement.h"
#include "cli/words.h"

/// Accounts, line by line.
namespace fabrica::cli {

namespace {

using json::Value;

Outcome<std::map<std::int64_t, std::string>> partition_slugs(Server& server) {
  std::map<std::int64_t, std::string> slugs;
  TRY(const std::vector<Value> partitions, server.list({"v1", "partitions"}));
  for (const Value& partition : partitions)
    slugs[number_in(partition, "id")] = partition.get("slug").text();
  return slugs;
}

Outcome<std::vector<Value>> accounts_meant(Session& session, const std::string& account,
                                           const std::string& project) {
  TRY(Server* const server, session.server());
  if (!account.empty()) {
    const auto number = number_of(account, "account");
    if (!number) {
      return usage_failure(
          fmt::format("\"{}\" is no account.", printable(account)),
          "Give its number, such as account-12; `fabrica statement` shows those of a project.");
    }
    TRY(const Answer answer, server->get({"v1", "accounts", fmt::to_string(*number)}));
    return std::vector{answer.value};
  }
  TRY(const std::uint64_t number, chosen_project(session, project));
  return server->list({"v1", "projects", fmt::to_string(number), "accounts"});
}

}  // namespace

Outcome<int> statement(Session& session, const std::string& account, const std::string& project) {
  TRY(const std::vector<Value> accounts, accounts_meant(session, account, project));
  if (accounts.empty()) {
    session.terminal().note("The project has no account yet: one comes with its first award.");
    return exit_code::ok;
  }
  TRY(Server* const server, session.server());
  TRY(const auto slugs, partition_slugs(*server));
  bool first = true;
  for (const Value& one : accounts) {
    const std::string number = fmt::to_string(number_in(one, "id"));
    TRY(const std::vector<Value> lines, server->list({"v1", "accounts", number, "statement"}));
    if (session.options().json) {
      for (const Value& line : lines) session.print_json(line.text());
      continue;
    }
    const auto slug = slugs.find(number_in(one, "partition"));
    if (!first) session.terminal().print("\n");
    first = false;
    session.terminal().print(statement_text(one, slug == slugs.end() ? "" : slug->second, lines,
                                            session.terminal().colour_out,
                                            session.terminal().columns));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
