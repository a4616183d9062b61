#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/describe.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "json/write.h"

/// Bearer tokens.
namespace fabrica::cli {

namespace {

using json::Value;

struct TokenBody {
  std::string label;
  std::optional<std::uint64_t> person;
  std::optional<bool> read_only;
  std::optional<std::uint32_t> days;
};
FABRICA_DESCRIBE(TokenBody, label, person, read_only, days)

// Writes a new file that only its owner may read; what is there already is left alone.
Outcome<void> save_secret(const std::string& file, std::string_view secret) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return usage_failure(fmt::format("The file {} cannot be made, or is there already.", file),
                         "Name another file; the token that was made is shown above.");
  }
  const std::string line = std::string(secret) + "\n";
  const auto written = ::write(descriptor, line.data(), line.size());
  ::close(descriptor);
  if (written == static_cast<ssize_t>(line.size())) return {};
  return usage_failure(fmt::format("The file {} could not be written in full.", file));
}

Outcome<std::string> person_word(const std::string& text) {
  const auto number = number_of(text, "person");
  if (number) return fmt::to_string(*number);
  return usage_failure(fmt::format("\"{}\" is no person.", printable(text)),
                       "Give the number, such as person-3.");
}

}  // namespace

Outcome<int> create_token(Session& session, const NewTokenOptions& options) {
  TokenBody body{options.label, {}, {}, options.days};
  if (options.read_only) body.read_only = true;
  if (!options.person.empty()) {
    TRY(const std::string person, person_word(options.person));
    body.person = number_of(person, "person");
  }
  TRY(Server* const server, session.server());
  TRY(const Answer made, server->post({"v1", "tokens"}, json::to_json(body)));
  const std::string token = made.value.get("token").text();
  if (session.options().json) {
    session.print_json(made.body);
    return exit_code::ok;
  }
  session.terminal().note(fmt::format(
      "Token {} of person-{}, {}, good until {}. It is shown this once:",
      number_in(made.value, "id"), number_in(made.value, "person"),
      made.value.get("read_only").as_bool().value_or(false) ? "to read only" : "to read and write",
      day_text(made.value.get("expires").text())));
  if (options.save.empty()) {
    session.terminal().print(token + "\n");
    return exit_code::ok;
  }
  const Outcome<void> saved = save_secret(options.save, token);
  if (!saved) {
    session.terminal().print(token + "\n");
    return std::unexpected(saved.error());
  }
  session.terminal().print(
      fmt::format("saved in {}; use it with --token-file {}\n", options.save, options.save));
  return exit_code::ok;
}

Outcome<int> list_tokens(Session& session, const std::string& person) {
  Pairs query;
  if (!person.empty()) {
    TRY(const std::string number, person_word(person));
    query.emplace_back("person", number);
  }
  return print_list(
      session, {"v1", "tokens"}, query,
      {{"TOKEN", Table::Side::right}, {"PERSON"}, {"LABEL"}, {"MAY"}, {"MADE"}, {"EXPIRES"}},
      [](const Value& token) -> std::vector<Table::Cell> {
        return {token.get("id").text(),
                fmt::format("person-{}", number_in(token, "person")),
                token.get("label").text(),
                token.get("read_only").as_bool().value_or(false) ? "read" : "read and write",
                day_text(token.get("created").text()),
                day_text(token.get("expires").text())};
      },
      "There are no tokens.");
}

Outcome<int> revoke_token(Session& session, const std::string& id) {
  TRY(Server* const server, session.server());
  TRY_DONE(server->remove({"v1", "tokens", id}));
  session.terminal().note(fmt::format("Token {} is good for nothing any more.", printable(id)));
  return exit_code::ok;
}

}  // namespace fabrica::cli
