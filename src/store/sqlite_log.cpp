#include "store/sqlite_log.h"

#include <fmt/core.h>

#include "base/limits.h"
#include "store/bytes.h"
#include "store/snapshot.h"

namespace fabrica::store {

namespace {

constexpr const char* log_schema = R"(
CREATE TABLE IF NOT EXISTS events(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, cause BLOB,
  actor INTEGER NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, chain BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS replies(id BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, seq INTEGER NOT NULL,
  made INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents(hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
)";

// "Fabr": marks our files, so that another program's database is refused and left alone.
constexpr std::int64_t application_id = 0x46616272;
constexpr std::int64_t schema_version = 4;

void prepare_schema(Database& database, const std::filesystem::path& file) {
  const std::int64_t found = database.number("PRAGMA application_id");
  if (found != application_id) {
    if (found != 0 || database.number("SELECT count(*) FROM sqlite_master") != 0) {
      throw LogDamaged(fmt::format(
          "{} is the file of another program; choose another data directory.", file.string()));
    }
    database.run(fmt::format("PRAGMA application_id={}", application_id));
    database.run(fmt::format("PRAGMA user_version={}", schema_version));
  }
  if (database.number("PRAGMA user_version") != schema_version) {
    throw LogDamaged(fmt::format("{} was written by another version of Fabrica; use that version.",
                                 file.string()));
  }
  database.run(log_schema);
  ReadTables::create(database);
}

std::uintmax_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

// SQLite takes the rest of a last page that was cut for zeros, and would find out only where it
// holds events. With a journal beside it, the page is still whole there.
bool is_cut(const std::filesystem::path& file) {
  return size_of(file) % Database::page_bytes != 0 && size_of(file.string() + "-wal") == 0;
}

Database open_log(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  const std::filesystem::path file = SqliteLog::file_in(directory);
  const bool cut = is_cut(file);  // before opening it adds a journal
  try {
    Database database(file.string(), Database::Mode::read_write);
    prepare_schema(database, file);
    if (cut) {
      throw LogDamaged(
          fmt::format("{} does not end where a page ends: it was cut. Restore it from a backup.",
                      file.string()));
    }
    return database;
  } catch (const SqliteError& error) {
    throw LogDamaged(fmt::format("{} cannot be opened as a log ({}). Restore it from a backup.",
                                 file.string(), error.what()));
  }
}

}  // namespace

SqliteLog::SqliteLog(std::filesystem::path directory)
    : directory_(std::move(directory)),
      database_(open_log(directory_)),
      checkpoints_(database_, file_in(directory_)),
      head_file_(directory_ / "head") {
  try {
    insert_event_.emplace(database_, "INSERT INTO events VALUES(?,?,?,?,?,?,?,?)");
    insert_reply_.emplace(database_, "INSERT INTO replies VALUES(?,?,?,?,?)");
    find_reply_.emplace(database_, "SELECT fingerprint, seq, made FROM replies WHERE id=?");
    insert_document_.emplace(database_, "INSERT OR IGNORE INTO documents VALUES(?,?)");
    read_events_.emplace(
        database_,
        "SELECT seq, at, cause, actor, type, version, body, chain FROM events WHERE seq>? "
        "ORDER BY seq LIMIT ?");
    tables_.emplace(database_);
    last_ = Seq{static_cast<std::uint64_t>(database_.number("SELECT max(seq) FROM events"))};
    head_ = chain_at(last_);
    check_head();
  } catch (const SqliteError& error) {
    throw LogDamaged(fmt::format("The log in {} cannot be read ({}). Restore it from a backup.",
                                 directory_.string(), error.what()));
  }
}

// The head file says how far the log had come when it last answered. A log that ends before that
// was cut.
void SqliteLog::check_head() {
  const std::optional<Head> known = head_file_.read();
  if (!known) return;
  if (known->seq > last_) {
    throw LogDamaged(fmt::format(
        "The log in {} ends at event {}, but event {} was acknowledged: {} events are missing. "
        "Restore "
        "the directory from a backup; to go on without them, remove the file \"head\".",
        directory_.string(), last_.value, known->seq.value, known->seq.value - last_.value));
  }
  if (chain_at(known->seq) != known->chain) {
    throw LogDamaged(
        fmt::format("Event {} of the log in {} is not the one that was acknowledged. Restore the "
                    "directory from a backup.",
                    known->seq.value, directory_.string()));
  }
}

Sha256 SqliteLog::chain_at(Seq seq) {
  if (!seq) return {};
  Statement statement(database_, "SELECT chain FROM events WHERE seq=?");
  statement.bind(1, seq.value);
  return statement.step() ? sha_from(statement.blob(0)) : Sha256{};
}

Appended SqliteLog::append(const Append& group) {
  try {
    write(group);
    return Appended::yes;
  } catch (const SqliteError& error) {
    fmt::print(stderr, "fabrica: append failed: {}\n", error.what());
    // The tables' memory of balances may be ahead of what was rolled back.
    tables_.emplace(database_);
    last_ = Seq{static_cast<std::uint64_t>(database_.number("SELECT max(seq) FROM events"))};
    head_ = chain_at(last_);
    return error.is_constraint() ? Appended::behind : Appended::unknown;
  }
}

void SqliteLog::write(const Append& group) {
  Transaction transaction(database_);
  Sha256 head = group.expected == last_ ? head_ : chain_at(group.expected);
  write_records(group.records, head);
  write_replies(group);
  write_documents(group.documents);
  tables_->project(group.records, group.after);
  transaction.commit();
  if (group.records.empty()) return;
  last_ = group.records.back().seq;
  head_ = head;
  head_file_.write({last_, head_});
  checkpoints_.after_commit();
}

void SqliteLog::write_records(std::span<const Recorded> records, Sha256& head) {
  for (const Recorded& recorded : records) {
    encode(recorded.event, encoded_);
    head = chain_.next(head, {recorded.seq, recorded.at, recorded.cause, recorded.actor.value,
                              encoded_.type, encoded_.version, encoded_.body});
    const Bytes16 cause = bytes_of(recorded.cause.high, recorded.cause.low);
    insert_event_->bind(1, recorded.seq.value).bind(2, recorded.at.ms);
    if (recorded.cause) {
      insert_event_->bind(3, std::span<const std::byte>(cause));
    } else {
      insert_event_->bind_null(3);
    }
    insert_event_->bind(4, recorded.actor.value)
        .bind(5, encoded_.type)
        .bind(6, encoded_.version)
        .bind(7, encoded_.body)
        .bind(8, std::span<const std::byte>(head.bytes))
        .run();
  }
}

void SqliteLog::write_replies(const Append& group) {
  for (const KeptReply& reply : group.replies) {
    const Bytes16 id = bytes_of(reply.id.high, reply.id.low);
    const Bytes16 fingerprint = bytes_of(reply.fingerprint.high, reply.fingerprint.low);
    insert_reply_->bind(1, std::span<const std::byte>(id))
        .bind(2, std::span<const std::byte>(fingerprint))
        .bind(3, reply.reply.seq.value)
        .bind(4, reply.reply.id)
        .bind(5, group.after.now.ms)
        .run();
  }
}

void SqliteLog::write_documents(std::span<const Document> documents) {
  for (const Document& document : documents) {
    insert_document_->bind(1, std::span<const std::byte>(document.hash.bytes))
        .bind(2, std::as_bytes(std::span(document.bytes)))
        .run();
  }
}

std::optional<KeptReply> SqliteLog::reply_to(CommandId id) {
  const Bytes16 key = bytes_of(id.high, id.low);
  find_reply_->bind(1, std::span<const std::byte>(key));
  std::optional<KeptReply> kept;
  if (find_reply_->step()) {
    const std::span<const std::byte> fingerprint = find_reply_->blob(0);
    if (fingerprint.size() != 16)
      throw LogDamaged("A kept reply has no fingerprint; restore the log from a backup.");
    kept = KeptReply{id,
                     {word_at(fingerprint), word_at(fingerprint.subspan(8))},
                     {Seq{find_reply_->number(1)}, find_reply_->number(2)}};
  }
  find_reply_->reset();
  return kept;
}

Recorded SqliteLog::decode_row(const Statement& row, const Link& link) {
  const Sha256 expected = chain_.next(verified_head_, link);
  if (link.seq.value != verified_.value + 1 || sha_from(row.blob(7)) != expected) {
    throw LogDamaged(fmt::format(
        "Event {} of the log in {} was changed after it was written. Restore the directory "
        "from a backup.",
        verified_.value + 1, directory_.string()));
  }
  Result<Event> event = decode(link.type, link.version, link.body);
  if (!event) {
    throw LogDamaged(fmt::format("Event {} of the log in {} cannot be read: {}", link.seq.value,
                                 directory_.string(), event.error().text));
  }
  verified_ = link.seq;
  verified_head_ = expected;
  return Recorded{link.seq, link.at, link.cause, federation::PersonId{link.actor},
                  *std::move(event)};
}

std::vector<Recorded> SqliteLog::read(Seq after, std::size_t limit) {
  std::vector<Recorded> records;
  try {
    if (verified_ != after) {
      verified_ = after;
      verified_head_ = chain_at(after);
    }
    Statement& row = *read_events_;
    row.bind(1, after.value).bind(2, static_cast<std::uint64_t>(limit));
    while (row.step()) {
      const CommandId id = command_id_from(row.blob(2));
      records.push_back(decode_row(row, {Seq{row.number(0)}, Time{row.integer(1)}, id,
                                         row.number(3), row.text(4), row.integer(5), row.text(6)}));
    }
    row.reset();
  } catch (const SqliteError& error) {
    throw LogDamaged(fmt::format(
        "The log in {} cannot be read after event {} ({}). Restore the directory from a backup.",
        directory_.string(), verified_.value, error.what()));
  }
  return records;
}

bool SqliteLog::load_snapshot(State& state) {
  const std::optional<Snapshot> snapshot = read_snapshot(directory_ / "snapshot", state);
  if (!snapshot) return false;
  if (snapshot->seq > last_ || chain_at(snapshot->seq) != snapshot->chain) return false;
  return true;
}

void SqliteLog::keep_snapshot(const State& state) {
  if (state.last != last_) return;
  write_snapshot(directory_ / "snapshot", {last_, head_}, state);
  const std::int64_t oldest = (state.now - limits::reply_kept).ms;
  database_.run(fmt::format("DELETE FROM replies WHERE at<{}", oldest));
}

}  // namespace fabrica::store
