#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "kernel/engine.h"
#include "placement/dispatcher.h"
#include "simulate/acknowledged.h"
#include "simulate/agenda.h"
#include "simulate/auditor.h"
#include "simulate/faulty_log.h"
#include "simulate/run.h"
#include "simulate/snapshot_log.h"
#include "simulate/users.h"
#include "sites/simulated/faulty_site.h"
#include "sites/simulated/simulated_site.h"
#include "sites/simulated/simulated_slurm.h"
#include "store/memory_log.h"

namespace fabrica::simulate {

/// One virtual world: the product's Engine on a log with faults, people who ask, sites with faults
/// that answer, a clock that jumps from errand to errand, and the checkers.
class World {
 public:
  explicit World(const Options& options);

  RunReport run();

 private:
  // What there is to do. People ask; somebody asks again for a reply that was lost; a site's worker
  // does its round; a deadline has come.
  struct PeopleAsk {};
  struct AskAgain {
    Envelope envelope;
  };
  struct WorkerRound {
    federation::SiteId site;
  };
  struct DeadlineComes {};
  struct LookForRoom {};
  using Errand = std::variant<PeopleAsk, AskAgain, WorkerRound, DeadlineComes, LookForRoom>;

  struct Site {
    std::unique_ptr<sites::simulated::SimulatedSite> simulated;
    std::unique_ptr<sites::simulated::VirtualSite> wrapped;
    std::unique_ptr<sites::simulated::SimulatedSlurm> slurm;  // instead of simulated
    std::unique_ptr<sites::simulated::FaultySite> port;
    bool jobs_ask = false;         // they begin nothing without asking
    std::optional<Time> round_at;  // the next round on the agenda
    // When each request was told last, by its job and whether it is a start or a stop.
    std::map<std::pair<jobs::JobId, std::size_t>, Time> told;
  };

  // world.cpp: the course of a run.
  bool populate();
  void step();
  bool is_quiet() const;
  Time bound() const;
  std::string what_is_left() const;
  void heal();
  void finish();
  void fail(std::string text);
  RunReport report();

  // world_people.cpp: commands and their replies.
  void errand(const PeopleAsk&);
  void errand(const AskAgain& again);
  void errand(const DeadlineComes&);
  void errand(const LookForRoom&);
  void place_jobs();
  Envelope envelope_for(Wish wish);
  Envelope repeated();
  void ask(std::vector<Envelope> group);
  void note_asked(const Envelope& envelope);
  void take_result(const Envelope& envelope, const Result<Reply>& result);
  std::optional<std::vector<Result<Reply>>> execute(std::span<const Envelope> group);
  // As the server itself does. None when the answer was lost with it.
  std::optional<Result<Reply>> execute_now(Command command);
  void restart();
  void rival_writes();
  void plan_deadline();

  // world_sites.cpp: what a site's worker does, as the live server's does it.
  void errand(const WorkerRound& round);
  Site& site(federation::SiteId id);
  void build_simulated(federation::SiteId id, Site& site);
  void build_slurm(federation::SiteId id, Site& site);
  void mend(federation::SiteId id);
  void resume(federation::SiteId id);
  void doubt(federation::SiteId id, const Site& there);
  void hand_on_words(sites::simulated::SimulatedSlurm& there);
  void saw_start(sites::simulated::TaskName task);
  void plan_round(federation::SiteId id, Time at);
  void plan_rounds();
  void tell_what_is_wanted(federation::SiteId id, Site& there);
  std::vector<jobs::Report> make_durable(federation::SiteId id,
                                         const std::vector<jobs::Report>& heard);

  // world_checks.cpp
  void check_step();
  void check_all();
  void check_decide_is_pure(const Envelope& envelope);
  void check_replay();
  void count(std::string_view name, std::uint64_t times = 1);
  void count_events();
  void count_slurm(const sites::simulated::SimulatedSlurm& site);

  static Policies policies_of(std::uint64_t seed);

  const Options& options_;
  Policies policies_;
  Random random_;
  store::MemoryLog memory_;
  std::unique_ptr<EventLog> wrapped_;
  SnapshotLog snapshots_;
  FaultyLog log_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Engine> rival_;
  Users users_;
  std::map<federation::SiteId, Site> sites_;
  std::map<std::pair<jobs::JobId, std::uint32_t>, std::uint64_t> runs_;
  Acknowledged acknowledged_;
  Auditor auditor_;
  Agenda<Errand> agenda_;
  std::uint64_t pending_again_ = 0;  // AskAgain on the agenda
  std::optional<Time> deadline_at_;
  placement::Dispatcher dispatcher_;
  std::optional<Time> look_at_;  // on the agenda
  Time began_;
  Time now_;
  std::uint64_t steps_ = 0;
  std::uint64_t last_command_ = 0;
  std::uint64_t submitted_without_id_ = 0;
  std::size_t counted_events_ = 0;
  bool healed_ = false;
  Counts counts_;
  std::string failure_;
};

}  // namespace fabrica::simulate
