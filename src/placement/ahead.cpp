#include <algorithm>
#include <queue>
#include <utility>

#include "placement/dispatcher.h"

/// What will become of jobs that wait, as things stand.
namespace fabrica::placement {

namespace {

constexpr std::size_t ends_at_most = 200'000;  // looked at for one answer: some tenths of a second
// Who has run longer than was expected of him is expected to run half as long again.
constexpr Duration longer_at_least = minutes(1);

}  // namespace

Time Dispatcher::expected_end(const Told& told, Time now) {
  const Time begun = told.begun == Time{} ? now : told.begun;
  if (begun + told.expected > now) return begun + told.expected;
  const Duration more = std::max(longer_at_least, Duration{(now - begun).ms / 2});
  return std::min(now + more, std::max(begun + told.limit, now + longer_at_least));
}

std::optional<Dispatcher::Beginning> Dispatcher::beginning_of(jobs::JobId job) && {
  using End = std::pair<Time, jobs::JobId>;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  const auto follow = [&](jobs::JobId id) { ends.emplace(expected_end(there_.at(id), now_), id); };
  for (Place& place : places_) place.room.forget_begun();
  for (const auto& [id, told] : there_) {
    if (!places_[told.place].room.runs(id)) continue;
    if (id == job) return std::nullopt;
    follow(id);
  }
  for (std::size_t looked = 0; looked < ends_at_most; ++looked) {
    choose();
    for (const jobs::PlaceJob& chosen : std::exchange(chosen_, {})) {
      if (chosen.job == job) return Beginning{now_, chosen.partition};
      waiting_.erase(chosen.job);
      follow(chosen.job);
    }
    for (Place& place : places_) {
      for (const jobs::JobId id : place.room.begun()) {
        if (id == job) return Beginning{now_, place.partition};
        follow(id);
      }
      place.room.forget_begun();
    }
    if (ends.empty()) return std::nullopt;
    now_ = std::max(now_, ends.top().first);
    for (; !ends.empty() && ends.top().first <= now_; ends.pop()) leave(ends.top().second);
  }
  return std::nullopt;
}

void Dispatcher::ask_less(jobs::JobId job, const Less& less) {
  const auto found = waiting_.find(job);
  if (found == waiting_.end() || found->second.standing == Standing::placed) return;
  Waiting& waiting = found->second;
  unlist(job, waiting);
  waiting.limit = std::max(milliseconds(1), Duration{waiting.limit.ms / less.limit_parts});
  waiting.expected = std::min(waiting.expected, waiting.limit);
  for (Option& option : waiting.options)
    option.width = std::max(1, (option.width + less.width_parts - 1) / less.width_parts);
  list(job, waiting);
  for (Place& place : places_) place.changed = true;
}

std::vector<Dispatcher::Chance> Dispatcher::chances_of(jobs::JobId job) const {
  std::vector<Chance> chances;
  const auto found = waiting_.find(job);
  if (found == waiting_.end()) return chances;
  for (const Option& option : found->second.options) {
    const Place& place = places_[option.place];
    chances.push_back({place.partition, option.width, place.room.free(),
                       place.held == job ? jobs::JobId{} : place.held, place.room.has_queue()});
  }
  return chances;
}

}  // namespace fabrica::placement
