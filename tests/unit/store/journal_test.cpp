#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <optional>

#include "store/checkpoints.h"
#include "store/sqlite.h"
#include "unit/store/fixture.h"

namespace fabrica::store {
namespace {

using test::TemporaryDirectory;

struct Written {
  TemporaryDirectory directory;
  std::filesystem::path file = directory.path() / "written.db";
  Database database{file.string(), Database::Mode::read_write};

  Written() { database.run("CREATE TABLE rows(id INTEGER PRIMARY KEY, text TEXT)"); }

  void add(int rows) {
    Transaction transaction(database);
    Statement insert(database, "INSERT INTO rows(text) VALUES(?)");
    const std::string text(500, 'x');
    for (int i = 0; i < rows; ++i) insert.bind(1, text).run();
    transaction.commit();
  }
  std::int64_t seen_by_another() const {
    return Database(file.string(), Database::Mode::read_only).number("SELECT count(*) FROM rows");
  }
  // How often the journal was begun anew: bytes 12 to 15 of its header, big endian.
  std::uint32_t beginnings() const {
    std::array<char, 16> header{};
    std::ifstream(file.string() + "-wal", std::ios::binary).read(header.data(), header.size());
    std::uint32_t count = 0;
    for (std::size_t i = 12; i < 16; ++i)
      count = count << 8U | static_cast<unsigned char>(header[i]);
    return count;
  }
};

TEST(Journal, WhatIsCommittedIsThereForOthersAndAfterwards) {
  Written written;
  for (const int rows : {1, 3, 40, 1, 2'000}) written.add(rows);
  EXPECT_EQ(written.seen_by_another(), 2'045);
  EXPECT_EQ(written.database.number("SELECT count(*) FROM rows"), 2'045);
}

TEST(Journal, PagesThatLeaveTheCacheBeforeTheCommitAreReadBackAndStayUnseen) {
  Written written;
  written.add(10);
  written.database.run("PRAGMA cache_size=10");
  written.database.run("BEGIN IMMEDIATE");
  written.database.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000) "
      "INSERT INTO rows(text) SELECT hex(zeroblob(200)) FROM n");
  EXPECT_EQ(written.database.number("SELECT count(*) FROM rows"), 3'010);
  EXPECT_EQ(written.database.number("SELECT sum(length(text)) FROM rows"), 10 * 500 + 3'000 * 400);
  EXPECT_EQ(written.seen_by_another(), 10);
  written.database.run("ROLLBACK");
  EXPECT_EQ(written.database.number("SELECT count(*) FROM rows"), 10);
  written.add(5);
  EXPECT_EQ(written.seen_by_another(), 15);
}

// Without the writer's own part the journal grows for as long as the writer is busy.
TEST(Journal, IsBegunAnewBesideAWriterThatNeverPauses) {
  Written written;
  Checkpoints checkpoints(written.database, written.file);
  const std::uint32_t before = written.beginnings();
  int commits = 0;
  while (written.beginnings() < before + 3 && commits < 100'000) {
    written.add(4);
    checkpoints.after_commit();
    commits += 1;
  }
  EXPECT_GE(written.beginnings(), before + 3);
  EXPECT_EQ(written.seen_by_another(), 4 * commits);
}

TEST(Journal, AReaderOfAnOldViewKeepsItsViewAndOnlyDelaysTheBeginning) {
  Written written;
  Checkpoints checkpoints(written.database, written.file);
  written.add(7);
  std::optional<Database> reader(std::in_place, written.file.string(), Database::Mode::read_only);
  reader->run("BEGIN");
  ASSERT_EQ(reader->number("SELECT count(*) FROM rows"), 7);
  const std::uint32_t before = written.beginnings();
  for (int commits = 0; commits < 3'000; ++commits) {
    written.add(2);
    checkpoints.after_commit();
  }
  EXPECT_EQ(written.beginnings(), before);
  EXPECT_EQ(reader->number("SELECT count(*) FROM rows"), 7);
  reader.reset();
  for (int commits = 0; written.beginnings() == before && commits < 100'000; ++commits) {
    written.add(2);
    checkpoints.after_commit();
  }
  EXPECT_GT(written.beginnings(), before);
}

}  // namespace
}  // namespace fabrica::store
