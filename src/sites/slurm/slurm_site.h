#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/ports.h"
#include "sites/slurm/accounts.h"
#include "sites/slurm/cluster.h"
#include "sites/slurm/notices.h"
#include "sites/slurm/others.h"
#include "sites/slurm/tags.h"

namespace fabrica::sites::slurm {

/// When the cluster itself last answered, whatever it said, and whether it has kept silent since.
struct SiteContact {
  Time last;  // zero: not yet
  bool silent = false;
};

struct SlurmSiteOptions {
  std::string cluster;          // its name, for people
  std::string cluster_name;     // its ClusterName by the settings; empty: they do not say
  std::string installation;     // in the tags; see tags.h
  bool hold = true;             // submit held; off for a site that dislikes holds
  bool tasks_speak = false;     // they say themselves when they begin: until then they have not
  bool accounting = true;       // there is a slurmdbd to ask for jobs that slurmctld has forgotten
  bool keeps_accounts = false;  // one for each award
  std::string user = {};        // who may use those
  Duration look_at_accounts_every = minutes(10);
  Notices::Say say = {};  // what the server's operator should know; see notices.h
  /// Told of each answer and each silence; a site with nothing to do is then asked every minute.
  std::function<void(const SiteContact&)> on_contact = {};
  /// Told who else is at the cluster, each time all its jobs are seen.
  std::function<void(std::vector<OtherJob>)> on_others = {};
  Duration others_every = seconds(30);  // while none of ours is there
  Duration poll_every = seconds(1);
  Duration look_every = seconds(5);  // while something is missing
  // Between two looks that must both find nothing before a job counts as absent: Slurm's
  // MessageTimeout (10 s), after which a request that a frozen slurmctld still had is carried out,
  // and 5 s.
  Duration settle = seconds(15);
};

/// What the site shall be told of a job, in its own words; a refusal ends the job, and says why.
using Translate = std::function<Result<Submission>(const jobs::StartJob&)>;

/// A Slurm cluster as a site. Submits each attempt of a job at most once, held, under a tag; never
/// believes an unclear answer: it looks for the tag. The lowest id with the tag is the job, other
/// copies are cancelled, and so is what comes late. A job that vanished after it was acknowledged,
/// with no task begun, is reported absent, and the kernel begins another attempt.
///
/// Keeps nothing on disk: after a restart `resume` tells it what the log knows. Deterministic: time
/// and the cluster are what it is given.
class SlurmSite : public SiteConnector {
 public:
  /// `translate_account` is needed where the site keeps accounts.
  SlurmSite(std::unique_ptr<Cluster> cluster, SlurmSiteOptions options, Translate translate,
            TranslateAccount translate_account = {});

  /// Takes over the live jobs of `site`. Needed once, before anything is told. Whether a job that
  /// was placed and not heard of since was submitted is not known: it is reported unknown.
  void resume(const jobs::State& state, federation::SiteId site);

  void tell(const jobs::SiteRequest& request) override;
  std::vector<jobs::Report> hear(Time now) override;
  void acknowledge(std::span<const jobs::Report> reports) override;

  /// When hear() next has something to do by itself.
  std::optional<Time> next_event() const;

  struct Counts {
    std::uint64_t submitted = 0;  // asks to submit that went out
    std::uint64_t unknown = 0;    // jobs whose submission was unclear
    std::uint64_t adopted = 0;    // of them, found by their tag
    std::uint64_t absent = 0;     // attempts given up as not there
    std::uint64_t swept = 0;      // copies cancelled: doubles, late ones, those of ended jobs
    std::uint64_t strangers = 0;  // ids of ours that came again with another's job
  };
  const Counts& counts() const { return counts_; }

 private:
  enum class Stage : std::uint8_t {
    ready,       // to be submitted
    submitting,  // asked
    naming,      // acknowledged with an id, and not shown yet: asked for, or looked up in a list
    unknown,     // looked for by its tag
    bound,       // held at the site
    releasing,   // asked to let it go
    released,    // in the queue, or running
    over         // all that there was to report is reported
  };
  struct TaskSeen {
    bool started = false;
    bool ended = false;
    jobs::RunKey at_hand;    // its run as slurmctld last showed it
    std::uint32_t told = 0;  // runs before its last that slurmdbd has told of
    Time told_until;         // the start of the latest that was reported
  };
  struct Entry {
    std::uint32_t attempt = 1;
    Stage stage = Stage::ready;
    std::optional<jobs::StartJob> request;  // until it is submitted
    std::vector<std::uint32_t> array;
    std::vector<TaskSeen> tasks;
    jobs::Binding binding;
    std::string user;
    Time placed;
    Time acknowledged;  // zero: not by this process
    std::uint64_t heard_at =
        0;  // a list asked for with a lower ticket may be older than what we know
    std::optional<Time> absent_since;
    bool queued = false;  // reported
    bool stop = false;
    Time ask_runs_at;  // when slurmdbd is next asked for earlier runs
    Duration ask_runs_after;
    Time runs_until;        // while they are not known its ends wait until then; zero: they do not
    bool recall = false;    // to be given back, unless it has begun
    bool stranger = false;  // its id was seen with another's job
    std::optional<Time> account_refused;  // since when
    Time cancelled;                       // when it was last asked
  };
  enum class Act : std::uint8_t {
    submit,
    name,
    release,
    release_again,
    cancel,
    hold,
    list,
    past,
    runs,
    keep_account,
    look_at_accounts,
    ping
  };
  struct Asked {
    Act act = Act::list;
    Tag tag;
  };
  // The records of one job at the cluster: one, or one a task of an array.
  using Records = std::vector<const ClusterJob*>;
  using Copies = std::map<std::uint32_t, Records>;  // by id, of the whole array where there is one
  // All runs of each task by its place, oldest first, as slurmdbd has them.
  using RunsOfTasks = std::map<std::uint32_t, Records>;

