#include <fmt/format.h>

#include <map>

#include "base/describe.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "json/write.h"

/// Sites, partitions, organisations, people and projects.
namespace fabrica::cli {

namespace {

using json::Value;
using Side = Table::Side;

struct CapacityBody {
  std::string hours;
  std::optional<std::string> text;
};
FABRICA_DESCRIBE(CapacityBody, hours, text)

struct OrganisationBody {
  std::string name;
  std::string country;
  std::string kind;
};
FABRICA_DESCRIBE(OrganisationBody, name, country, kind)

struct PersonBody {
  std::string name;
  std::string email;
  std::optional<std::uint64_t> organisation;
  std::vector<std::string> roles;
  std::vector<std::string> operates;
};
FABRICA_DESCRIBE(PersonBody, name, email, organisation, roles, operates)

struct ProjectBody {
  std::string title;
  std::uint64_t organisation = 0;
};
FABRICA_DESCRIBE(ProjectBody, title, organisation)

struct MemberBody {
  std::uint64_t person = 0;
};
FABRICA_DESCRIBE(MemberBody, person)

// Zero and what is empty mean that nobody knows: nothing is shown then.
std::string known_number(const Value& thing, std::string_view name) {
  const std::int64_t number = number_in(thing, name);
  return number == 0 ? std::string() : fmt::to_string(number);
}

std::string site_state(const Value& site) {
  const std::string connection = site.get("connection").text();
  if (connection == "none") return "not connected";
  return site.get("drained").as_bool().value_or(false) ? connection + ", drained" : connection;
}

// When a site whose machines are elsewhere last answered; nothing for one that is at hand.
std::string heard_text(const Value& contact) {
  const bool silent = contact.get("silent").as_bool().value_or(false);
  const std::string last = moment_text(contact.get("last").text());
  if (last.empty()) return silent ? "silent" : "not yet";
  return silent ? "silent since " + last : last;
}

std::vector<Table::Cell> site_row(const Value& site, const std::map<std::string, Value>& contacts) {
  const std::string connection = site.get("connection").text();
  const auto contact = contacts.find(site.get("slug").text());
  const std::string heard = contact == contacts.end() ? "" : heard_text(contact->second);
  return {site.get("slug").text(),
          site.get("name").text(),
          site.get("host").text(),
          site.get("country").text(),
          site.get("place").text(),
          {site_state(site), connection == "none" ? Paint::dim : Paint::green},
          {heard, heard.starts_with("silent") ? Paint::red : Paint::none}};
}

std::string field_line(std::string_view name, const std::string& value) {
  return value.empty() ? std::string() : fmt::format("{:<12} {}\n", name, printable(value));
}

std::string joined(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) text += (text.empty() ? "" : ", ") + value.text();
  return text;
}

std::string source_text(const Value& thing) {
  const std::string source = thing.get("source").text();
  const std::string date = thing.get("date").text();
  return date.empty() || source.empty() ? source : source + ", " + date;
}

std::string site_text(const Value& site, bool colour) {
  std::string text =
      fmt::format("{}  {}\n", painted(colour, Paint::bold, printable(site.get("slug").text())),
                  printable(site.get("name").text()));
  text += field_line("state", site_state(site));
  text += field_line("host", site.get("host").text());
  text += field_line("place", site.get("place").text());
  text += field_line("country", site.get("country").text());
  text += field_line("partners", joined(site.get("partners").items()));
  text += field_line("factory", site.get("factory_kind").text());
  for (const Value& system : site.get("systems").items()) {
    text += field_line(
        "system",
        fmt::format("{} ({}){}", system.get("name").text(), system.get("slug").text(),
                    system.get("status").text().empty() ? "" : ", " + system.get("status").text()));
  }
  text += field_line("source", source_text(site));
  return text + field_line("notes", site.get("notes").text());
}

std::vector<Table::Cell> partition_row(const Value& partition) {
  const std::int64_t memory_mib = number_in(partition, "memory_mib_per_node");
  const std::int64_t limit_ms = number_in(partition, "time_limit_max");
  const Value pool = partition.get("pool");
  return {partition.get("slug").text(),
          partition.get("site").text(),
          unit_hours(partition.get("unit").text()),
          known_number(partition, "nodes"),
          known_number(partition, "gpus_per_node_scheduled"),
          partition.get("gpu_kind").text(),
          known_number(partition, "cores_per_node"),
          memory_mib == 0 ? std::string() : bytes_text(memory_mib * 1024 * 1024),
          limit_ms == 0 ? std::string() : to_clock(milliseconds(limit_ms)),
          pool.exists() ? "account-" + pool.text() : ""};
}

std::vector<Table::Cell> project_row(const Value& project) {
  return {fmt::format("project-{}", number_in(project, "id")), project.get("title").text(),
          project.get("organisation_name").text(),
          fmt::format("person-{}", number_in(project, "lead")),
          fmt::to_string(project.get("members").items().size())};
}

Outcome<std::uint64_t> need_number(const std::string& text, std::string_view prefix) {
  const auto number = number_of(text, prefix);
  if (number) return *number;
  return usage_failure(fmt::format("\"{}\" is no {}.", printable(text), prefix),
                       fmt::format("Give its number, such as {}-3.", prefix));
}

Paint paint_of_verdict(std::string_view verdict) {
  if (verdict == "well") return Paint::green;
  return verdict == "wrong" ? Paint::red : Paint::yellow;
}

std::string finding_lines(const Value& finding, bool colour) {
  const std::string verdict = finding.get("verdict").text();
  const Paint paint = paint_of_verdict(verdict);
  std::string text =
      fmt::format("{} {}: {}\n", painted(colour, paint, fmt::format("{:<7}", verdict)),
                  printable(finding.get("what").text()), printable(finding.get("text").text()));
  const std::string mend = finding.get("mend").text();
  if (!mend.empty()) text += fmt::format("        mend: {}\n", printable(mend));
  return text;
}

// Prints what a POST answered: the JSON, or one sentence.
Outcome<int> post_and_say(Session& session, Path path, std::string body,
                          const std::function<std::string(const Value&)>& sentence) {
  TRY(Server* const server, session.server());
  TRY(const Answer answer, server->post(std::move(path), std::move(body)));
  if (session.options().json) {
    session.print_json(answer.body);
  } else {
    session.terminal().print(sentence(answer.value) + "\n");
  }
  return exit_code::ok;
}

}  // namespace

