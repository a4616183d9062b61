#include "store/sqlite.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include "store/journal_vfs.h"

namespace fabrica::store {

namespace {

[[noreturn]] void fail(sqlite3* handle, int code, std::string_view act) {
  const int primary = code & 0xff;
  const char* text = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  throw SqliteError(primary, fmt::format("{}: {}", act, text));
}

}  // namespace

bool SqliteError::is_constraint() const { return code_ == SQLITE_CONSTRAINT; }

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Database::Database(const std::string& path, Mode mode) {
  // Before its first use only: SQLite would count every byte it allocates, under a lock.
  [[maybe_unused]] static const int quiet = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI |
      (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags,
                                   mode == Mode::read_only ? nullptr : journal_vfs());
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(handle, code, "open " + path);
  sqlite3_busy_timeout(handle, 10'000);
  // Small allocations of statements, more than the default of 40 x 1,200 bytes.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 1'200, 256);
  run("PRAGMA mmap_size=1073741824");
  run("PRAGMA cache_size=-32768");
  if (mode == Mode::read_only) return;
  run(fmt::format("PRAGMA page_size={}", page_bytes));
  run("PRAGMA journal_mode=WAL");
  run("PRAGMA synchronous=FULL");
  run("PRAGMA journal_size_limit=67108864");
}

void Database::run(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_.get(), code, sql.substr(0, 60));
}

std::int64_t Database::number(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(const Database& database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) fail(database.handle(), code, sql.substr(0, 60));
}

Statement& Statement::bind(int place, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), place, value);
  return *this;
}

Statement& Statement::bind(int place, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), place, text.data() != nullptr ? text.data() : "",
                      text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int place, std::span<const std::byte> blob) {
  sqlite3_bind_blob64(statement_.get(), place, blob.data(), blob.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int place) {
  sqlite3_bind_null(statement_.get(), place);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* handle = sqlite3_db_handle(statement_.get());
  const std::string act(std::string_view(sqlite3_sql(statement_.get())).substr(0, 60));
  const std::string text = sqlite3_errmsg(handle);
  sqlite3_reset(statement_.get());
  throw SqliteError(code & 0xff, fmt::format("{}: {}", act, text));
}

void Statement::run() {
  while (step()) {
  }
  sqlite3_reset(statement_.get());
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::byte> Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  return {static_cast<const std::byte*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Transaction::~Transaction() {
  if (!open_) return;
  sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace fabrica::store
