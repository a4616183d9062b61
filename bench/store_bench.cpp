#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "scene.h"
#include "store/codec.h"
#include "store/sqlite.h"
#include "store/sqlite_log.h"

/// Durable commands beside what the disk and SQLite themselves can do with the same bytes, in one
/// run. Limits: alone at least 0.7 of bare appends with fdatasync; in groups of 16 and 256 at least
/// 0.5 of bare inserts into one table in the same groups.
namespace fabrica::bench {
namespace {

class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::current_path() / "bench-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a directory on this disk");
    path_ = pattern;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What one transfer leaves in the log: its body, type and chain.
std::string record_of_transfer() {
  store::EncodedEvent encoded;
  store::encode(Event{ledger::Event{ledger::Transferred{pool, award, ComputeTime{1'000}, ""}}},
                encoded);
  return encoded.body + std::string(encoded.type) + std::string(32 + 24, 'x');
}

void bare_append_fdatasync(benchmark::State& run) {
  const Directory directory;
  const std::string bytes = record_of_transfer();
  const int file = ::open((directory.path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  for (auto _ : run) {
    CHECK(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
          "written");
    CHECK(::fdatasync(file) == 0, "synced");
  }
  ::close(file);
  run.SetItemsProcessed(run.iterations());
}
BENCHMARK(bare_append_fdatasync)->UseRealTime();

void bare_sqlite_insert(benchmark::State& run) {
  const Directory directory;
  const std::string bytes = record_of_transfer();
  // SQLite with the system's own file layer, as it comes.
  store::Database database("file:" + (directory.path() / "bare.db").string() + "?vfs=unix",
                           store::Database::Mode::read_write);
  database.run("PRAGMA wal_autocheckpoint=1000");
  database.run("CREATE TABLE bare(seq INTEGER PRIMARY KEY, bytes TEXT)");
  store::Statement insert(database, "INSERT INTO bare(bytes) VALUES(?)");
  for (auto _ : run) {
    store::Transaction transaction(database);
    for (std::int64_t i = 0; i < run.range(0); ++i) insert.bind(1, bytes).run();
    transaction.commit();
  }
  run.SetItemsProcessed(run.iterations() * run.range(0));
}
BENCHMARK(bare_sqlite_insert)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

template <class Make>
void durable(benchmark::State& run, Make make, const char* label) {
  const Directory directory;
  store::SqliteLog log(directory.path());
  Engine engine(log, policies::defaults());
  for (const Envelope& asked : opening())
    CHECK(engine.execute(asked).has_value(), "the opening is accepted");
  std::uint64_t number = 0;
  std::vector<Envelope> group;
  for (auto _ : run) {
    group.clear();
    for (std::int64_t i = 0; i < run.range(0); ++i) group.push_back(make(number++));
    for (const Result<Reply>& reply : engine.execute(group)) CHECK(reply.has_value(), "accepted");
  }
  run.SetItemsProcessed(static_cast<std::int64_t>(number));
  run.SetLabel(label);
}

void durable_transfer(benchmark::State& run) {
  durable(
      run, transfer,
      run.range(0) == 1 ? "limit 0.7 x bare_append_fdatasync" : "limit 0.5 x bare_sqlite_insert");
}
BENCHMARK(durable_transfer)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

void durable_submit(benchmark::State& run) {
  durable(run, submit, "three events, a job and a line each");
}
BENCHMARK(durable_submit)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

// Start on a log of 1,000,000 events: limit 5 s without a snapshot, 1.5 s with one.
void start_on_a_million_events(benchmark::State& run) {
  const Directory directory;
  {
    store::SqliteLog log(directory.path());
    Engine engine(log, policies::defaults());
    for (const Envelope& asked : opening())
      CHECK(engine.execute(asked).has_value(), "the opening is accepted");
    std::vector<Envelope> group;
    for (std::uint64_t number = 1; engine.state().last.value < 1'000'000;) {
      group.clear();
      for (int i = 0; i < 500; ++i, ++number) {
        group.push_back(submit(number));
        group.push_back(report(number));
      }
      engine.execute(group);
    }
    if (run.range(0) == 1) log.keep_snapshot(engine.state());
  }
  for (auto _ : run) {
    store::SqliteLog log(directory.path());
    const Engine engine(log, policies::defaults());
    CHECK(engine.state().last.value >= 1'000'000, "all events are there");
  }
  run.SetLabel(run.range(0) == 1 ? "with a snapshot, limit 1.5 s"
                                 : "without a snapshot, limit 5 s");
}
BENCHMARK(start_on_a_million_events)
    ->Arg(0)
    ->Arg(1)
    ->Iterations(1)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

}  // namespace
}  // namespace fabrica::bench
