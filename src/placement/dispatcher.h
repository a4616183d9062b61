#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "forecast/candidates.h"
#include "forecast/run_times.h"
#include "jobs/commands.h"
#include "kernel/event.h"
#include "kernel/state.h"
#include "placement/room.h"

/// Which site a job goes to, and when it is told so, beside the kernel: what is chosen here becomes
/// a command, and the kernel says whether it can be.
namespace fabrica::placement {

/// Late binding (decision 11, forecast/late_binding.h) for the jobs of State that wait with us.
/// Where one may go is what its project's awards say; each partition protects one job, and what
/// room is left goes to the others by expected run time over width. Reads State, and is told each
/// event once; deterministic. A partition carries what its jobs of State say, and what others run
/// there as far as is told.
class Dispatcher {
 public:
  struct Options {
    Duration grace = minutes(5);       // that a job may last beyond its limit, till it is heard of
    Duration look_every = minutes(1);  // at what may have changed without an event
  };

  explicit Dispatcher(Options options) : options_(options) {}
  Dispatcher() : Dispatcher(Options{}) {}

  /// What has happened, in order; `state` has all of it. Where events are missing, or are told
  /// again, everything is taken from State anew.
  void heard(const State& state, std::span<const Recorded> events);

  /// Takes all from State where events were missed.
  void know(const State& state);

  /// A job of somebody else's at a site, known there by its number.
  struct Carried {
    federation::PartitionId partition;
    std::uint32_t number = 0;
    Rational units;
    Time ends;  // planned; zero: it waits in the site's queue
    Duration limit;
  };
  /// All that the site carries beside the jobs of State; what was told before and is not there any
  /// more has ended.
  void carry(federation::SiteId site, Time now, const std::vector<Carried>& jobs);

  /// Jobs that are to be placed now, each named once until refused().
  std::vector<jobs::PlaceJob> place(const State& state, Time now);

  /// The kernel did not take it, and the job waits on.
  void refused(jobs::JobId job);

  /// When place() is to be called, though nothing has happened; none while nobody waits.
  std::optional<Time> next_look() const;

  std::size_t waiting() const { return waiting_.size(); }

  struct Beginning {
    Time at;
    federation::PartitionId partition;
  };
  /// When and where the job, which waits with us or at its site, will probably begin: nobody comes
  /// any more, and everybody runs as long as is expected of him by now, while room is given by
  /// limits as it is in truth. Uses the dispatcher up: for a copy. None when the job does not wait,
  /// cannot go anywhere, or too many would begin before it.
  std::optional<Beginning> beginning_of(jobs::JobId job) &&;

  /// As if the job had asked for a part of its time limit or of its width. For a copy, and a job
  /// that waits with us.
  struct Less {
    std::int64_t limit_parts = 1;  // one of so many
    std::int32_t width_parts = 1;  // likewise
  };
  void ask_less(jobs::JobId job, const Less& less);

  /// One partition, as it stands to a job that waits with us.
  struct Chance {
    federation::PartitionId partition;
    std::int32_t needed = 0;  // in sixtieths of a billed unit, as what is free
    std::int32_t free = 0;    // below zero: more was sent there than fits
    jobs::JobId first;  // nobody may delay this one there; none: nobody waits, or it is at the site
    bool site_has_queue = false;
  };
  std::vector<Chance> chances_of(jobs::JobId job) const;

 private:
  using JobId = jobs::JobId;

  // Expected run time over width, compared without dividing.
  struct Key {
    Duration run;
    std::int32_t width = 1;
    JobId job;

    friend bool operator==(const Key&, const Key&) = default;
    friend std::strong_ordering operator<=>(const Key& a, const Key& b) {
      const auto order = a.run.ms * b.width <=> b.run.ms * a.width;
      return order != 0 ? order : a.job <=> b.job;
    }
  };

  struct Option {
    std::size_t place = 0;
    std::int32_t width = 0;
  };
  enum class Standing : std::uint8_t { listed, protected_, placed };
  struct Waiting {
    Standing standing = Standing::listed;
    Duration expected;
    Duration limit;
    std::vector<Option> options;  // the narrowest first, which is its home; empty: it waits for one
  };
  struct Told {
    std::size_t place = 0;
    Time begun = {};  // zero: not yet
    Duration expected = {};
    Duration limit = {};
  };
  struct Place {
    federation::PartitionId partition;
    std::int32_t width = 0;
    Room room;
    forecast::Candidates<Key> candidates = {};
    std::set<JobId> at_home = {};  // listed ones, oldest first
    JobId held = {};               // the protected one; none: nobody is
    bool changed = true;           // since its room was last offered
  };

  // dispatcher.cpp: what has happened.
  void take_all(const State& state);
  void add_places(const State& state);
  void hear(const State& state, const Recorded& recorded);
  void learn(const jobs::Job& job, Time started, Time ended);
  void take(const State& state, JobId id, const jobs::Job& job);
  void occupy(JobId id, const jobs::Job& job);
  void leave(JobId id);
  void look_again(const State& state);
  void carry_one(JobId id, const Carried& job);
  Duration expected_run(const jobs::Job& job) const;

  // queue.cpp: who goes next.
  static Key key_of(JobId id, const Waiting& waiting);
  std::size_t index_of(const Place& place) const {
    return static_cast<std::size_t>(&place - places_.data());
  }
  forecast::Gap gap_of(const Place& place) const { return place.room.gap(now_); }
  void choose_options(const State& state, const jobs::Job& job, Waiting& waiting) const;
  void enlist(const State& state, JobId id, const jobs::Job& job);
  void list(JobId id, Waiting& waiting);
  void unlist(JobId id, const Waiting& waiting);
  void strike(JobId id);
  bool protect_next();
  Place* place_for(const Waiting& waiting, std::int32_t& width);
  bool start_protected();
  void fill(Place& place);
  std::optional<Key> next_fresh(const Place& place) const;
  void start(Place& place, JobId id, std::int32_t width, std::string_view why);

  // ahead.cpp
  void choose();
  static Time expected_end(const Told& told, Time now);

  Options options_;
  Seq heard_;
  bool knows_all_ = false;
  Time now_;
  Time look_at_;
  bool anew_ = false;          // where the waiting may go has changed
  std::vector<Place> places_;  // narrow ones first
  std::map<federation::PartitionId, std::size_t> place_of_;
  std::map<JobId, Waiting> waiting_;
  std::map<JobId, Told> there_;  // jobs that a site was told of, or is about to be
  std::vector<JobId> fresh_;     // listed since the last look
  std::map<federation::SiteId, std::map<JobId, Carried>> carried_;
  forecast::RunTimes run_times_;
  std::vector<jobs::PlaceJob> chosen_;
};

}  // namespace fabrica::placement
