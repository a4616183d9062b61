#include "store/sqlite_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/engine.h"
#include "store/directory_lock.h"
#include "store/reader.h"
#include "store/verify.h"
#include "unit/store/fixture.h"

namespace fabrica::store {
namespace {

using test::TemporaryDirectory;

const auto no_progress = [](std::uint64_t, std::uint64_t) {};

TEST(SqliteLog, ReplayEqualsLiveWhateverTheGroups) {
  const test::World world = test::busy_world();
  for (const std::size_t group : {1UZ, 3UZ, 1'000UZ}) {
    const TemporaryDirectory directory;
    {
      SqliteLog log(directory.path());
      EXPECT_EQ(digest(test::append_all(log, world.log, group)), digest(world.state));
    }
    SqliteLog again(directory.path());
    EXPECT_EQ(again.last(), world.state.last);
    EXPECT_EQ(digest(test::replay(again)), digest(world.state));
  }
}

// Invariant 12.
TEST(SqliteLog, ReadTablesKeptUpEqualThoseRebuilt) {
  const test::World world = test::busy_world();
  for (const std::size_t group : {1UZ, 2UZ, 7UZ, 1'000UZ}) {
    const TemporaryDirectory directory;
    SqliteLog log(directory.path());
    test::append_all(log, world.log, group);
    const Verification found = verify(directory.path(), no_progress);
    EXPECT_TRUE(found.faults.empty()) << found.faults.front();
    EXPECT_EQ(found.events, world.log.size());
    EXPECT_EQ(found.state, digest(world.state));
  }
}

TEST(SqliteLog, VerifyFindsReadTablesThatDiffer) {
  const TemporaryDirectory directory;
  SqliteLog log(directory.path());
  test::append_all(log, test::busy_world().log, 5);
  for (const char* change : {"UPDATE jobs SET charged=charged+1 WHERE id=1",
                             "DELETE FROM lines WHERE id=(SELECT max(id) FROM lines)",
                             "INSERT INTO members VALUES(77,1)",
                             "UPDATE things SET view='{}' WHERE kind='site' AND id=1"}) {
    Database(SqliteLog::file_in(directory.path()).string(), Database::Mode::read_write).run(change);
    EXPECT_EQ(verify(directory.path(), no_progress).faults.size(), 1U) << change;
    // Put right again by a rebuild, which is what an operator would do.
    rebuild_tables(directory.path());
    EXPECT_TRUE(verify(directory.path(), no_progress).faults.empty()) << change;
  }
}

std::string runs_in(const std::vector<RunView>& runs) {
  std::string text;
  for (const RunView& run : runs) {
    text += fmt::format("{}{} of {}: {} {} {}", text.empty() ? "" : ", ", run.restarts, run.site_id,
                        run.charged.unit_ms() / 1'000, run.given_back.unit_ms() / 1'000,
                        run.owed.unit_ms() / 1'000);
  }
  return text;
}

// Charges, what was given back, and what is still owed, of each run by its name at the site.
TEST(SqliteLog, EachChargeIsOfARun) {
  test::World world = test::busy_world();
  const std::uint64_t last = world.state.jobs.last_job;
  world.must(test::north_operator,
             ledger::CorrectCharge{test::gpu_award, ComputeTime{60'000}, last - 1, "by hand"});
  const TemporaryDirectory directory;
  SqliteLog log(directory.path());
  test::append_all(log, world.log, 5);
  Reader reader(directory.path());
  const auto runs = [&](std::uint64_t job) { return runs_in(reader.job(jobs::JobId{job})->runs); };
  EXPECT_EQ(runs(last - 1), fmt::format("0 of {0}: 1200 0 0, 1 of {0}: 600 60 0", last + 99));
  EXPECT_EQ(runs(last), fmt::format("0 of {0}: 1200 0 0, 1 of {0}: 600 0 0", last + 100));
  EXPECT_EQ(runs(1), "") << "a site without books of its own";
  const auto all = reader.runs_of("north", Time{}, never, 100);
  EXPECT_EQ(all.size(), 5U) << "with one that its site forgot";
  EXPECT_EQ(reader.runs_of("south", Time{}, never, 100).size(), 0U);
  EXPECT_EQ(reader.runs_of("north", Time{}, never, 2).size(), 2U);
  EXPECT_TRUE(reader.has_ended(jobs::JobId{last}));
  EXPECT_FALSE(reader.has_ended(jobs::JobId{last + 1}));
}

TEST(SqliteLog, AnotherWriterIsTheReferee) {
  const TemporaryDirectory directory;
  const test::World world = test::busy_world();
  SqliteLog first(directory.path());
  SqliteLog second(directory.path());
  const std::size_t half = world.log.size() / 2;
  test::append_all(first,
                   {world.log.begin(), world.log.begin() + static_cast<std::ptrdiff_t>(half)}, 4);
  State stale;
  std::vector<Recorded> one{world.log.front()};
  apply(stale, one.front());
  EXPECT_EQ(second.append({Seq{}, one, {}, {}, stale}), Appended::behind);
  EXPECT_EQ(second.read(Seq{}, 10'000).size(), half);
}

TEST(SqliteLog, RepliesAndDocumentsAreKeptWithTheirEvents) {
  const TemporaryDirectory directory;
  const Document script{sha256("#!/bin/sh\n"), "#!/bin/sh\n"};
  const CommandId id{1, 2};
  Reply reply;
  {
    SqliteLog log(directory.path());
    Engine engine(log, policies::defaults());
    Envelope envelope;
    envelope.id = id;
    envelope.fingerprint = {3, 4};
    envelope.now = test::day_one;
    envelope.command = federation::Command{federation::RegisterPerson{}};
    envelope.documents = {script};
    const Result<Reply> done = engine.execute(envelope);
    ASSERT_TRUE(done.has_value());
    reply = *done;
  }
  SqliteLog log(directory.path());
  Engine engine(log, policies::defaults());
  Envelope again;
  again.id = id;
  again.fingerprint = {3, 4};
  again.command = federation::Command{federation::RegisterPerson{}};
  EXPECT_EQ(engine.execute(again).value(), reply);
  EXPECT_EQ(engine.state().federation.people.size(), 1U);
  again.fingerprint = {3, 5};
  EXPECT_EQ(engine.execute(again).error().code, refusal::command_id_reused);
  EXPECT_EQ(Reader(directory.path()).document(script.hash), script.bytes);
  EXPECT_EQ(Reader(directory.path()).document(sha256("other")), std::nullopt);
}

TEST(SqliteLog, FilesOfOthersAreRefusedAndLeftAlone) {
  const TemporaryDirectory directory;
  Database(SqliteLog::file_in(directory.path()).string(), Database::Mode::read_write)
      .run("CREATE TABLE recipes(name TEXT)");
  EXPECT_THROW(SqliteLog log(directory.path()), LogDamaged);
  const TemporaryDirectory other;
  test::write_file(SqliteLog::file_in(other.path()), std::string(5'000, 'x'));
  EXPECT_THROW(SqliteLog log(other.path()), LogDamaged);
  EXPECT_EQ(test::read_file(SqliteLog::file_in(other.path())), std::string(5'000, 'x'));
}

TEST(SqliteLog, ASnapshotSavesTheReplayAndIsNeverTrustedBlindly) {
  const TemporaryDirectory directory;
  const test::World world = test::busy_world();
  {
    SqliteLog log(directory.path());
    test::append_all(log, world.log, 10);
    log.keep_snapshot(world.state);
  }
  const std::string good = test::read_file(directory.path() / "snapshot");
  SqliteLog log(directory.path());
  State state;
  ASSERT_TRUE(log.load_snapshot(state));
  EXPECT_EQ(digest(state), digest(world.state));
  for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 200) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    test::write_file(directory.path() / "snapshot", flipped);
    State fresh;
    EXPECT_FALSE(log.load_snapshot(fresh)) << "byte " << at;
    test::write_file(directory.path() / "snapshot", good.substr(0, at));
    EXPECT_FALSE(log.load_snapshot(fresh)) << "cut at " << at;
  }
}

// The log of one history does not take the snapshot of another.
TEST(SqliteLog, ASnapshotOfAnotherLogIsNotTaken) {
  const TemporaryDirectory directory;
  const TemporaryDirectory other;
  test::World world = test::busy_world();
  SqliteLog log(directory.path());
  test::append_all(log, world.log, 10);
  log.keep_snapshot(world.state);
  world.log.front().at = world.log.front().at - seconds(1);
  SqliteLog second(other.path());
  test::append_all(second, world.log, 10);
  std::filesystem::copy_file(directory.path() / "snapshot", other.path() / "snapshot");
  State state;
  EXPECT_FALSE(second.load_snapshot(state));
}

TEST(DirectoryLock, OneProcessAtATime) {
  const test::TemporaryDirectory directory;
  {
    Result<DirectoryLock> first = DirectoryLock::take(directory.path());
    ASSERT_TRUE(first.has_value()) << first.error().text;
    const DirectoryLock kept = *std::move(first);
    const Result<DirectoryLock> second = DirectoryLock::take(directory.path());
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.error().text.find("another fabricad"), std::string::npos);
  }
  EXPECT_TRUE(DirectoryLock::take(directory.path()).has_value());
  EXPECT_FALSE(DirectoryLock::take("/nonexistent").has_value());
}

}  // namespace
}  // namespace fabrica::store
