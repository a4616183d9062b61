#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernel/ports.h"
#include "store/chain.h"
#include "store/checkpoints.h"
#include "store/codec.h"
#include "store/head_file.h"
#include "store/read_tables.h"
#include "store/sqlite.h"

namespace fabrica::store {

/// The log is not what was written: cut, changed, or of another program. The text says what was
/// found and what to do. Nothing was changed.
class LogDamaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The log in one SQLite file, `fabrica.db` in a directory, with the read tables, the kept replies
/// and the documents; every append is one transaction. One writer; readers use Reader on the same
/// file.
class SqliteLog : public EventLog {
 public:
  /// Opens or makes the log. Throws LogDamaged when the file is no log, or ends before what was
  /// acknowledged.
  explicit SqliteLog(std::filesystem::path directory);

  Appended append(const Append& group) override;
  std::vector<Recorded> read(Seq after, std::size_t limit) override;
  std::optional<KeptReply> reply_to(CommandId id) override;

  /// Takes the snapshot kept beside the log, when its checksum, its shape and the log's chain agree
  /// with it.
  bool load_snapshot(State& state) override;

  /// Keeps `state`, which is at the log's end, and drops replies older than limits::reply_kept.
  void keep_snapshot(const State& state);

  /// The chain's link at an event that is there; all zero at the log's beginning.
  Sha256 chain_at(Seq seq);

  Seq last() const { return last_; }
  const Sha256& head() const { return head_; }

  static std::filesystem::path file_in(const std::filesystem::path& directory) {
    return directory / "fabrica.db";
  }

 private:
  void write(const Append& group);
  void write_records(std::span<const Recorded> records, Sha256& head);
  void write_replies(const Append& group);
  void write_documents(std::span<const Document> documents);
  void check_head();
  Recorded decode_row(const Statement& row, const Link& link);

  std::filesystem::path directory_;
  Database database_;
  Checkpoints checkpoints_;
  HeadFile head_file_;
  std::optional<ReadTables> tables_;
  std::optional<Statement> insert_event_;
  std::optional<Statement> insert_reply_;
  std::optional<Statement> find_reply_;
  std::optional<Statement> insert_document_;
  std::optional<Statement> read_events_;
  Chain chain_;
  EncodedEvent encoded_;
  Seq last_;
  Sha256 head_;
  Seq verified_;  // the chain is known at this event
  Sha256 verified_head_;
};

}  // namespace fabrica::store
