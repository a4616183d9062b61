#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "jobs/offers.h"
#include "placement/dispatcher.h"

/// Who of those that wait goes next, and where.
namespace fabrica::placement {

using jobs::Job;
using jobs::JobId;

Dispatcher::Key Dispatcher::key_of(JobId id, const Waiting& waiting) {
  return {waiting.expected, waiting.options.front().width, id};
}

// Where the job could go now, and where its hold stands: that spends from the award there.
void Dispatcher::choose_options(const State& state, const Job& job, Waiting& waiting) const {
  waiting.options.clear();
  const auto add = [&](federation::PartitionId partition, Rational units) {
    const auto place = place_of_.find(partition);
    if (place == place_of_.end()) return;
    const std::int32_t width = width_of(units);
    if (width <= places_[place->second].width) waiting.options.push_back({place->second, width});
  };
  if (federation::takes_jobs(state.federation, job.site)) add(job.partition, job.units);
  const auto offers =
      jobs::offers_for({state.jobs, state.federation, state.ledger}, job.project, job.request);
  if (offers) {
    for (const jobs::Offer& offer : *offers) {
      if (offer.partition != job.partition) add(offer.partition, offer.units);
    }
  }
  std::ranges::sort(waiting.options, {}, &Option::place);
  waiting.expected = expected_run(job);
  waiting.limit = job.request->time_limit;
}

void Dispatcher::enlist(const State& state, JobId id, const Job& job) {
  const auto [place, is_new] = waiting_.try_emplace(id);
  if (!is_new) return;
  leave(id);
  choose_options(state, job, place->second);
  list(id, place->second);
}

void Dispatcher::list(JobId id, Waiting& waiting) {
  waiting.standing = Standing::listed;
  if (waiting.options.empty()) return;
  const Key key = key_of(id, waiting);
  for (const Option& option : waiting.options)
    places_[option.place].candidates.insert(key, option.width, waiting.limit);
  places_[waiting.options.front().place].at_home.insert(id);
  fresh_.push_back(id);
}

// It is no candidate any more, and nobody protects it.
void Dispatcher::unlist(JobId id, const Waiting& waiting) {
  if (waiting.options.empty()) return;
  Place& home = places_[waiting.options.front().place];
  if (waiting.standing == Standing::protected_) {
    home.held = {};
    home.room.protect(0);
  }
  if (waiting.standing != Standing::listed) return;
  const Key key = key_of(id, waiting);
  for (const Option& option : waiting.options) places_[option.place].candidates.erase(key);
  home.at_home.erase(id);
}

void Dispatcher::strike(JobId id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  unlist(id, found->second);
  waiting_.erase(found);
}

// True when there is more room somewhere, or another job is protected.
bool Dispatcher::protect_next() {
  bool changed = false;
  for (Place& place : places_) {
    if (!place.held && !place.at_home.empty()) {
      const JobId id = *place.at_home.begin();
      Waiting& waiting = waiting_.at(id);
      unlist(id, waiting);
      waiting.standing = Standing::protected_;
      place.held = id;
      place.room.protect(waiting.options.front().width);
    }
    if (place.room.settle(now_)) place.changed = changed = true;
  }
  return changed;
}

// Where a protected job can start now; at home nobody has to be asked.
Dispatcher::Place* Dispatcher::place_for(const Waiting& waiting, std::int32_t& width) {
  for (const Option& option : waiting.options) {
    Place& place = places_[option.place];
    const bool first = &option == waiting.options.data() && !place.room.has_queue();
    width = option.width;
    if (first ? width <= place.room.free() : gap_of(place).admits(width, waiting.limit))
      return &place;
  }
  return nullptr;
}

// The one that has waited longest of those that can start; true when there was one.
bool Dispatcher::start_protected() {
  JobId first;
  Place* there = nullptr;
  std::int32_t width = 0;
  for (const Place& place : places_) {
    if (!place.held || (first && first < place.held)) continue;
    std::int32_t needed = 0;
    Place* const found = place_for(waiting_.at(place.held), needed);
    if (found == nullptr) continue;
    first = place.held;
    there = found;
    width = needed;
  }
  if (there == nullptr) return false;
  unlist(first, waiting_.at(first));
  start(*there, first, width, "it has waited longest of those that need a partition of this size");
  return true;
}

// Whom a place refused before it refuses again, until more may fit there.
void Dispatcher::fill(Place& place) {
  const bool all = std::exchange(place.changed, false);
  Key from;
  while (place.room.free() > 0) {
    const std::optional<Key> next =
        all ? place.candidates.first_from(from, gap_of(place)) : next_fresh(place);
    if (!next) return;
    from = *next;
    Waiting& waiting = waiting_.at(next->job);
    const auto option = std::ranges::find(waiting.options, index_of(place), &Option::place);
    const std::int32_t width = option->width;
    unlist(next->job, waiting);
    start(place, next->job, width, "there is room, and it delays nobody who is protected");
  }
}

std::optional<Dispatcher::Key> Dispatcher::next_fresh(const Place& place) const {
  std::optional<Key> best;
  for (const JobId id : fresh_) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end() || found->second.standing != Standing::listed) continue;
    const Waiting& waiting = found->second;
    const auto option = std::ranges::find(waiting.options, index_of(place), &Option::place);
    if (option == waiting.options.end() || !gap_of(place).admits(option->width, waiting.limit))
      continue;
    const Key key = key_of(id, waiting);
    if (!best || key < *best) best = key;
  }
  return best;
}

void Dispatcher::start(Place& place, JobId id, std::int32_t width, std::string_view why) {
  Waiting& waiting = waiting_.at(id);
  waiting.standing = Standing::placed;
  there_[id] = {.place = index_of(place), .expected = waiting.expected, .limit = waiting.limit};
  place.room.take(now_, id, width, now_ + waiting.limit + options_.grace);
  chosen_.push_back(
      {id, place.partition, fmt::format("{}; {} jobs wait for room", why, waiting_.size() - 1)});
}

}  // namespace fabrica::placement
