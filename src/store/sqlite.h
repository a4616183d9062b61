#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// The few things we need of SQLite. Errors are exceptions of this adapter and never leave store/.
namespace fabrica::store {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& text) : std::runtime_error(text), code_(code) {}
  /// SQLite's primary result code.
  int code() const { return code_; }
  bool is_constraint() const;

 private:
  int code_;
};

/// One connection, for one thread at a time.
class Database {
 public:
  enum class Mode : std::uint8_t { read_write, read_only };
  static constexpr std::size_t page_bytes = 2048;  // of files made here

  /// Opens the file, made when absent in read_write mode. WAL journal, synchronous=FULL: what is
  /// committed is on the disk.
  Database(const std::string& path, Mode mode);

  void run(const std::string& sql);
  std::int64_t number(const std::string& sql);
  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement. Bind by place from 1; texts and blobs must live until the next `reset`.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  Statement& bind(int place, std::int64_t value);
  Statement& bind(int place, std::uint64_t value) {
    return bind(place, static_cast<std::int64_t>(value));
  }
  Statement& bind(int place, int value) { return bind(place, static_cast<std::int64_t>(value)); }
  Statement& bind(int place, unsigned value) {
    return bind(place, static_cast<std::int64_t>(value));
  }
  Statement& bind(int place, std::string_view text);
  Statement& bind(int place, const char* text) { return bind(place, std::string_view(text)); }
  Statement& bind(int place, std::span<const std::byte> blob);
  Statement& bind_null(int place);

  /// True when there is a row to read.
  bool step();
  /// Steps a statement that yields no rows, and makes it ready again.
  void run();
  void reset();

  std::int64_t integer(int column) const;
  std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  /// Good until the next step or reset.
  std::string_view text(int column) const;
  std::span<const std::byte> blob(int column) const;
  bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {
    database_.run("BEGIN IMMEDIATE");
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace fabrica::store
