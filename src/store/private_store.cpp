#include "store/private_store.h"

#include <openssl/rand.h>

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/limits.h"
#include "store/chain.h"

namespace fabrica::store {

namespace {

constexpr const char* private_schema = R"(
CREATE TABLE IF NOT EXISTS people(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens(id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,
  person INTEGER NOT NULL, label TEXT NOT NULL, read_only INTEGER NOT NULL, created INTEGER NOT NULL,
  expires INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS tokens_of_person ON tokens(person);
PRAGMA secure_delete=ON;
)";

Database open_private(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "private.db";
  Database database(file.string(), Database::Mode::read_write);
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  database.run(private_schema);
  return database;
}

TokenView token_row(const Statement& row) {
  return {row.number(0),
          federation::PersonId{row.number(1)},
          std::string(row.text(2)),
          row.integer(3) != 0,
          Time{row.integer(4)},
          Time{row.integer(5)}};
}

}  // namespace

PrivateStore::PrivateStore(const std::filesystem::path& directory)
    : database_(open_private(directory)),
      find_token_(
          database_,
          "SELECT id, person, label, read_only, created, expires FROM tokens WHERE hash=?") {}

void PrivateStore::put_person(federation::PersonId person, const PersonalData& about) {
  Statement put(database_, "INSERT OR REPLACE INTO people VALUES(?,?,?)");
  put.bind(1, person.value).bind(2, about.name).bind(3, about.email).run();
}

std::optional<PersonalData> PrivateStore::person(federation::PersonId person) {
  Statement row(database_, "SELECT name, email FROM people WHERE id=?");
  row.bind(1, person.value);
  if (!row.step()) return std::nullopt;
  return PersonalData{std::string(row.text(0)), std::string(row.text(1))};
}

void PrivateStore::erase_person(federation::PersonId person) {
  Statement drop(database_, "DELETE FROM people WHERE id=?");
  drop.bind(1, person.value).run();
  // The write-ahead journal would keep the old page until it is overwritten.
  database_.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::string PrivateStore::mint_token(federation::PersonId person, std::string_view label,
                                     bool read_only, Time now, Time expires) {
  Sha256 random;
  const int drawn = RAND_bytes(reinterpret_cast<unsigned char*>(random.bytes.data()), 32);
  CHECK(drawn == 1, "the system has random bytes");
  std::string token = "fab_" + to_string(random);
  const Sha256 hash = sha256(token);
  Statement insert(
      database_,
      "INSERT INTO tokens(hash, person, label, read_only, created, expires) VALUES(?,?,?,?,?,?)");
  insert.bind(1, std::span<const std::byte>(hash.bytes))
      .bind(2, person.value)
      .bind(3, label)
      .bind(4, read_only ? 1 : 0)
      .bind(5, now.ms)
      .bind(6, expires.ms)
      .run();
  return token;
}

std::optional<TokenView> PrivateStore::find_token(std::string_view token, Time now) {
  const Sha256 hash = sha256(token);
  find_token_.bind(1, std::span<const std::byte>(hash.bytes));
  std::optional<TokenView> found;
  if (find_token_.step()) found = token_row(find_token_);
  find_token_.reset();
  if (found && found->expires <= now) return std::nullopt;
  return found;
}

std::vector<TokenView> PrivateStore::tokens_of(federation::PersonId person) {
  Statement rows(database_,
                 "SELECT id, person, label, read_only, created, expires FROM tokens WHERE person=? "
                 "ORDER BY id LIMIT ?");
  rows.bind(1, person.value).bind(2, static_cast<std::uint64_t>(limits::page_rows_max));
  std::vector<TokenView> tokens;
  while (rows.step()) tokens.push_back(token_row(rows));
  return tokens;
}

std::optional<TokenView> PrivateStore::token(std::uint64_t id) {
  Statement row(database_,
                "SELECT id, person, label, read_only, created, expires FROM tokens WHERE id=?");
  row.bind(1, id);
  if (!row.step()) return std::nullopt;
  return token_row(row);
}

bool PrivateStore::revoke_token(federation::PersonId person, std::uint64_t id) {
  Statement drop(database_, "DELETE FROM tokens WHERE person=? AND id=? RETURNING id");
  drop.bind(1, person.value).bind(2, id);
  return drop.step();
}

bool PrivateStore::has_tokens() { return database_.number("SELECT count(*) FROM tokens") > 0; }

}  // namespace fabrica::store