Outcome<int> sites(Session& session, const std::string& name) {
  if (name.empty()) {
    TRY(Server* const asked, session.server());
    TRY(const Answer heard, asked->get({"v1", "contacts"}));
    std::map<std::string, Value> contacts;
    for (const Value& one : heard.value.get("items").items())
      contacts.emplace(one.get("site").text(), one);
    return print_list(
        session, {"v1", "sites"}, {},
        {{"SITE"}, {"NAME"}, {"HOST"}, {"COUNTRY"}, {"PLACE"}, {"STATE"}, {"LAST HEARD"}},
        [&](const Value& site) { return site_row(site, contacts); }, "No site is known.");
  }
  TRY(Server* const server, session.server());
  TRY(const Answer site, server->get({"v1", "sites", name}));
  if (session.options().json) {
    session.print_json(site.body);
    return exit_code::ok;
  }
  session.terminal().print(site_text(site.value, session.terminal().colour_out) + "\n");
  return partitions(session, name);
}

Outcome<int> steer_site(Session& session, const std::string& name, const std::string& verb) {
  return post_and_say(session, {"v1", "sites", name + ":" + verb}, "{}", [&](const Value& site) {
    return fmt::format("{}: {}", printable(name), site_state(site));
  });
}

Outcome<int> check_site(Session& session, const CheckSiteOptions& options) {
  TRY(Server* const server, session.server());
  if (options.mend) TRY_DONE(server->post({"v1", "sites", options.site + ":mend"}, "{}"));
  TRY(const Answer answer, server->post({"v1", "sites", options.site + ":check"}, "{}"));
  bool wrong = false;
  std::string text;
  for (const Value& finding : answer.value.get("findings").items()) {
    wrong = wrong || finding.get("verdict").text() == "wrong";
    text += finding_lines(finding, session.terminal().colour_out);
  }
  if (session.options().json) {
    session.print_json(answer.body);
  } else {
    session.terminal().print(text);
  }
  return wrong ? exit_code::failed : exit_code::ok;
}

Outcome<int> partitions(Session& session, const std::string& site) {
  TRY(Server* const server, session.server());
  TRY(std::vector<Value> items, server->list({"v1", "partitions"}));
  if (!site.empty()) {
    std::erase_if(items,
                  [&](const Value& partition) { return partition.get("site").text() != site; });
  }
  session.print_items(items,
                      {{"PARTITION"},
                       {"SITE"},
                       {"BILLED IN"},
                       {"NODES", Side::right},
                       {"GPUS/NODE", Side::right},
                       {"GPU"},
                       {"CORES/NODE", Side::right},
                       {"MEMORY/NODE", Side::right},
                       {"LONGEST", Side::right},
                       {"POOL"}},
                      &partition_row, "No partition is known.");
  return exit_code::ok;
}

