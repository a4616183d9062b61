#include <algorithm>

#include "jobs/own_word.h"
#include "jobs/refusals.h"
#include "jobs/requests.h"
#include "simulate/world.h"

namespace fabrica::simulate {

namespace {

using federation::SiteId;
using sites::simulated::ControllerFault;
using sites::simulated::Faults;
using sites::simulated::FaultySite;
using sites::simulated::SimulatedSite;
using sites::simulated::SimulatedSlurm;
using sites::simulated::SiteFault;
using sites::simulated::TaskName;

constexpr std::uint64_t site_faults_often = 6;
constexpr std::uint64_t silence_rare = 400;  // rounds between two
constexpr std::uint64_t silence_long = 2;    // rounds
constexpr Duration round_soon = minutes(1);
constexpr Duration round_later = minutes(30);
constexpr Duration tell_again_after = minutes(10);

}  // namespace

// A site is built from what is registered about it when something is first wanted there.
World::Site& World::site(SiteId id) {
  const auto known = sites_.find(id);
  if (known != sites_.end()) return known->second;
  Site& site = sites_[id];
  // Every third is a Slurm cluster; what tests wrap is always the other kind.
  if (!options_.wrap_site && random_.chance(1, 3))
    build_slurm(id, site);
  else
    build_simulated(id, site);
  return site;
}

void World::saw_start(TaskName task) {
  runs_[{task.job, task.task}] += 1;
  if (runs_[{task.job, task.task}] > 1) fail("a task ran twice: " + to_string(task.job));
}

// Its faults are on its own way to the cluster, so nothing stands before the connector.
void World::build_slurm(SiteId id, Site& site) {
  const bool faults = options_.faults && !healed_;
  site.jobs_ask = random_.chance(2, 3);
  site.slurm = std::make_unique<SimulatedSlurm>(
      random_.next(),
      faults ? Faults<ControllerFault>(random_.split(), site_faults_often)
             : Faults<ControllerFault>(),
      site.jobs_ask, engine_->state().federation.sites.at(id).keeps_accounts);
  site.slurm->controller().watch([this](TaskName task) { saw_start(task); });
  site.port = std::make_unique<FaultySite>(*site.slurm, Faults<SiteFault>());
}

void World::build_simulated(SiteId id, Site& site) {
  auto partitions = sites::simulated::partitions_of(engine_->state().federation, id);
  // Now and then what is registered is not what is there.
  if (!partitions.empty() && random_.chance(1, 4)) partitions.back().nodes = 1;
  if (!partitions.empty() && random_.chance(1, 12)) partitions.pop_back();
  site.simulated = std::make_unique<SimulatedSite>(random_.next(), partitions);
  site.simulated->watch([this](TaskName task) { saw_start(task); });
  if (options_.wrap_site) site.wrapped = options_.wrap_site(*site.simulated);
  const bool faults = options_.faults && !healed_;
  site.port = std::make_unique<FaultySite>(
      site.wrapped ? *site.wrapped : static_cast<sites::simulated::VirtualSite&>(*site.simulated),
      faults ? Faults<SiteFault>(random_.split(), site_faults_often) : Faults<SiteFault>());
}

void World::plan_round(SiteId id, Time at) {
  Site& there = site(id);
  if (there.round_at && *there.round_at <= at) return;
  there.round_at = at;
  agenda_.add(at, WorkerRound{id});
}

// A worker looks at its site soon when something is wanted there.
void World::plan_rounds() {
  for (const auto& [id, queue] : engine_->state().jobs.sites) {
    if (!queue.wants_anything()) continue;
    const std::optional<Time> planned = site(id).round_at;
    if (planned && *planned <= now_ + round_later) continue;
    plan_round(id, now_ + Duration{random_.between(round_soon.ms, round_later.ms)});
  }
}

// Tells what is wanted; what was told a while ago and is still wanted is told again.
void World::tell_what_is_wanted(SiteId id, Site& there) {
  std::map<std::pair<jobs::JobId, std::size_t>, Time> told;
  for (const jobs::SiteRequest& request : jobs::wanted(engine_->state().jobs, id)) {
    const auto* account = std::get_if<jobs::KeepAccount>(&request);
    const std::pair key(
        account == nullptr ? jobs::job_of(request) : jobs::JobId{account->account.value},
        request.index());
    const auto before = there.told.find(key);
    const bool is_due = before == there.told.end() || before->second + tell_again_after <= now_;
    told.emplace(key, is_due ? now_ : before->second);
    if (!is_due) continue;
    if (const auto* start = std::get_if<jobs::StartJob>(&request)) {
      if (std::string why = auditor_.why_not_start(start->job); !why.empty()) fail(std::move(why));
    }
    there.port->tell(request);
  }
  there.told = std::move(told);
}

void World::errand(const WorkerRound& round) {
  Site& there = site(round.site);
  // A later round gave way to this earlier one, or the other way round: only the planned one is
  // done.
  if (there.round_at != now_) return;
  there.round_at.reset();
  const std::vector<jobs::Report> heard = there.port->hear(now_);
  const std::vector<jobs::Report> durable = make_durable(round.site, heard);
  if (!durable.empty()) there.port->acknowledge(durable);
  if (there.slurm) hand_on_words(*there.slurm);
  if (healed_) mend(round.site);
  doubt(round.site, there);
  auditor_.read(memory_.records());
  tell_what_is_wanted(round.site, there);
  if (!heard.empty()) plan_round(round.site, now_ + seconds(30));
  if (const auto next = there.port->next_event())
    plan_round(round.site, std::max(now_ + Duration{1}, *next));
}

// Once the faults are over the site's operator sees to its accounts.
void World::mend(SiteId id) {
  const jobs::State& jobs = engine_->state().jobs;
  const bool altered = std::ranges::any_of(jobs.site_accounts, [&](const auto& item) {
    return item.second.site == id && item.second.standing == jobs::AccountStanding::altered;
  });
  if (!altered) return;
  execute_now(jobs::Command{jobs::MendAccounts{id}});
}

// What waits for room at a site that stays drained waits for ever.
void World::resume(SiteId id) {
  Envelope envelope;
  envelope.now = now_;
  const State& state = engine_->state();
  state.federation.people.for_each([&](federation::PersonId person, const federation::Person&) {
    if (!envelope.actor && federation::operates(state.federation, person, id))
      envelope.actor = person;
  });
  envelope.command = federation::Command{federation::DrainSite{id, false}};
  if (const auto results = execute({&envelope, 1})) take_result(envelope, results->front());
}

// A worker takes its site for silent, rightly or not, and finds later that it answers.
void World::doubt(SiteId id, const Site& there) {
  const bool silent = engine_->state().federation.silent.contains(id);
  if (!silent && (!options_.faults || healed_ || !random_.chance(1, silence_rare))) return;
  if (silent && !healed_ && !random_.chance(1, silence_long)) return;
  execute_now(federation::Command{federation::ReportSilence{id, !silent, there.jobs_ask}});
}

// Each word in a request of its own, whose answer may be lost with the server.
void World::hand_on_words(SimulatedSlurm& there) {
  using sites::simulated::TaskHears;
  for (const sites::simulated::TaskSays& said : there.controller().take_words()) {
    const auto result =
        execute_now(said.returned ? jobs::Command{jobs::ReturnTask{said.word, said.exit_code}}
                                  : jobs::Command{jobs::BeginTask{said.word}});
    if (!result || said.returned) continue;
    if (!*result) {
      const bool later = result->error().code == jobs::refusal::not_bound;
      if (!later) count(path::task_never);
      there.controller().hear(said.word, later ? TaskHears::again : TaskHears::never);
      continue;
    }
    const jobs::Job& job = engine_->state().jobs.jobs.at(said.word.job);
    const bool ran = task_numbered(job, said.word.number)->returned != Time{};
    there.controller().hear(said.word, ran ? TaskHears::finished : TaskHears::go);
  }
}

// Reports in groups of a size that varies; those whose reply came are durable.
std::vector<jobs::Report> World::make_durable(SiteId id, const std::vector<jobs::Report>& heard) {
  std::vector<jobs::Report> durable;
  for (std::size_t at = 0; at < heard.size();) {
    const std::size_t end = std::min<std::size_t>(heard.size(), at + 1 + random_.below(12));
    std::vector<Envelope> group;
    for (std::size_t i = at; i < end; ++i) {
      Envelope envelope;
      envelope.now = now_;
      envelope.command = jobs::Command{jobs::ReportFromSite{id, heard[i]}};
      group.push_back(std::move(envelope));
    }
    const auto results = execute(group);
    if (!results) return durable;
    for (std::size_t i = at; i < end; ++i) {
      const Result<Reply>& result = (*results)[i - at];
      take_result(group[i - at], result);
      if (result) durable.push_back(heard[i]);
    }
    at = end;
  }
  return durable;
}

}  // namespace fabrica::simulate
