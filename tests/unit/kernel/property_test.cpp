#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "kernel/engine.h"
#include "store/codec.h"
#include "unit/support/consistent.h"
#include "unit/support/doubtful_log.h"
#include "unit/support/nonsense.h"

namespace fabrica::test {
namespace {

/// Awards, some jobs' worth of history, and an open call.
const World& settled_world() {
  static const World settled = [] {
    World world = with_awards();
    world.policies = policies::defaults();
    world.must(admin, calls::RegisterMode{playground()});
    world.must(officer,
               calls::OpenCall{ModeId{world.state.calls.last_mode}, "Playground", {gpu, lumi}});
    return world;
  }();
  return settled;
}

/// What a command's kind is called, to see that every kind was tried.
std::string_view name_of_command(const Command& command) {
  return std::visit(
      []<class One>(const One& one) {
        if constexpr (std::same_as<One, PassTime>) {
          return type_name<One>();
        } else {
          return name_of_event(one);
        }
      },
      command);
}

/// Seeds of commands; the shrunk counterexample is a short list of them.
std::vector<std::uint64_t> some_seeds(std::size_t most) {
  const std::size_t size =
      *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(1, most));
  return *rc::gen::container<std::vector<std::uint64_t>>(
      size, rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()));
}

RC_GTEST_PROP(Decide, ChangesNothingAndAnswersTheSame, ()) {
  World world = settled_world();
  for (const std::uint64_t seed : some_seeds(60)) {
    const Asked asked = command_of(seed, world.state, world.now);
    const Digest before = digest(world.state);
    const auto events = world.decide_only(asked.actor, asked.command);
    const auto again = world.decide_only(asked.actor, asked.command);
    RC_ASSERT(digest(world.state) == before);
    RC_ASSERT(answer_of(events) == answer_of(again));
    if (!events) continue;
    RC_ASSERT(digest_of(*events) == digest_of(*again));
    world.apply_all(asked.actor, *events);
    RC_ASSERT(inconsistency(world.state) == "");
  }
}

/// Once for each job and task, and no more charged than held, as the log itself tells it.
std::string wrong_in(const std::vector<Recorded>& records) {
  std::set<JobId> ended;
  std::set<std::pair<JobId, std::uint32_t>> tasks;
  std::set<std::tuple<JobId, std::uint32_t, Time>> runs;
  std::map<ledger::HoldId, ComputeTime> held;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].seq.value != i + 1) return "the log is not dense";
    if (i > 0 && records[i].at < records[i - 1].at) return "time goes back";
    if (const auto* event = std::get_if<jobs::Event>(&records[i].event)) {
      const auto* end = std::get_if<jobs::JobEnded>(event);
      if (end != nullptr && !ended.insert(end->job).second) return "a job ended twice";
      const auto* run = std::get_if<jobs::RunEnded>(event);
      if (run != nullptr && !runs.emplace(run->job, run->task, run->key.started).second)
        return "a run ended twice";
      const auto* task = std::get_if<jobs::TaskEnded>(event);
      if (task != nullptr && !tasks.emplace(task->job, task->task).second)
        return "a task ended twice";
    } else if (const auto* entry = std::get_if<ledger::Event>(&records[i].event)) {
      if (const auto* one = std::get_if<ledger::HoldPlaced>(entry)) held[one->hold] += one->amount;
      if (const auto* one = std::get_if<ledger::HoldExtended>(entry))
        held[one->hold] += one->amount;
      if (const auto* one = std::get_if<ledger::HoldReleased>(entry))
        held[one->hold] -= one->amount;
      if (const auto* one = std::get_if<ledger::UsageCharged>(entry)) {
        held[one->hold] -= one->amount;
        const auto* end = std::get_if<jobs::Event>(&records[i - 1].event);
        if (end == nullptr || !(std::holds_alternative<jobs::TaskEnded>(*end) ||
                                std::holds_alternative<jobs::RunEnded>(*end) ||
                                std::holds_alternative<jobs::OwedCharged>(*end)))
          return "a charge without an end";
      }
    }
  }
  for (const auto& [hold, left] : held) {
    if (left < ComputeTime{}) return "more was charged than held";
    if (ended.contains(JobId{hold.value}) && left != ComputeTime{})
      return "an ended job still holds";
  }
  return "";
}