  void take(const jobs::StartJob& request);
  // It is looked for since it became unknown, or since resume().
  void take(const jobs::FindJob& /*request*/) {}
  void take(const jobs::ReleaseJob& request);
  void take(const jobs::StopJob& request);
  void take(const jobs::KeepAccount& request) { accounts_.take(request); }

  void take(const Answer& answer);
  void submit_answered(const Tag& tag, const Answer& answer);
  void list_after_burst();
  void name_answered(const Tag& tag, const Answer& answer);
  void release_answered(const Tag& tag, const Answer& answer);
  void list_answered(const Answer& answer);
  void past_answered(const Tag& tag, const Answer& answer);

  void send(Act act, const Tag& tag, Ask ask);
  void note_contact(const Answer& answer);
  void ping();
  void ask_for_accounts();
  void account_refused(jobs::JobId id, Entry& entry, const std::string& text);
  void submit_ready();
  std::size_t releasing_now() const;
  void release_bound();
  void poll();
  void notice_oddities(const ClusterJob& job, const Tag& tag);
  void notice_clock(Duration ahead);
  void notice_limit(jobs::JobId id, const ClusterJob& job);
  void look_at(jobs::JobId id, Entry& entry, const Copies& copies, std::uint64_t list_ticket);
  void look_for(jobs::JobId id, Entry& entry, const Copies& copies);
  void sweep(const Copies& copies, std::uint32_t keep);
  void missing(jobs::JobId id, Entry& entry);
  void not_found(jobs::JobId id, Entry& entry);
  void bind(jobs::JobId id, Entry& entry, const ClusterJob& job);
  void lose_sight(jobs::JobId id, Entry& entry, std::string text);
  void follow(jobs::JobId id, Entry& entry, const Records& records);
  void follow_task(jobs::JobId id, Entry& entry, std::uint32_t task, const ClusterJob& job);

  // past_runs.cpp: the runs of requeued tasks before their last.
  static RunsOfTasks runs_of(const Entry& entry, const Records& records);
  void look_at_runs(jobs::JobId id, Entry& entry, std::uint32_t task, const ClusterJob& job);
  static bool runs_are_known(const Entry& entry);
  bool end_waits(Entry& entry, const TaskSeen& seen);
  void ask_for_runs();
  void runs_answered(const Tag& tag, const Answer& answer);
  void tell_runs(jobs::JobId id, Entry& entry, std::uint32_t task, const Records& runs);
  void tell_run(jobs::JobId id, Entry& entry, std::uint32_t task, const jobs::RunKey& key,
                Time ended, jobs::Outcome outcome, std::string text);

  void end_all(jobs::JobId id, Entry& entry, jobs::Outcome outcome, const std::string& text);
  void cancel(Entry& entry);
  void forget_if_over(jobs::JobId id);
  void give_back(jobs::JobId id, Entry& entry, const Records& records);
  static bool is_missing(const Entry& entry);
  void look_for_name(jobs::JobId id, Entry& entry, const Copies& copies);
  void take_time(const Answer& answer);
  void notice_stranger(Entry& entry, const Answer& answer);
  Entry* current(const Tag& tag);
  Entry& begin(jobs::JobId id, std::uint32_t attempt, std::vector<std::uint32_t> array,
               Stage stage);
  std::string reference(const Entry& entry) const;

  std::unique_ptr<Cluster> cluster_;
  SlurmSiteOptions options_;
  Translate translate_;
  Notices notices_;
  Accounts accounts_;
  bool name_confirmed_ = false;  // its jobs say the name that the settings say
  Counts counts_;
  Time now_;
  std::map<jobs::JobId, Entry> entries_;
  std::set<jobs::JobId> ready_;
  std::multimap<Time, jobs::JobId> ready_later_;  // their account was refused
  // Placed when the log was last read, and perhaps submitted; with the numbers of their tasks.
  std::map<Tag, std::vector<std::uint32_t>> uncertain_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_ticket_ = 0;
  std::size_t submitting_ = 0;
  std::set<jobs::JobId> naming_;    // in this stage
  std::set<jobs::JobId> requeued_;  // with runs that slurmdbd has not told of yet
  std::size_t releasing_ = 0;
  std::set<jobs::JobId> to_release_;
  Time submit_from_;  // not before: the cluster could not be reached
  SiteContact contact_;
  Time next_ping_;
  bool listing_ = false;
  Time next_poll_;
  Duration list_took_;                      // the last one that was answered
  Time listed_;                             // when the last list was asked for
  Time list_all_;                           // from then on the next list is whole
  Time changed_since_;                      // for the next list, by the site's clock; zero: all
  std::optional<Duration> clock_ahead_;     // the site's clock is so far ahead of ours, or more
  std::map<std::uint32_t, Time> sweeping_;  // ids asked to be cancelled, and when
  std::deque<jobs::Report> reports_;
};

}  // namespace fabrica::sites::slurm
