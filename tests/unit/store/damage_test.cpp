#include <gtest/gtest.h>

#include "store/verify.h"
#include "unit/store/fixture.h"

/// What must never happen: a log that was cut or changed and yields another state without a word.
namespace fabrica::store {
namespace {

using test::TemporaryDirectory;

enum class Found : std::uint8_t { refused, same };

// Opens a copy with one change made to it. Anything but the same state or a refusal fails the test.
Found open_changed(const std::filesystem::path& copy, const Digest& right) {
  try {
    SqliteLog log(copy);
    EXPECT_EQ(digest(test::replay(log)), right) << "silently another state";
    return Found::same;
  } catch (const LogDamaged& damaged) {
    EXPECT_GT(std::string_view(damaged.what()).size(), 40U) << "the message says what to do";
    return Found::refused;
  }
}

// The normal run tries some places; FABRICA_EVERY_BYTE=1 tries every one, which takes half an hour.
std::size_t every(std::size_t places) {
  return std::getenv("FABRICA_EVERY_BYTE") != nullptr ? 1 : places;
}

struct Kept {
  TemporaryDirectory directory;
  std::string database;
  std::string journal;
  std::string head;
  Digest right;
};

// With `flushed`, all is in the database file; without, most is in the write-ahead journal, as
// after a crash.
void fill(Kept& kept, bool flushed) {
  const test::World world = test::busy_world();
  kept.right = digest(world.state);
  const std::filesystem::path file = SqliteLog::file_in(kept.directory.path());
  std::optional<SqliteLog> log(kept.directory.path());
  test::append_all(*log, world.log, 40);
  if (flushed) log.reset();
  kept.database = test::read_file(file);
  kept.journal = flushed ? "" : test::read_file(file.string() + "-wal");
  kept.head = test::read_file(kept.directory.path() / "head");
}

Found open_copy(const Kept& kept, const std::string& database, const std::string& journal) {
  const TemporaryDirectory copy;
  const std::filesystem::path file = SqliteLog::file_in(copy.path());
  test::write_file(file, database);
  if (!journal.empty()) test::write_file(file.string() + "-wal", journal);
  test::write_file(copy.path() / "head", kept.head);
  return open_changed(copy.path(), kept.right);
}

TEST(Damage, TheFileCutAnywhereIsRefused) {
  Kept kept;
  fill(kept, true);
  EXPECT_EQ(open_copy(kept, kept.database, ""), Found::same);
  for (std::size_t length = 1; length < kept.database.size(); length += every(997)) {
    EXPECT_EQ(open_copy(kept, kept.database.substr(0, length), ""), Found::refused)
        << "cut at " << length;
  }
}

TEST(Damage, TheJournalCutAnywhereIsRefused) {
  Kept kept;
  fill(kept, false);
  EXPECT_EQ(open_copy(kept, kept.database, kept.journal), Found::same);
  const std::size_t step = every(1 + kept.journal.size() / 150);
  for (std::size_t length = 0; length < kept.journal.size(); length += step) {
    EXPECT_EQ(open_copy(kept, kept.database, kept.journal.substr(0, length)), Found::refused)
        << "cut at " << length;
  }
}

TEST(Damage, AFlippedByteIsRefusedOrHarmless) {
  Kept kept;
  fill(kept, true);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < kept.database.size(); at += every(331)) {
    std::string flipped = kept.database;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x04);
    if (open_copy(kept, flipped, "") == Found::refused) refused += 1;
  }
  EXPECT_GT(refused, 20U) << "the events are a good part of the file";
}

TEST(Damage, EveryByteOfAnEventIsGuarded) {
  Kept kept;
  fill(kept, true);
  const std::string body = R"("text":"a node failed"})";
  const std::size_t event = kept.database.find(body);
  ASSERT_NE(event, std::string::npos);
  for (std::size_t at = event; at < event + body.size(); ++at) {
    std::string flipped = kept.database;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x01);
    EXPECT_EQ(open_copy(kept, flipped, ""), Found::refused)
        << "byte " << at - event << " of the event's text";
  }
}

TEST(Damage, ALostTailIsToldEvenWhenTheFileIsSound) {
  const TemporaryDirectory directory;
  const test::World world = test::busy_world();
  {
    SqliteLog log(directory.path());
    test::append_all(log, world.log, 3);
  }
  Database(SqliteLog::file_in(directory.path()).string(), Database::Mode::read_write)
      .run("DELETE FROM events WHERE seq>(SELECT max(seq)-2 FROM events)");
  try {
    SqliteLog log(directory.path());
    FAIL() << "two acknowledged events are missing";
  } catch (const LogDamaged& damaged) {
    EXPECT_NE(std::string_view(damaged.what()).find("2 events are missing"), std::string_view::npos)
        << damaged.what();
  }
}

TEST(Damage, AMissingOrBrokenHeadFileIsNoAlarm) {
  const TemporaryDirectory directory;
  const test::World world = test::busy_world();
  {
    SqliteLog log(directory.path());
    test::append_all(log, world.log, 3);
  }
  for (const std::string& head : {std::string(), std::string("nonsense"), std::string(118, '0')}) {
    test::write_file(directory.path() / "head", head);
    EXPECT_EQ(open_changed(directory.path(), digest(world.state)), Found::same);
  }
}

}  // namespace
}  // namespace fabrica::store
