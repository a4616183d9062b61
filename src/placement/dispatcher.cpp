#include "placement/dispatcher.h"

#include <algorithm>
#include <utility>

namespace fabrica::placement {

namespace {

using jobs::Job;
using jobs::JobId;
using jobs::JobPhase;

/// The job that an event is about, where it changes what waits or what a partition carries.
struct JobOf {
  JobId operator()(const jobs::JobPlaced& event) const { return event.job; }
  JobId operator()(const jobs::JobMoved& event) const { return event.job; }
  JobId operator()(const jobs::TaskStarted& event) const { return event.job; }
  JobId operator()(const jobs::TaskEnded& event) const { return event.job; }
  JobId operator()(const jobs::JobEnded& event) const { return event.job; }
  JobId operator()(const auto&) const { return {}; }
};

/// True when jobs may go elsewhere than before, or no longer. What moves with each job does not
/// count: where it changes an award's balance the kernel refuses, and the job is looked at again.
struct OpensOrCloses {
  bool operator()(const federation::SiteRegistered&) const { return true; }
  bool operator()(const federation::SiteDrained&) const { return true; }
  bool operator()(const federation::SiteFellSilent&) const { return true; }
  bool operator()(const federation::SiteAnswered&) const { return true; }
  bool operator()(const ledger::AccountOpened&) const { return true; }
  bool operator()(const auto&) const { return false; }
};

forecast::Job as_run(const Job& job, Duration run) {
  forecast::Job known;
  known.run = run;
  known.limit = job.request->time_limit;
  known.user = static_cast<std::uint32_t>(job.owner.value);
  return known;
}

// Numbers of State's jobs are small.
JobId id_of(federation::SiteId site, std::uint32_t number) {
  constexpr std::uint64_t not_of_state = std::uint64_t{1} << 63U;
  return JobId{not_of_state | site.value << 32U | number};
}

Time last_start(const Job& job) {
  Time last;
  for (const jobs::Task& task : job.tasks) last = std::max(last, task.started);
  return last;
}

}  // namespace

void Dispatcher::heard(const State& state, std::span<const Recorded> events) {
  const bool follows = !events.empty() && events.front().seq.value == heard_.value + 1 &&
                       events.back().seq == state.last;
  if (!knows_all_ || (!follows && heard_ != state.last)) {
    knows_all_ = false;
    return;
  }
  if (!follows) return;
  for (const Recorded& recorded : events) hear(state, recorded);
  heard_ = state.last;
}

void Dispatcher::hear(const State& state, const Recorded& recorded) {
  now_ = std::max(now_, recorded.at);
  std::visit(
      [&](const auto& area) {
        std::visit(
            [&](const auto& event) {
              anew_ = anew_ || OpensOrCloses{}(event);
              if constexpr (std::is_same_v<decltype(event), const federation::PartitionRegistered&>)
                knows_all_ = false;
              const JobId id = JobOf{}(event);
              const Job* const job = id ? state.jobs.jobs.find(id) : nullptr;
              if (job == nullptr) return;
              if constexpr (std::is_same_v<decltype(event), const jobs::TaskEnded&>)
                learn(*job, event.started, event.ended);
              take(state, id, *job);
            },
            area);
      },
      recorded.event);
}

void Dispatcher::learn(const Job& job, Time started, Time ended) {
  if (started == Time{} || ended <= started) return;
  run_times_.ended(as_run(job, ended - started));
}

Duration Dispatcher::expected_run(const Job& job) const {
  return run_times_.expected(as_run(job, {}));
}

void Dispatcher::know(const State& state) {
  if (!knows_all_) take_all(state);
}

void Dispatcher::take_all(const State& state) {
  auto carried = std::move(carried_);
  *this = Dispatcher(options_);
  now_ = state.now;
  add_places(state);
  for (const JobId id : state.jobs.ended) {
    const Job& job = state.jobs.jobs.at(id);
    for (const jobs::Task& task : job.tasks) learn(job, task.started, task.ended);
  }
  state.jobs.jobs.for_each([&](JobId id, const Job& job) { take(state, id, job); });
  carried_ = std::move(carried);
  for (const auto& [site, jobs] : carried_)
    for (const auto& [id, job] : jobs) carry_one(id, job);
  heard_ = state.last;
  knows_all_ = true;
}

void Dispatcher::carry(federation::SiteId site, Time now, const std::vector<Carried>& jobs) {
  now_ = std::max(now_, now);
  std::map<JobId, Carried> there;
  for (const Carried& job : jobs) there.insert_or_assign(id_of(site, job.number), job);
  for (const auto& [id, job] : carried_[site])
    if (!there.contains(id)) leave(id);
  carried_[site] = std::move(there);
  if (!knows_all_) return;
  for (const auto& [id, job] : carried_[site]) carry_one(id, job);
}

void Dispatcher::carry_one(JobId id, const Carried& job) {
  const auto found = place_of_.find(job.partition);
  if (found == place_of_.end()) return;
  Room& room = places_[found->second].room;
  const std::int32_t width = width_of(job.units);
  const auto [told, is_new] = there_.try_emplace(id, Told{.place = found->second});
  told->second.expected = told->second.limit = job.limit;
  if (is_new) room.queue(id, width, job.limit);
  if (job.ends == Time{}) return;
  told->second.begun = job.ends - job.limit;
  room.change(now_, id, width, std::max(job.ends, now_ + options_.look_every));
}

void Dispatcher::add_places(const State& state) {
  state.federation.partitions.for_each(
      [&](federation::PartitionId id, const federation::Partition& partition) {
        const std::int32_t width = width_of(partition);
        places_.push_back(Place{.partition = id, .width = width, .room = Room(width)});
      });
  std::ranges::sort(places_, {},
                    [](const Place& place) { return std::pair(place.width, place.partition); });
  for (std::size_t at = 0; at < places_.size(); ++at) place_of_[places_[at].partition] = at;
}

// Brings what is known of the job to what State says of it.
void Dispatcher::take(const State& state, JobId id, const Job& job) {
  if (job.tentative) return enlist(state, id, job);
  strike(id);
  if (job.phase == JobPhase::ended || job.phase == JobPhase::waiting) return leave(id);
  occupy(id, job);
}

void Dispatcher::occupy(JobId id, const Job& job) {
  const auto found = place_of_.find(job.partition);
  if (found == place_of_.end()) return;
  Place& place = places_[found->second];
  if (const auto known = there_.find(id);
      known != there_.end() && known->second.place != found->second)
    leave(id);
  std::size_t tasks = job.tasks_left;
  if (job.request->array_at_once > 0)
    tasks = std::min<std::size_t>(tasks, job.request->array_at_once);
  const std::int32_t width = width_of(job.units, tasks);
  const Time begun = last_start(job);
  const Duration whole = job.request->time_limit + options_.grace;
  const auto [told, is_new] = there_.try_emplace(id, Told{.place = found->second});
  if (is_new) place.room.queue(id, width, whole);
  told->second.begun = begun;
  told->second.expected = expected_run(job);
  told->second.limit = job.request->time_limit;
  if (begun != Time{}) place.room.change(now_, id, width, begun + whole);
}

void Dispatcher::leave(JobId id) {
  const auto known = there_.find(id);
  if (known == there_.end()) return;
  places_[known->second.place].room.leave(now_, id);
  there_.erase(known);
}

std::vector<jobs::PlaceJob> Dispatcher::place(const State& state, Time now) {
  know(state);
  now_ = std::max(now_, now);
  if (waiting_.empty()) return {};
  look_again(state);
  choose();
  for (Place& place : places_) place.room.forget_begun();
  return std::exchange(chosen_, {});
}

void Dispatcher::choose() {
  while (protect_next() && start_protected()) {
  }
  for (Place& place : places_) fill(place);
  fresh_.clear();
}

// What changes without an event, or was changed by one for all.
void Dispatcher::look_again(const State& state) {
  const bool due = now_ >= look_at_;
  if (due) {
    look_at_ = now_ + options_.look_every;
    for (Place& place : places_) place.room.extend(now_, options_.look_every);
  }
  if (!due && !anew_) return;
  for (auto& [id, waiting] : waiting_) {
    if (waiting.standing == Standing::placed || (!anew_ && !waiting.options.empty())) continue;
    unlist(id, waiting);
    choose_options(state, state.jobs.jobs.at(id), waiting);
    list(id, waiting);
  }
  for (Place& place : places_) place.changed = true;
  anew_ = false;
}

void Dispatcher::refused(JobId id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end() || found->second.standing != Standing::placed) return;
  leave(id);
  // Until it is looked at again: at once it would be refused again.
  found->second.options.clear();
  found->second.standing = Standing::listed;
}

std::optional<Time> Dispatcher::next_look() const {
  if (waiting_.empty()) return std::nullopt;
  return look_at_;
}

}  // namespace fabrica::placement
