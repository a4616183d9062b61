#include "kernel/engine.h"

#include <gtest/gtest.h>

#include "unit/support/doubtful_log.h"
#include "unit/support/world.h"

namespace fabrica::test {
namespace {

using federation::OpenProject;
using federation::RegisterCountry;

constexpr CommandId first_id{0, 1}, second_id{0, 2}, no_id{};
constexpr Digest body{1, 1}, other_body{2, 2};

Envelope envelope(CommandId id, PersonId actor, Command command, Digest fingerprint = body) {
  return {id, fingerprint, actor, day_one, std::move(command), {}};
}

OpenProject open_project(std::string title) { return {std::move(title), start_up}; }

Command country(std::string name) {
  return RegisterCountry{{"FI", std::move(name), federation::CountryRole::member_state, ""}};
}

/// A log that holds the small consortium, and its last event.
void fill(EventLog& log) {
  const World world = consortium();
  ASSERT_EQ(log.append({Seq{}, world.log, {}, {}, world.state}), Appended::yes);
}

std::string in_words(const Result<Reply>& result) {
  return result ? fmt::format("{} at {}", result->id, result->seq.value)
                : answer_of(result.error());
}

/// Checks that what the engine knows is what a fresh one reads from the log.
void expect_as_replayed(DoubtfulLog& log, const Engine& engine) {
  const Engine fresh(log, policies::defaults());
  EXPECT_EQ(to_string(digest(fresh.state())), to_string(digest(engine.state())));
  EXPECT_EQ(broken_invariant(engine.state()), "");
}

struct AskCase {
  std::string_view what;
  Envelope envelope;
  std::string_view answer;
  std::size_t events;  // in the log, beyond those of the consortium
  std::source_location where = std::source_location::current();
};

void ask_in_turn(std::initializer_list<AskCase> cases) {
  DoubtfulLog log;
  fill(log);
  const std::size_t before = log.records().size();
  Engine engine(log, policies::defaults());
  for (const AskCase& one : cases) {
    std::string answer = in_words(engine.execute(one.envelope));
    if (const auto at = answer.find(" at "); at != std::string::npos) {
      answer = fmt::format("{} at +{}", answer.substr(0, at),
                           std::stoul(answer.substr(at + 4)) - before);
    }
    expect_answer(answer, one.answer, one.what, one.where);
    expect_answer(log.records().size() - before, one.events, one.what, one.where);
    expect_as_replayed(log, engine);
  }
}

TEST(Engine, TheSameIdGetsTheSameReply) {
  ask_in_turn({{"the first time", envelope(first_id, lead, open_project("A")), "3 at +1", 1},
               {"again", envelope(first_id, lead, open_project("A")), "3 at +1", 1},
               {"another body", envelope(first_id, lead, open_project("A"), other_body),
                "command_id_reused Idempotency-Key", 1},
               {"the body is told by its fingerprint", envelope(first_id, lead, open_project("B")),
                "3 at +1", 1},
               {"another id", envelope(second_id, lead, open_project("A")), "4 at +2", 2},
               {"the first again", envelope(first_id, lead, open_project("A")), "3 at +1", 2},
               {"without an id", envelope(no_id, lead, open_project("A")), "5 at +3", 3},
               {"each is new", envelope(no_id, lead, open_project("A")), "6 at +4", 4}});
}

TEST(Engine, ACommandThatChangesNothingIsAnsweredToo) {
  ask_in_turn(
      {{"a fact", envelope(first_id, admin, country("Finland")), "0 at +1", 1},
       {"known already", envelope(second_id, admin, country("Finland")), "0 at +1", 1},
       {"another fact", envelope(no_id, admin, country("Suomi")), "0 at +2", 2},
       {"the reply stays as it was", envelope(second_id, admin, country("Finland")), "0 at +1", 2},
       {"nothing without an id", envelope(no_id, admin, country("Suomi")), "0 at +2", 2}});
}

TEST(Engine, ARefusedCommandLeavesNoTrace) {
  ask_in_turn({{"refused", envelope(first_id, lead, country("Finland")), "forbidden", 0},
               {"its id is still free", envelope(first_id, lead, open_project("A"), other_body),
                "3 at +1", 1},
               {"and then taken", envelope(first_id, lead, country("Finland")),
                "command_id_reused Idempotency-Key", 1}});
}

TEST(Engine, GroupsAnswerInOrder) {
  DoubtfulLog log;
  fill(log);
  const std::size_t before = log.records().size();
  const std::size_t asked = log.asked;
  Engine engine(log, policies::defaults());
  const Envelope group[] = {envelope(first_id, lead, open_project("A")),
                            envelope(no_id, lead, country("Finland")),
                            envelope(first_id, lead, open_project("A")),
                            envelope(first_id, lead, open_project("A"), other_body),
                            envelope(second_id, rival, open_project("B")),
                            envelope(no_id, admin, federation::AddMember{ProjectId{3}, rival}),
                            envelope(no_id, rival, federation::AddMember{ProjectId{3}, member})};
  std::string answers;
  for (const auto& result : engine.execute(group)) answers += in_words(result) + ", ";
  EXPECT_EQ(
      answers,
      fmt::format("3 at {0}, forbidden, 3 at {0}, command_id_reused Idempotency-Key, 4 at {1}, "
                  "0 at {2}, forbidden project, ",
                  before + 1, before + 2, before + 3));
  EXPECT_EQ(log.asked, asked + 1) << "a group is one append";
  EXPECT_EQ(log.records().size(), before + 3);
  EXPECT_EQ(log.records().back().actor, admin);
  expect_as_replayed(log, engine);
  EXPECT_TRUE(engine.execute(std::span<const Envelope>{}).empty());
  EXPECT_EQ(log.asked, asked + 1) << "nothing to append";
}

TEST(Engine, DocumentsComeWithTheirCommand) {
  DoubtfulLog log;
  fill(log);
  Engine engine(log, policies::defaults());
  Sha256 hash;
  hash.bytes[0] = std::byte{7};
  Envelope refused = envelope(first_id, lead, country("Finland"));
  refused.documents = {{hash, "a text"}};
  EXPECT_FALSE(engine.execute(refused).has_value());
  EXPECT_TRUE(log.documents().empty());
  Envelope accepted = envelope(first_id, lead, open_project("A"));
  accepted.documents = {{hash, "a text"}};
  EXPECT_TRUE(engine.execute(accepted).has_value());
  EXPECT_EQ(log.documents().at(hash), "a text");
}

struct DoubtCase {
  std::string_view what;
  CommandId id;
  std::deque<Mood> moods;
  std::string_view answer;
  std::size_t projects;  // opened in the end
  std::source_location where = std::source_location::current();
};

// Whatever the log says, the project is opened once, and the reply is right.
TEST(Engine, ALogThatGivesNoClearAnswer) {
  constexpr Mood kept = Mood::kept_in_doubt;
  constexpr Mood lost = Mood::lost_in_doubt;
  const std::deque<Mood> nine(9, lost);
  const std::deque<Mood> ten(10, lost);
  std::deque<Mood> kept_last = nine;
  kept_last.push_back(kept);
  for (const DoubtCase& one :
       std::vector<DoubtCase>{{"clear", first_id, {}, "3", 1},
                              {"kept", first_id, {kept}, "3", 1},
                              {"kept, and nobody can ask again", no_id, {kept}, "3", 1},
                              {"lost", first_id, {lost}, "3", 1},
                              {"lost without an id", no_id, {lost}, "3", 1},
                              {"lost, then kept", first_id, {lost, lost, kept}, "3", 1},
                              {"the same without an id", no_id, {lost, lost, kept}, "3", 1},
                              {"nine times lost", first_id, nine, "3", 1},
                              {"kept the tenth time", no_id, kept_last, "3", 1},
                              {"ten times lost", first_id, ten, "unavailable", 0}}) {
    DoubtfulLog log;
    fill(log);
    Engine engine(log, policies::defaults());
    log.moods = one.moods;
    const auto opened = [&] { return engine.state().federation.last_project - 2; };
    const Result<Reply> result = engine.execute(envelope(one.id, lead, open_project("A")));
    expect_answer(result ? fmt::format("{}", result->id) : answer_of(result.error()), one.answer,
                  one.what, one.where);
    expect_answer(opened(), one.projects, one.what, one.where);
    expect_as_replayed(log, engine);
    EXPECT_TRUE(log.moods.empty()) << one.what << ": each answer was taken";
    // Asking again under the same id is safe.
    if (!one.id) continue;
    EXPECT_EQ(engine.execute(envelope(one.id, lead, open_project("A")))->id, 3U) << one.what;
    EXPECT_EQ(opened(), 1U) << one.what;
    expect_as_replayed(log, engine);
  }
}

// A doubtful answer to a group: refused ones stay refused, none is done twice.
TEST(Engine, AGroupInDoubt) {
  for (const Mood mood : {Mood::kept_in_doubt, Mood::lost_in_doubt}) {
    DoubtfulLog log;
    fill(log);
    Engine engine(log, policies::defaults());
    log.moods = {mood};
    const Envelope group[] = {envelope(first_id, lead, open_project("A")),
                              envelope(no_id, lead, country("Finland")),
                              envelope(no_id, rival, open_project("B"))};
    const auto results = engine.execute(group);
    EXPECT_EQ(results[0]->id, 3U);
    EXPECT_EQ(answer_of(results[1].error()), "forbidden");
    EXPECT_EQ(results[2]->id, 4U);
    EXPECT_EQ(engine.state().federation.last_project, 4U);
    expect_as_replayed(log, engine);
  }
}

// The reply to a command without events is kept too, in doubt or not.
TEST(Engine, ACommandWithoutEventsInDoubt) {
  for (const Mood mood : {Mood::kept_in_doubt, Mood::lost_in_doubt}) {
    DoubtfulLog log;
    fill(log);
    Engine engine(log, policies::defaults());
    log.moods = {mood};
    const Envelope known = envelope(first_id, lead, federation::AddMember{project, member});
    const Result<Reply> reply = engine.execute(known);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(engine.execute(envelope(no_id, rival, open_project("B")))->id, 3U);
    EXPECT_EQ(in_words(engine.execute(known)), in_words(reply));
    EXPECT_TRUE(log.reply_to(first_id).has_value());
    expect_as_replayed(log, engine);
  }
}

struct BehindCase {
  std::string_view what;
  Envelope others;  // what another writer has done meanwhile
  Mood mood;
  std::string_view answer;
  std::size_t projects;
  std::source_location where = std::source_location::current();
};

// Who loses catches up and decides again, on what the other one has made of the world.
TEST(Engine, AnotherWriterWasFaster) {
  for (const BehindCase& one :
       {BehindCase{"numbers are minted anew", envelope(second_id, rival, open_project("B")),
                   Mood::clear, "4", 4},
        BehindCase{"also in doubt", envelope(second_id, rival, open_project("B")),
                   Mood::lost_in_doubt, "4", 4},
        BehindCase{"behind and in doubt", envelope(second_id, rival, open_project("B")),
                   Mood::kept_in_doubt, "4", 4},
        BehindCase{"the same command elsewhere", envelope(first_id, lead, open_project("A")),
                   Mood::clear, "3", 3},
        BehindCase{"the same id elsewhere", envelope(first_id, lead, open_project("C"), other_body),
                   Mood::clear, "command_id_reused Idempotency-Key", 3}}) {
    DoubtfulLog log;
    fill(log);
    Engine engine(log, policies::defaults());
    log.another_writer = [&](EventLog& inner) {
      Engine other(inner, policies::defaults());
      EXPECT_TRUE(other.execute(one.others).has_value());
    };
    log.moods = {one.mood};
    const Result<Reply> result = engine.execute(envelope(first_id, lead, open_project("A")));
    expect_answer(result ? fmt::format("{}", result->id) : answer_of(result.error()), one.answer,
                  one.what, one.where);
    expect_answer(engine.state().federation.last_project, one.projects, one.what, one.where);
    expect_as_replayed(log, engine);
  }
}

// What was allowed when it was asked may be refused by the time it is written.
TEST(Engine, AnotherWriterTookTheRight) {
  DoubtfulLog log;
  fill(log);
  Engine engine(log, policies::defaults());
  log.another_writer = [](EventLog& inner) {
    Engine other(inner, policies::defaults());
    EXPECT_TRUE(other.execute(envelope(no_id, the_system, federation::AssignRoles{admin, {}, {}}))
                    .has_value());
  };
  EXPECT_EQ(in_words(engine.execute(envelope(first_id, admin, country("Finland")))), "forbidden");
  EXPECT_FALSE(engine.state().federation.countries.contains("FI"));
  expect_as_replayed(log, engine);
}

TEST(Engine, TimeNeverGoesBack) {
  DoubtfulLog log;
  fill(log);
  Engine engine(log, policies::defaults());
  for (const auto& [now, at] :
       {std::pair{day_one + hours(2), day_one + hours(2)},
        std::pair{day_one + hours(1), day_one + hours(2)}, std::pair{Time{}, day_one + hours(2)},
        std::pair{day_one + hours(3), day_one + hours(3)}}) {
    Envelope asked = envelope(no_id, lead, open_project("A"));
    asked.now = now;
    ASSERT_TRUE(engine.execute(asked).has_value());
    EXPECT_EQ(log.records().back().at, at);
    EXPECT_EQ(engine.state().now, at);
  }
}

// A log of several pages is read to its end.
TEST(Engine, RecoversALongLog) {
  DoubtfulLog log;
  fill(log);
  Engine engine(log, policies::defaults());
  std::vector<Envelope> group(2'100, envelope(no_id, admin, country("Finland")));
  for (std::size_t i = 0; i < group.size(); ++i)
    group[i].command = country(i % 2 == 0 ? "Finland" : "Suomi");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(engine.execute(group).back().has_value());
  EXPECT_GT(log.records().size(), 2 * 4'096U);
  expect_as_replayed(log, engine);
}

// A snapshot saves the reading of what is in it; one that cannot be read leaves nothing behind.
TEST(Engine, RecoversFromASnapshot) {
  DoubtfulLog log;
  fill(log);
  Engine engine(log, policies::defaults());
  const State kept = engine.state();
  ASSERT_TRUE(engine.execute(envelope(no_id, lead, open_project("A"))).has_value());
  log.snapshot = [&](State& state) {
    state = kept;
    return true;
  };
  expect_as_replayed(log, engine);
  log.snapshot = [&](State& state) {
    state = kept;
    state.federation.projects.erase(project);
    return false;
  };
  expect_as_replayed(log, engine);
  engine.recover();
  EXPECT_EQ(engine.state().federation.last_project, 3U);
}

// The number that a reply bears is that of the first thing that was made.
TEST(Engine, RepliesNameWhatWasMade) {
  DoubtfulLog log;
  const World world = with_call();
  ASSERT_EQ(log.append({Seq{}, world.log, {}, {}, world.state}), Appended::yes);
  Engine engine(log, policies::defaults());
  const auto made = [&](PersonId actor, Command command) {
    return engine.execute(envelope(no_id, actor, std::move(command)))->id;
  };
  EXPECT_EQ(made(lead, calls::SubmitProposal{playground_call, project, application()}), 1U);
  EXPECT_EQ(made(officer, calls::AssessProposal{ProposalId{1}, true, ""}), 0U);
  EXPECT_EQ(made(officer, calls::GrantAward{ProposalId{1}}), 1U) << "the award, not its account";
  EXPECT_EQ(made(lead, calls::AnswerAward{AwardId{1}, true}), 0U);
  EXPECT_EQ(made(lead, jobs::SubmitJob{project, train()}), 1U) << "the job";
  EXPECT_EQ(made(admin, ledger::AddCapacity{gpu, unit_hours(1), ""}), 0U);
}

TEST(EngineDeathTest, ALogThatIsNotDenseEndsTheProcess) {
  const World world = consortium();
  State state = world.state;
  const Event event = world.log.back().event;
  EXPECT_DEATH(apply(state, {Seq{state.last.value + 2}, state.now, no_id, lead, event}),
               "the log is dense");
  EXPECT_DEATH(apply(state, {state.last, state.now, no_id, lead, event}), "the log is dense");
  EXPECT_DEATH(
      apply(state, {Seq{state.last.value + 1}, state.now - milliseconds(1), no_id, lead, event}),
      "never goes back");
}

}  // namespace
}  // namespace fabrica::test