Outcome<int> add_capacity(Session& session, const std::string& partition, const std::string& hours,
                          const std::string& text) {
  CapacityBody body{hours, {}};
  if (!text.empty()) body.text = text;
  return post_and_say(session, {"v1", "partitions", partition, "capacity"}, json::to_json(body),
                      [&](const Value& pool) {
                        return fmt::format(
                            "The pool of {} (account-{}) now has {}.", printable(partition),
                            number_in(pool, "id"),
                            hours_with_unit(number_in(pool, "balance"), pool.get("unit").text()));
                      });
}

Outcome<int> add_organisation(Session& session, const NewOrganisationOptions& options) {
  return post_and_say(session, {"v1", "organisations"},
                      json::to_json(OrganisationBody{options.name, options.country, options.kind}),
                      [](const Value& one) {
                        return fmt::format("organisation-{}: {}, {}, {}", number_in(one, "id"),
                                           printable(one.get("name").text()),
                                           printable(one.get("country").text()),
                                           spaced(one.get("kind").text()));
                      });
}

Outcome<int> list_organisations(Session& session) {
  return print_list(
      session, {"v1", "organisations"}, {}, {{"ORGANISATION"}, {"NAME"}, {"COUNTRY"}, {"KIND"}},
      [](const Value& one) -> std::vector<Table::Cell> {
        return {fmt::format("organisation-{}", number_in(one, "id")), one.get("name").text(),
                one.get("country").text(), spaced(one.get("kind").text())};
      },
      "No organisation is registered.");
}

Outcome<int> add_person(Session& session, const NewPersonOptions& options) {
  PersonBody body{options.name, options.email, {}, options.roles, options.operates};
  if (!options.organisation.empty()) {
    TRY(body.organisation, need_number(options.organisation, "organisation"));
  }
  return post_and_say(session, {"v1", "people"}, json::to_json(body), [](const Value& one) {
    const auto id = number_in(one, "id");
    return fmt::format("person-{}: {}\n  next: fabrica token create --person {} --label first", id,
                       printable(one.get("name").text()), id);
  });
}

Outcome<int> create_project(Session& session, const std::string& title,
                            const std::string& organisation) {
  TRY(const std::uint64_t number, need_number(organisation, "organisation"));
  return post_and_say(session, {"v1", "projects"}, json::to_json(ProjectBody{title, number}),
                      [](const Value& one) {
                        return fmt::format("project-{}: {}, of {}; you lead it.",
                                           number_in(one, "id"), printable(one.get("title").text()),
                                           printable(one.get("organisation_name").text()));
                      });
}

Outcome<int> list_projects(Session& session) {
  return print_list(session, {"v1", "projects"}, {},
                    {{"PROJECT"}, {"TITLE"}, {"ORGANISATION"}, {"LEAD"}, {"MEMBERS", Side::right}},
                    &project_row, "You belong to no project.");
}

Outcome<int> members(Session& session, const MembersOptions& options) {
  TRY(const std::uint64_t project, chosen_project(session, options.project));
  const Path path{"v1", "projects", fmt::to_string(project)};
  TRY(Server* const server, session.server());
  if (!options.add.empty()) {
    TRY(const std::uint64_t person, need_number(options.add, "person"));
    Path list = path;
    list.emplace_back("members");
    TRY_DONE(server->post(std::move(list), json::to_json(MemberBody{person})));
  }
  if (!options.remove.empty()) {
    TRY(const std::uint64_t person, need_number(options.remove, "person"));
    Path member = path;
    member.insert(member.end(), {"members", fmt::to_string(person)});
    TRY_DONE(server->remove(std::move(member)));
  }
  TRY(const Answer answer, server->get(path));
  if (session.options().json) {
    session.print_json(answer.body);
    return exit_code::ok;
  }
  std::string text =
      fmt::format("project-{} {}\n  lead     person-{}\n", project,
                  printable(answer.value.get("title").text()), number_in(answer.value, "lead"));
  for (const Value& member : answer.value.get("members").items()) {
    text += fmt::format("  member   person-{}\n", member.text());
  }
  session.terminal().print(text);
  return exit_code::ok;
}

}  // namespace fabrica::cli
