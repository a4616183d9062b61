#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "base/digest.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "json/write.h"
#include "kernel/state.h"
#include "net/sse.h"
#include "store/directory_lock.h"
#include "store/sqlite_log.h"
#include "store/verify.h"

/// The log of events: shown from the server, checked and replayed from the files.
namespace fabrica::cli {

namespace {

using json::Value;

constexpr std::size_t events_per_page = 5'000;
constexpr auto pause_before_reconnect = std::chrono::milliseconds(500);

std::string event_line(const Session& session, const Value& event) {
  if (session.options().json) return event.text() + "\n";
  const bool colour = session.terminal().colour_out;
  const std::int64_t actor = number_in(event, "actor");
  return fmt::format("{:>8}  {}  {:<10}  {}  {}\n", number_in(event, "seq"),
                     moment_text(event.get("at").text()),
                     actor == 0 ? "system" : fmt::format("person-{}", actor),
                     painted(colour, Paint::bold, printable(event.get("type").text())),
                     painted(colour, Paint::dim, printable(event.get("body").text())));
}

// Reads server-sent events until the stream breaks; `after` moves on with them.
Outcome<Result<void>> stream_events(Session& session, std::uint64_t& after) {
  TRY(Server* const server, session.server());
  net::SseParser parser;
  bool sound = true;
  TRY(Result<void> streamed,
      server->stream({"v1", "events"}, {{"after", fmt::to_string(after)}}, "text/event-stream",
                     [&](std::string_view piece) {
                       sound = parser.push(piece).has_value();
                       while (sound) {
                         const auto event = parser.take();
                         if (!event) break;
                         if (event->data.empty()) continue;
                         const auto value = Value::parse(event->data);
                         if (!value) continue;
                         after = static_cast<std::uint64_t>(number_in(*value, "seq"));
                         session.terminal().print(event_line(session, *value));
                       }
                       return sound;
                     }));
  if (!sound) return usage_failure("An event of the stream is too long to read.");
  return streamed;
}

Outcome<std::filesystem::path> directory_with_log(Session& session) {
  TRY(std::filesystem::path directory, data_directory(session.options(), session.place()));
  std::error_code error;
  if (std::filesystem::exists(store::SqliteLog::file_in(directory), error)) return directory;
  return usage_failure(fmt::format("There is no log in {}.", directory.string()),
                       "Name the server's data directory with --data DIR.");
}

struct VerificationBody {
  bool ok = false;
  std::uint64_t events = 0;
  Sha256 chain;
  Digest state;
  std::vector<std::string> faults;
};
FABRICA_DESCRIBE(VerificationBody, ok, events, chain, state, faults)

void print_verification(const Session& session, const VerificationBody& found) {
  const Terminal& terminal = session.terminal();
  std::string text = fmt::format("events  {}\nchain   {}\nstate   {}\n", found.events,
                                 to_string(found.chain), to_string(found.state));
  if (found.ok) {
    const std::string tick = terminal.out(Paint::green, "✓");
    text += fmt::format(
        "{0} every event is as it was written: the chain holds from the first to the last\n"
        "{0} the books balance: the accounts of each unit sum to zero, and every other invariant "
        "holds\n"
        "{0} the read tables are equal to those rebuilt from the log, the documents to their "
        "hashes\n",
        tick);
  }
  for (const std::string& fault : found.faults) {
    text += fmt::format("{} {}\n", terminal.out(Paint::red, "✗"), printable(fault));
  }
  terminal.print(text);
}

struct ReplayBody {
  std::uint64_t events = 0;
  Digest state;
  std::uint64_t events_per_second = 0;
};
FABRICA_DESCRIBE(ReplayBody, events, state, events_per_second)

Result<ReplayBody> replay(const std::filesystem::path& directory, Progress& progress) {
  try {
    store::SqliteLog log(directory);
    State state;
    const auto start = std::chrono::steady_clock::now();
    while (true) {
      const std::vector<Recorded> page = log.read(state.last, events_per_page);
      for (const Recorded& recorded : page) apply(state, recorded);
      progress.show(state.last.value, log.last().value);
      if (page.size() < events_per_page) break;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const double rate = static_cast<double>(state.last.value) / std::max(took.count(), 1e-6);
    return ReplayBody{state.last.value, digest(state), static_cast<std::uint64_t>(rate)};
  } catch (const std::exception& damaged) {  // the store says LogDamaged, SQLite its own
    return refuse(refusal::internal, "", damaged.what());
  }
}

}  // namespace

Outcome<int> show_log(Session& session, std::uint64_t after, bool follow) {
  TRY(Server* const server, session.server());
  TRY_DONE(server->pages({"v1", "events"}, {{"after", fmt::to_string(after)}},
                         [&](const std::vector<Value>& events) {
                           std::string lines;
                           for (const Value& event : events) {
                             lines += event_line(session, event);
                             after = static_cast<std::uint64_t>(number_in(event, "seq"));
                           }
                           session.terminal().print(lines);
                           return true;
                         }));
  while (follow) {
    TRY(const Result<void> streamed, stream_events(session, after));
    std::this_thread::sleep_for(pause_before_reconnect);
    // Says so when the server does not come back.
    if (!streamed) TRY_DONE(server->get({"v1", "version"}));
  }
  return exit_code::ok;
}

Outcome<int> verify_log(Session& session) {
  TRY(const std::filesystem::path directory, directory_with_log(session));
  VerificationBody body;
  {
    Progress progress(session.terminal(), "verifying");
    store::Verification found = store::verify(
        directory, [&](std::uint64_t done, std::uint64_t all) { progress.show(done, all); });
    body = {found.faults.empty(), found.events, found.head, found.state, std::move(found.faults)};
  }
  if (session.options().json) {
    session.print_json(json::to_json(body));
  } else {
    print_verification(session, body);
  }
  return body.ok ? exit_code::ok : exit_code::failed;
}

Outcome<int> rebuild_log(Session& session) {
  TRY(const std::filesystem::path directory, directory_with_log(session));
  const Result<store::DirectoryLock> lock = store::DirectoryLock::take(directory);
  if (!lock) return std::unexpected(Failure(exit_code::failed, lock.error().text));
  try {
    store::rebuild_tables(directory);
  } catch (const std::exception& damaged) {
    return std::unexpected(Failure(exit_code::failed, damaged.what()));
  }
  session.terminal().print("The read tables are made anew from the log.\n");
  return exit_code::ok;
}

Outcome<int> replay_log(Session& session) {
  TRY(const std::filesystem::path directory, directory_with_log(session));
  Result<ReplayBody> body;
  {
    Progress progress(session.terminal(), "replaying");
    body = replay(directory, progress);
  }
  if (!body) return std::unexpected(Failure(exit_code::failed, body.error().text));
  if (session.options().json) {
    session.print_json(json::to_json(*body));
  } else {
    session.terminal().print(fmt::format("events  {}\nstate   {}\nspeed   {} events/s\n",
                                         body->events, to_string(body->state),
                                         body->events_per_second));
  }
  return exit_code::ok;
}

}  // namespace fabrica::cli
