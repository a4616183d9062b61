#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "base/type_name.h"
#include "store/chain.h"
#include "store/codec.h"
#include "unit/store/fixture.h"

/// Logs of earlier releases, kept as text in tests/golden: a line for each event (number, time,
/// actor, type, version, body), then the chain and the digest of State. They are written once and
/// never changed: what is in a log today must mean the same for ever. A release with new kinds of
/// events adds a file:
///   FABRICA_WRITE_GOLDEN=tests/golden/NAME.log ./dev test unit/store 'Golden.*'
namespace fabrica::store {
namespace {

namespace fs = std::filesystem;

struct Golden {
  Sha256 chain;
  State state;
  std::set<std::string> types;
  std::string expected_chain;
  std::string expected_state;
};

// Replays one line; the last two name what must have come of all.
void take_line(Golden& golden, const std::string& line, Chain& chain) {
  std::istringstream words(line);
  std::string first;
  words >> first;
  if (first == "chain") return void(words >> golden.expected_chain);
  if (first == "state") return void(words >> golden.expected_state);
  Recorded recorded;
  recorded.seq = Seq{std::stoull(first)};
  std::string type;
  std::int64_t version = 0;
  words >> recorded.at.ms >> recorded.actor.value >> type >> version;
  std::string body;
  words.get();
  std::getline(words, body);
  const Link link{recorded.seq, recorded.at, recorded.cause, recorded.actor.value, type,
                  version,      body};
  golden.chain = chain.next(golden.chain, link);
  Result<Event> event = decode(type, version, body);
  ASSERT_TRUE(event.has_value()) << line << "\n" << event.error().text;
  recorded.event = *std::move(event);
  apply(golden.state, recorded);
  golden.types.insert(type);
}

Golden replay_of(const fs::path& file) {
  Golden golden;
  Chain chain;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) take_line(golden, line, chain);
  }
  return golden;
}

void write_golden(const fs::path& file) {
  std::ofstream out(file);
  Chain chain;
  Sha256 head;
  State state;
  EncodedEvent encoded;
  for (const Recorded& recorded : test::busy_world().log) {
    encode(recorded.event, encoded);
    const Link link{recorded.seq, recorded.at,     recorded.cause, recorded.actor.value,
                    encoded.type, encoded.version, encoded.body};
    head = chain.next(head, link);
    apply(state, recorded);
    out << fmt::format("{} {} {} {} {} {}\n", recorded.seq.value, recorded.at.ms,
                       recorded.actor.value, encoded.type, encoded.version, encoded.body);
  }
  out << "chain " << to_string(head) << "\nstate " << to_string(digest(state)) << "\n";
}

std::vector<fs::path> golden_logs() {
  const char* root = std::getenv("FABRICA_SOURCE_DIR");
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(root == nullptr ? "." : root) / "tests/golden")) {
    files.push_back(entry.path());
  }
  return files;
}

template <class Area>
void add_types(std::set<std::string>& types) {
  [&]<class... E>(const std::variant<E...>*) {
    (types.emplace(type_name<E>()), ...);
  }(static_cast<const Area*>(nullptr));
}

TEST(Golden, OldLogsReplayToTheirStoredDigests) {
  if (const char* file = std::getenv("FABRICA_WRITE_GOLDEN")) write_golden(file);
  const std::vector<fs::path> files = golden_logs();
  ASSERT_FALSE(files.empty());
  for (const fs::path& file : files) {
    const Golden golden = replay_of(file);
    EXPECT_EQ(to_string(golden.chain), golden.expected_chain) << file;
    EXPECT_EQ(to_string(digest(golden.state)), golden.expected_state) << file;
    EXPECT_EQ(broken_invariant(golden.state), "") << file;
  }
}

TEST(Golden, EveryKindOfEventIsKept) {
  std::set<std::string> kept;
  for (const fs::path& file : golden_logs()) kept.merge(replay_of(file).types);
  std::set<std::string> known;
  add_types<federation::Event>(known);
  add_types<ledger::Event>(known);
  add_types<calls::Event>(known);
  add_types<jobs::Event>(known);
  EXPECT_EQ(kept, known);
}

}  // namespace
}  // namespace fabrica::store