/// The state that the log's own form of these events leads to.
State rebuilt(const std::vector<Recorded>& records) {
  State state;
  for (Recorded recorded : records) {
    store::EncodedEvent encoded;
    store::encode(recorded.event, encoded);
    Result<Event> decoded = store::decode(encoded.type, encoded.version, encoded.body);
    RC_ASSERT(decoded.has_value());
    if (digest_of(*decoded) != digest_of(recorded.event)) RC_FAIL(encoded.body);
    recorded.event = *std::move(decoded);
    apply(state, recorded);
  }
  return state;
}

RC_GTEST_PROP(Engine, ReplayEqualsLive, ()) {
  DoubtfulLog log;
  const World& before = settled_world();
  RC_ASSERT(log.append({Seq{}, before.log, {}, {}, before.state}) == Appended::yes);
  Engine engine(log, policies::defaults());
  Time now = before.now;
  std::size_t accepted = 0;
  std::vector<Envelope> group;
  std::uint64_t number = 0;
  for (const std::uint64_t seed : some_seeds(120)) {
    Asked asked = command_of(seed, engine.state(), now);
    Random random{seed ^ 0x5eedU};
    number += random.chance(1, 10) ? 0 : 1;  // some ids come again
    const CommandId id = random.chance(1, 5) ? CommandId{} : CommandId{0, number};
    group.push_back({id,
                     Digest{random.chance(1, 8) ? 1U : 0U, 0},
                     asked.actor,
                     now,
                     std::move(asked.command),
                     {}});
    if (random.chance(1, 2)) continue;
    for (std::uint64_t left = random.below(3); left > 0; --left) {
      log.moods.push_back(static_cast<Mood>(random.below(3)));
    }
    for (const Result<Reply>& result : engine.execute(group)) accepted += result ? 1 : 0;
    group.clear();
    RC_ASSERT(inconsistency(engine.state()) == "");
  }
  const Engine fresh(log, policies::defaults());
  RC_ASSERT(to_string(digest(fresh.state())) == to_string(digest(engine.state())));
  RC_ASSERT(wrong_in(log.records()) == "");
  RC_ASSERT(to_string(digest(rebuilt(log.records()))) == to_string(digest(engine.state())));
  RC_CLASSIFY(accepted > 20, "more than twenty commands accepted");
}

// The generator of commands is worth its name: every kind is drawn, and those that can be are
// accepted.
TEST(Commands, EveryKindIsTried) {
  std::map<std::string_view, std::pair<int, int>> tried;  // drawn, accepted
  for (std::uint64_t run = 0; run < 40; ++run) {
    World world = settled_world();
    for (std::uint64_t i = 0; i < 120; ++i) {
      const Asked asked = command_of(run * 1'000 + i, world.state, world.now);
      const auto events = world.decide_only(asked.actor, asked.command);
      auto& [drawn, accepted] = tried[name_of_command(asked.command)];
      drawn += 1;
      if (!events || events->empty()) continue;
      accepted += 1;
      world.apply_all(asked.actor, *events);
    }
    EXPECT_EQ(inconsistency(world.state), "");
  }
  EXPECT_EQ(tried.size(), 30U) << "kinds of commands";
  for (const std::string_view name :
       {"AddCapacity",    "Transfer",       "Exchange",       "CorrectCharge",  "DrainSite",
        "SubmitProposal", "AssessProposal", "GrantAward",     "AnswerAward",    "PassTime",
        "SubmitJob",      "CancelJob",      "ReportFromSite", "RegisterPerson", "RegisterPartition",
        "OpenProject",    "AddMember",      "BeginTask",      "ReturnTask",     "PlaceJob"}) {
    EXPECT_GT(tried[name].second, 0) << name << " was never accepted";
  }
}

}  // namespace
}  // namespace fabrica::test
