#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/words.h"
#include "shims/commands.h"
#include "shims/fields.h"

/// sacctmgr: which accounts the caller may name, which are the caller's projects. snakemake asks
/// so.
namespace fabrica::shims {

namespace {

constexpr auto sacctmgr_options = std::to_array<OptionRow>({
    {"noheader", 'n'},
    {"parsable", 'p'},
    {"parsable2", 'P'},
    {"associations", 's', Takes::ignored},
    {"immediate", 'i', Takes::ignored},
    {"readonly", 'r', Takes::ignored},
    {"quiet", 'Q', Takes::ignored},
    {"verbose", 'v', Takes::ignored},
});

struct Membership {
  std::string account;
  std::string user;
};

constexpr auto membership_fields = std::to_array<Field<Membership>>({
    {'\0', "Account", "Account", [](const Membership& one) { return one.account; }, 20},
    {'\0', "User", "User", [](const Membership& one) { return one.user; }, 10},
    {'\0', "Cluster", "Cluster", [](const Membership&) { return std::string("fabrica"); }, 10},
});

// "format=account%20,user".
Outcome<Format<Membership>> format_of_list(const Words& words) {
  std::string names = "User,Account,Cluster";
  for (const std::string& operand : words.operands) {
    if (operand.starts_with("format=")) names = operand.substr(7);
  }
  const bool parsable = words.has("parsable2") || words.has("parsable");
  Format<Membership> format;
  for (const std::string& part : split_at_commas(names)) {
    const std::string name = part.substr(0, part.find('%'));
    const auto* const field = std::ranges::find_if(
        membership_fields, [&](const Field<Membership>& one) { return same_word(one.name, name); });
    if (field == membership_fields.end())
      return in_these_words(fmt::format(" Unknown field '{}'", name));
    std::string_view rest = std::string_view(part).substr(std::min(name.size() + 1, part.size()));
    const bool left = rest.starts_with('-');
    if (left) rest.remove_prefix(1);
    const std::size_t given = take_number(rest);
    const std::size_t width = given > 0 ? given : static_cast<std::size_t>(field->width);
    format.columns.push_back({field, parsable ? 0 : width, !left, parsable ? "|" : " "});
  }
  if (words.has("parsable2") && !format.columns.empty()) format.columns.back().after.clear();
  return format;
}

Outcome<std::vector<Membership>> memberships(Caller& caller) {
  TRY(const Onlooker onlooker, caller.onlooker());
  TRY(cli::Server* const server, caller.session().server());
  TRY(const cli::Answer me, server->get({"v1", "me"}));
  std::vector<Membership> all;
  for (const json::Value& project : me.value.get("projects").items())
    all.push_back({fmt::format("project-{}", cli::number_in(project, "id")), onlooker.login});
  return all;
}

bool lists_accounts(const std::vector<std::string>& operands) {
  constexpr std::array<std::string_view, 6> things{"user",     "users",       "account",
                                                   "accounts", "association", "associations"};
  return operands.size() >= 2 && (operands[0] == "list" || operands[0] == "show") &&
         std::ranges::find(things, operands[1]) != things.end();
}

}  // namespace

Outcome<int> sacctmgr(Caller& caller, Arguments arguments) {
  TRY(const Words words, read_words("sacctmgr", sacctmgr_options, arguments));
  if (!lists_accounts(words.operands)) {
    return cli::usage_failure("Only `sacctmgr list user` and `list account` are supported.",
                              "Projects, people and awards are managed with `fabrica`.");
  }
  TRY(const Format<Membership> format, format_of_list(words));
  TRY(const std::vector<Membership> rows, memberships(caller));
  std::string text = words.has("noheader") ? std::string() : format.header() + "\n";
  for (const Membership& row : rows) text += format.line_of(row) + "\n";
  say(text);
  return 0;
}

}  // namespace fabrica::shims
