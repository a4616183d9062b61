#include "store/verify.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "store/bytes.h"
#include "store/read_tables.h"
#include "store/sqlite_log.h"

namespace fabrica::store {

namespace {

// Less than limits::ended_jobs_kept, so that every job that ends in a page is still known after it.
constexpr std::size_t page_events = 2'000;
constexpr int compare_tries_max = 100;
static_assert(page_events < limits::ended_jobs_kept);

// The rows of `table` that one side has and the other has not; `kept` is the attached file.
std::uint64_t differing_rows(Database& rebuilt, std::string_view table) {
  const auto missing = [&](std::string_view here, std::string_view there) {
    return rebuilt.number(
        fmt::format("SELECT count(*) FROM (SELECT * FROM {0}.{2} EXCEPT SELECT * FROM {1}.{2})",
                    here, there, table));
  };
  return static_cast<std::uint64_t>(missing("main", "kept") + missing("kept", "main"));
}

void check_tables(Database& rebuilt, std::vector<std::string>& faults) {
  for (const std::string_view table :
       {"things", "accounts", "lines", "jobs", "tasks", "runs", "members"}) {
    if (const std::uint64_t rows = differing_rows(rebuilt, table); rows > 0) {
      faults.push_back(
          fmt::format("Read table {} differs from the log in {} rows; rebuild it.", table, rows));
    }
  }
}

void check_documents(Database& database, std::vector<std::string>& faults) {
  Statement rows(database, "SELECT hash, bytes FROM kept.documents");
  while (rows.step()) {
    const std::span<const std::byte> bytes = rows.blob(1);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const Sha256 hash = sha_from(rows.blob(0));
    if (sha256(text) != hash)
      faults.push_back(fmt::format("Document {} was changed.", to_string(hash)));
  }
}

// Applies what the log holds after `state` and brings the tables of `database` up to it.
void follow(SqliteLog& log, Database& database, ReadTables& tables, State& state,
            const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  while (true) {
    const std::vector<Recorded> page = log.read(state.last, page_events);
    for (const Recorded& recorded : page) apply(state, recorded);
    Transaction transaction(database);
    tables.project(page, state);
    transaction.commit();
    progress(state.last.value, std::max(state.last, log.last()).value);
    if (page.size() < page_events) return;
  }
}

// The server may append while we look: compares within one view of its file, at which the replay
// must stand.
bool compare_at(Database& rebuilt, Seq seq, std::vector<std::string>& faults) {
  Transaction view(rebuilt);
  if (rebuilt.number("SELECT max(seq) FROM kept.events") != static_cast<std::int64_t>(seq.value))
    return false;
  check_tables(rebuilt, faults);
  check_documents(rebuilt, faults);
  return true;
}

void check_all(const std::filesystem::path& directory, Verification& found,
               const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  SqliteLog log(directory);
  Database rebuilt(":memory:", Database::Mode::read_write);
  ReadTables::create(rebuilt);
  ReadTables tables(rebuilt);
  State state;
  Statement attach(rebuilt, "ATTACH ? AS kept");
  const std::string file = "file:" + SqliteLog::file_in(directory).string() + "?mode=ro";
  attach.bind(1, file).run();
  bool compared = false;
  for (int tries = 0; tries < compare_tries_max && !compared; ++tries) {
    follow(log, rebuilt, tables, state, progress);
    compared = compare_at(rebuilt, state.last, found.faults);
  }
  if (!compared)
    found.faults.emplace_back(
        "The server writes too fast to compare the read tables; stop it and try again.");
  found.events = state.last.value;
  found.head = log.chain_at(state.last);
  found.state = digest(state);
  if (std::string broken = broken_invariant(state); !broken.empty())
    found.faults.push_back(std::move(broken));
}

}  // namespace

Verification verify(const std::filesystem::path& directory,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  Verification found;
  try {
    check_all(directory, found, progress);
  } catch (const LogDamaged& damaged) {
    found.faults.emplace_back(damaged.what());
  } catch (const SqliteError& error) {
    found.faults.emplace_back(error.what());
  }
  return found;
}

void rebuild_tables(const std::filesystem::path& directory) {
  SqliteLog log(directory);
  Database database(SqliteLog::file_in(directory).string(), Database::Mode::read_write);
  ReadTables::clear(database);
  ReadTables tables(database);
  State state;
  follow(log, database, tables, state, [](std::uint64_t, std::uint64_t) {});
}

}  // namespace fabrica::store
