#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "jobs/commands.h"
#include "sites/simulated/fate.h"
#include "sites/simulated/faults.h"
#include "sites/slurm/cluster.h"
#include "sites/slurm/tags.h"

namespace fabrica::sites::simulated {

/// What a slurmctld, its slurmrestd and the way to them do wrong.
enum class ControllerFault : std::uint8_t {
  no_connection,    // nothing was sent
  request_lost,     // sent, never carried out, no answer
  request_late,     // no answer; carried out seconds later, as by a frozen slurmctld
  answer_lost,      // carried out, no answer
  request_doubled,  // carried out twice, by a proxy that repeats
  answer_slow,
  crash,      // and comes back without what was young, and with its ids to give again
  forget,     // the same at the worst moment: a task has said that it returned
  stop,       // answers nobody for a while
  requeue,    // somebody puts a running job back into the queue
  node_fail,  // so does the controller, because a node failed
  loosen,     // somebody takes the limit off an account, or opens one that was closed
  take_away,  // somebody takes an account away, or its limit down
  deny        // what it is told of an account is refused
};
FABRICA_DESCRIBE_ENUM(ControllerFault, no_connection, request_lost, request_late, answer_lost,
                      request_doubled, answer_slow, crash, forget, stop, requeue, node_fail, loosen,
                      take_away, deny)

/// What a task says of itself: that it would begin its script, or that the script has ended.
struct TaskSays {
  jobs::OwnWord word;
  bool returned = false;
  std::int32_t exit_code = 0;
};

/// What it hears: run the script; ask again later; end without running it; it ran already.
enum class TaskHears : std::uint8_t { go, again, never, finished };

/// A simulated slurmctld with its slurmdbd, in virtual time: jobs held and let go, ids that count
/// up, a list that forgets what has ended, accounting that does not. Its jobs have all the room
/// they want. A crash loses what happened in the last seconds and gives ids again. Where tasks do
/// not speak it loses submissions and releases only; where they do, what began or ended in these
/// seconds is lost too, and what the controller remembers as not yet ended it runs again.
class SimulatedController : public slurm::Cluster {
 public:
  SimulatedController(std::uint64_t seed, std::string installation, Faults<ControllerFault> faults,
                      bool tasks_speak);

  void send(std::uint64_t ticket, slurm::Ask ask) override;
  std::vector<slurm::Answer> receive(Time now) override;

  /// When receive() next has something to do.
  std::optional<Time> next_event() const;

  /// The program that asks is gone: its answers go nowhere, what was sent may yet be carried out.
  void forget_asker();
  void heal();

  /// Calls `onlooker` whenever a task really runs its script; not when the cluster itself runs
  /// again what it ran before.
  void watch(std::function<void(TaskName)> onlooker) { onlooker_ = std::move(onlooker); }

  /// What tasks have said since; what begins is answered with hear().
  std::vector<TaskSays> take_words() { return std::exchange(words_, {}); }
  void hear(const jobs::OwnWord& word, TaskHears heard);

  const Faults<ControllerFault>& faults() const { return faults_; }

  bool tasks_speak() const { return tasks_speak_; }
  /// How long tasks of each job ran in all, by the cluster's own books: all runs of all copies.
  std::map<jobs::JobId, Duration> ran_for() const;

 private:
  struct Task {
    slurm::ClusterJob record;
    Time starts;  // zero: not planned
    Time ends;    // zero: it asks whether it may run
    Time cut;     // when this run ends for another to follow; zero: it goes on
    bool node_fails = false;
    Fate fate;
  };
  struct Job {
    slurm::Submission asked;
    slurm::Tag tag;
    std::uint32_t id = 0;
    bool held = false;
    std::vector<Task> tasks;
  };
  struct Coming {
    std::uint64_t ticket = 0;  // zero: nobody waits for the answer
    slurm::Ask ask;
  };
  struct Memory {
    std::map<std::uint32_t, Job> jobs;
    std::uint32_t last_id = 0;
  };

  void arrive(Coming coming);
  void answer(slurm::Answer answer, Duration after);
  void crash();
  void save();
  void pass(Time until);
  void start(Job& job, Task& task);
  void run(Job& job, Task& task);
  void end(Job& job, Task& task);
  void requeue(Task& task, Time at, slurm::ClusterState state);
  jobs::OwnWord word_of(const Job& job, const Task& task) const;
  void say_what_is_due();
  void recover(const Memory& old);
  void recover(Job& job, const Job& old);
  slurm::Answer carry_out(const slurm::Ask& ask);
  slurm::Answer carry_out(const slurm::ask::Submit& submit);
  slurm::Answer carry_out(const slurm::ask::Release& release);
  slurm::Answer carry_out(const slurm::ask::Cancel& cancel);
  slurm::Answer carry_out(const slurm::ask::List& list);
  slurm::Answer carry_out(const slurm::ask::Show& show);
  slurm::Answer carry_out(const slurm::ask::Past& past);
  slurm::Answer carry_out(const slurm::ask::Ping& ping);
  slurm::Answer carry_out(const slurm::ask::Hold& hold);
  slurm::Answer carry_out(const slurm::ask::Keep& keep);
  slurm::Answer carry_out(const slurm::ask::Look& look);
  bool may_use(const std::string& account) const;
  static bool is_over(const Job& job);
  void plan(Job& job);

  std::uint64_t seed_;
  std::string installation_;
  Faults<ControllerFault> faults_;
  std::function<void(TaskName)> onlooker_;
  Time now_;
  Time down_until_;
  Time changed_;
  Memory memory_;
  Memory saved_;
  Time save_at_;
  std::multimap<Time, Coming> coming_;
  std::multimap<Time, slurm::Answer> answers_;
  std::vector<slurm::ClusterJob> accounting_;  // what has ended and was forgotten
  std::vector<slurm::ClusterJob> past_runs_;   // of what was requeued
  struct Account {
    slurm::SeenAccount seen;
    Time known_at;  // to the controller, which learns of it late
  };
  std::map<std::string, Account> accounts_;  // slurmdbd's, which forgets nothing
  bool tasks_speak_;
  std::vector<TaskSays> words_;
  std::set<std::pair<std::uint32_t, TaskName>> ran_;  // by id
};

}  // namespace fabrica::sites::simulated
