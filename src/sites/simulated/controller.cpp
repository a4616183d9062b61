#include "sites/simulated/controller.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace fabrica::sites::simulated {

namespace {

using jobs::Outcome;
using slurm::Answer;
using slurm::Came;
using slurm::ClusterJob;
using slurm::ClusterState;

constexpr Duration state_is_saved_every = seconds(3);
// Where tasks speak up to this, far longer than a real one, so that whole lives fall in between.
constexpr Duration state_is_saved_after = hours(6);
constexpr Duration ended_is_known_for = minutes(5);  // MinJobAge
constexpr Duration no_answer_for = seconds(10);      // the asker's timeout
constexpr std::uint32_t bound_of_wait_minutes = 40;
// Those who put jobs back into the queue do it often.
constexpr int chances_of_requeue = 8;
constexpr Duration run_again_after = minutes(2);  // as Slurm delays what it requeued

ClusterState state_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::completed:
      return ClusterState::completed;
    case Outcome::timeout:
      return ClusterState::timeout;
    case Outcome::out_of_memory:
      return ClusterState::out_of_memory;
    case Outcome::cancelled:
      return ClusterState::cancelled;
    case Outcome::lost:
      return ClusterState::node_failed;
    default:
      return ClusterState::failed;
  }
}

// The numbers of "1,2,5%2".
std::vector<std::uint32_t> numbers_of(std::string_view array) {
  array = array.substr(0, array.find('%'));
  std::vector<std::uint32_t> numbers;
  while (!array.empty()) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(array.data(), array.data() + array.size(), number);
    CHECK(error == std::errc{}, "our own way of writing an array");
    numbers.push_back(number);
    array.remove_prefix(static_cast<std::size_t>(end - array.data()));
    if (array.starts_with(',')) array.remove_prefix(1);
  }
  return numbers;
}

Time whole_seconds(Time time) { return Time{time.ms / 1000 * 1000}; }

}  // namespace

SimulatedController::SimulatedController(std::uint64_t seed, std::string installation,
                                         Faults<ControllerFault> faults, bool tasks_speak)
    : seed_(seed),
      installation_(std::move(installation)),
      faults_(std::move(faults)),
      tasks_speak_(tasks_speak) {}

void SimulatedController::send(std::uint64_t ticket, slurm::Ask ask) {
  const auto unheard = [&](Came came) {
    Answer gone;
    gone.ticket = ticket;
    gone.came = came;
    gone.text = "no answer";
    answer(std::move(gone), came == Came::unsent ? Duration{1} : no_answer_for);
  };
  if (faults_.fires(ControllerFault::no_connection)) return unheard(Came::unsent);
  if (faults_.fires(ControllerFault::request_lost)) return unheard(Came::unclear);
  const Duration way = faults_.between(milliseconds(1), milliseconds(20));
  if (faults_.fires(ControllerFault::request_late)) {
    coming_.emplace(now_ + faults_.between(seconds(2), seconds(20)), Coming{0, std::move(ask)});
    return unheard(Came::unclear);
  }
  if (faults_.fires(ControllerFault::answer_lost)) {
    coming_.emplace(now_ + way, Coming{0, std::move(ask)});
    return unheard(Came::unclear);
  }
  if (faults_.fires(ControllerFault::request_doubled))
    coming_.emplace(now_ + way + milliseconds(5), Coming{0, ask});
  coming_.emplace(now_ + way, Coming{ticket, std::move(ask)});
}

void SimulatedController::answer(Answer answer, Duration after) {
  answers_.emplace(now_ + after, std::move(answer));
}

std::vector<Answer> SimulatedController::receive(Time now) {
  while (!coming_.empty() && coming_.begin()->first <= now) {
    pass(coming_.begin()->first);
    Coming coming = std::move(coming_.begin()->second);
    coming_.erase(coming_.begin());
    arrive(std::move(coming));
  }
  pass(now);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (faults_.fires(ControllerFault::forget)) crash();
  }
  if (tasks_speak_) say_what_is_due();
  std::vector<Answer> heard;
  while (!answers_.empty() && answers_.begin()->first <= now_) {
    heard.push_back(std::move(answers_.begin()->second));
    answers_.erase(answers_.begin());
  }
  return heard;
}

std::optional<Time> SimulatedController::next_event() const {
  std::optional<Time> next;
  const auto consider = [&](Time time) {
    if (!next || time < *next) next = time;
  };
  if (!coming_.empty()) consider(coming_.begin()->first);
  if (!answers_.empty()) consider(answers_.begin()->first);
  return next;
}

void SimulatedController::forget_asker() {
  answers_.clear();
  for (auto& [at, coming] : coming_) coming.ticket = 0;
}

void SimulatedController::heal() {
  faults_.heal();
  down_until_ = {};
}

void SimulatedController::arrive(Coming coming) {
  if (faults_.fires(ControllerFault::crash)) crash();
  if (faults_.fires(ControllerFault::stop))
    down_until_ = now_ + faults_.between(seconds(1), minutes(3));
  if (now_ < down_until_) {
    // The connection is taken and nobody reads from it until the controller is back.
    if (coming.ticket != 0) {
      Answer gone;
      gone.ticket = coming.ticket;
      gone.came = Came::unclear;
      gone.text = "no answer";
      answer(std::move(gone), no_answer_for);
    }
    coming.ticket = 0;
    if (std::holds_alternative<slurm::ask::Submit>(coming.ask))
      coming_.emplace(down_until_, std::move(coming));
    return;
  }
  Answer made = carry_out(coming.ask);
  if (coming.ticket == 0) return;
  made.ticket = coming.ticket;
  if (made.cluster_time == Time{}) made.cluster_time = whole_seconds(now_);
  const bool slow = faults_.fires(ControllerFault::answer_slow);
  answer(std::move(made), slow ? faults_.between(seconds(1), seconds(9)) : milliseconds(2));
}

void SimulatedController::save() {
  if (now_ < save_at_) return;
  save_at_ = now_ + (tasks_speak_ ? faults_.between(minutes(1), state_is_saved_after)
                                  : state_is_saved_every);
  saved_ = memory_;
}

// What is younger than the last save is gone, but for what slurmd has started.
void SimulatedController::crash() {
  changed_ = now_;
  down_until_ = now_ + faults_.between(seconds(1), seconds(60));
  Memory old = std::move(memory_);
  memory_ = saved_;
  if (tasks_speak_) return recover(old);
  for (auto& [id, job] : old.jobs) {
    const bool started = std::ranges::any_of(
        job.tasks, [](const Task& task) { return task.record.started != Time{}; });
    if (started || is_over(job)) memory_.jobs.insert_or_assign(id, std::move(job));
    if (started) memory_.last_id = std::max(memory_.last_id, id);
  }
}

bool SimulatedController::is_over(const Job& job) {
  return std::ranges::all_of(job.tasks,
                             [](const Task& task) { return slurm::has_ended(task.record.state); });
}

void SimulatedController::start(Job& job, Task& task) {
  changed_ = now_;
  task.record.state = ClusterState::running;
  task.record.started = whole_seconds(task.starts);
  task.record.nodes = "n1";
  task.ends = {};
  if (!tasks_speak_) run(job, task);
}

void SimulatedController::run(Job& job, Task& task) {
  const auto place = static_cast<std::uint32_t>(&task - job.tasks.data());
  const Time began = std::max(now_, task.starts);
  task.ends = began + task.fate.run;
  task.node_fails = faults_.fires(ControllerFault::node_fail);
  bool cut_short = task.node_fails;
  for (int chance = 0; chance < chances_of_requeue; ++chance)
    cut_short = cut_short || faults_.fires(ControllerFault::requeue);
  if (cut_short) task.cut = began + faults_.between(Duration{1}, task.fate.run);
  const TaskName name{job.tag.job, job.tag.attempt, place};
  if (ran_.emplace(job.id, name).second && onlooker_) onlooker_(name);
}

// As in Slurm's books: the run that follows is submitted when the one before has ended.
void SimulatedController::requeue(Task& task, Time at, ClusterState state) {
  changed_ = now_;
  ClusterJob& record = task.record;
  record.ended = whole_seconds(at);
  record.state = state;
  past_runs_.push_back(record);
  record.submitted = record.ended;
  record.state = ClusterState::pending;
  record.restarts += 1;
  record.started = {};
  record.ended = {};
  record.nodes = {};
  task.starts = std::max(now_, at) + run_again_after;
  task.ends = {};
  task.cut = {};
}

void SimulatedController::end(Job& job, Task& task) {
  changed_ = now_;
  task.record.state = state_of(task.fate.outcome);
  task.record.ended = whole_seconds(task.ends);
  task.record.exit_code = task.fate.exit_code;
  task.record.signal = task.fate.signal;
  const bool by_itself =
      task.fate.outcome == Outcome::completed || task.fate.outcome == Outcome::failed;
  if (tasks_speak_ && by_itself) words_.push_back({word_of(job, task), true, task.fate.exit_code});
}

void SimulatedController::pass(Time until) {
  now_ = std::max(now_, until);
  save();
  for (auto& [id, job] : memory_.jobs) {
    for (Task& task : job.tasks) {
      if (task.record.state == ClusterState::pending && task.starts != Time{} &&
          task.starts <= now_) {
        start(job, task);
      }
      const bool runs = task.record.state == ClusterState::running;
      if (runs && task.cut != Time{} && task.cut <= now_) {
        requeue(task, task.cut,
                task.node_fails ? ClusterState::node_failed : ClusterState::requeued);
      } else if (runs && task.ends != Time{} && task.ends <= now_) {
        end(job, task);
      }
    }
  }
  std::erase_if(memory_.jobs, [&](const auto& item) {
    const bool old =
        is_over(item.second) && std::ranges::all_of(item.second.tasks, [&](const Task& task) {
          return task.record.ended + ended_is_known_for <= now_;
        });
    if (old) {
      changed_ = now_;
      for (const Task& task : item.second.tasks) accounting_.push_back(task.record);
    }
    return old;
  });
}

// Tasks start after a while, each at its time.
void SimulatedController::plan(Job& job) {
  for (Task& task : job.tasks) {
    if (task.starts != Time{} || task.record.state != ClusterState::pending) continue;
    task.record.held = false;
    task.record.reason = "Priority";
    task.starts = now_ + faults_.between(seconds(1), minutes(bound_of_wait_minutes));
  }
}

Answer SimulatedController::carry_out(const slurm::Ask& ask) {
  return std::visit([&](const auto& one) { return carry_out(one); }, ask);
}

Answer SimulatedController::carry_out(const slurm::ask::Submit& submit) {
  if (!may_use(submit.job.account)) {
    Answer refused;
    refused.came = Came::refused;
    refused.of_account = true;
    refused.text = "Invalid account";
    return refused;
  }
  changed_ = now_;
  Job job;
  job.asked = submit.job;
  job.id = ++memory_.last_id;
  job.held = submit.job.hold;
  ClusterJob record;
  record.id = job.id;
  record.name = submit.job.name;
  record.comment = submit.job.comment;
  record.user = submit.job.user;
  record.state = ClusterState::pending;
  record.held = job.held;
  record.reason = job.held ? "JobHeldUser" : "None";
  record.submitted = whole_seconds(now_);
  const auto tag = slurm::tag_of(record, installation_);
  CHECK(tag.has_value(), "every job of ours has its tag");
  job.tag = *tag;
  const std::vector<std::uint32_t> numbers = numbers_of(submit.job.array);
  job.tasks.resize(std::max<std::size_t>(1, numbers.size()));
  for (std::uint32_t i = 0; i < job.tasks.size(); ++i) {
    Task& task = job.tasks[i];
    task.record = record;
    if (!numbers.empty()) {
      task.record.array_id = job.id;
      task.record.array_task = numbers[i];
    }
    task.fate = fate_of(seed_, {job.tag.job, job.tag.attempt, i}, submit.job.time_limit);
    if (task.fate.outcome == Outcome::launch_failed) task.fate.outcome = Outcome::failed;
  }
  if (!job.held) plan(job);
  Answer made;
  made.id = job.id;
  memory_.jobs.emplace(job.id, std::move(job));
  return made;
}

Answer SimulatedController::carry_out(const slurm::ask::Release& release) {
  Answer made;
  const auto job = memory_.jobs.find(release.id);
  if (job == memory_.jobs.end()) {
    made.came = Came::unknown;
    return made;
  }
  changed_ = now_;
  job->second.held = false;
  plan(job->second);
  return made;
}

Answer SimulatedController::carry_out(const slurm::ask::Hold& hold) {
  Answer made;
  const auto job = memory_.jobs.find(hold.id);
  if (job == memory_.jobs.end()) {
    made.came = Came::unknown;
    return made;
  }
  changed_ = now_;
  for (Task& task : job->second.tasks) {
    if (task.record.state != ClusterState::pending) continue;
    task.record.held = true;
    task.record.reason = "JobHeldUser";
    task.starts = {};
    job->second.held = true;
  }
  return made;
}

Answer SimulatedController::carry_out(const slurm::ask::Cancel& cancel) {
  Answer made;
  const auto job = memory_.jobs.find(cancel.id);
  if (job == memory_.jobs.end()) {
    made.came = Came::unknown;
    return made;
  }
  changed_ = now_;
  for (Task& task : job->second.tasks) {
    if (slurm::has_ended(task.record.state)) continue;
    task.record.state = ClusterState::cancelled;
    task.record.ended = whole_seconds(now_);
    task.record.reason = "cancelled";
    // As Slurm's books have it: a start without a node.
    if (task.record.started == Time{}) task.record.started = task.record.ended;
    task.starts = {};
  }
  return made;
}

Answer SimulatedController::carry_out(const slurm::ask::List& list) {
  Answer made;
  if (list.since != Time{} && list.since > whole_seconds(changed_)) {
    made.came = Came::unchanged;
    return made;
  }
  for (const auto& [id, job] : memory_.jobs) {
    for (const Task& task : job.tasks) made.jobs.push_back(task.record);
  }
  return made;
}

Answer SimulatedController::carry_out(const slurm::ask::Show& show) {
  Answer made;
  const auto job = memory_.jobs.find(show.id);
  if (job == memory_.jobs.end()) {
    made.came = Came::unknown;
    return made;
  }
  for (const Task& task : job->second.tasks) made.jobs.push_back(task.record);
  return made;
}

Answer SimulatedController::carry_out(const slurm::ask::Past& past) {
  Answer made;
  const auto add = [&](const ClusterJob& job) {
    const bool wanted = past.id == 0 || slurm::root_of(job) == past.id;
    if (wanted && job.name.ends_with(past.name_end) && job.submitted >= past.from)
      made.jobs.push_back(job);
  };
  std::ranges::for_each(accounting_, add);
  std::ranges::for_each(past_runs_, add);
  if (past.id == 0) return made;
  for (const auto& [id, job] : memory_.jobs) {
    for (const Task& task : job.tasks) add(task.record);
  }
  return made;
}

Answer SimulatedController::carry_out(const slurm::ask::Ping& /*ping*/) { return {}; }

std::map<jobs::JobId, Duration> SimulatedController::ran_for() const {
  std::map<jobs::JobId, Duration> all;
  const auto add = [&](const ClusterJob& run) {
    const bool began = run.started != Time{} && !run.nodes.empty();
    const auto tag = slurm::tag_of(run, installation_);
    if (began && tag && run.ended > run.started)
      all[tag->job] = all[tag->job] + (run.ended - run.started);
  };
  std::ranges::for_each(accounting_, add);
  std::ranges::for_each(past_runs_, add);
  for (const auto& [id, job] : memory_.jobs) {
    for (const Task& task : job.tasks) add(task.record);
  }
  return all;
}

Answer SimulatedController::carry_out(const slurm::ask::Keep& keep) {
  if (faults_.fires(ControllerFault::deny)) {
    Answer denied;
    denied.came = Came::refused;
    denied.text = "Access/permission denied";
    return denied;
  }
  const slurm::AccountWords& words = keep.account;
  const auto [account, is_new] = accounts_.try_emplace(words.name);
  if (is_new) account->second.known_at = now_ + faults_.between(Duration{}, seconds(20));
  account->second.seen = {words.name, {{words.tres, words.minutes}}, !words.closed};
  return {};
}

// Looking is when it shows that somebody was there.
Answer SimulatedController::carry_out(const slurm::ask::Look& /*look*/) {
  if (!accounts_.empty() && faults_.fires(ControllerFault::loosen)) {
    const auto some =
        std::next(accounts_.begin(), static_cast<std::ptrdiff_t>(faults_.below(accounts_.size())));
    some->second.seen.limits.clear();
    some->second.seen.open = true;
  }
  if (!accounts_.empty() && faults_.fires(ControllerFault::take_away)) {
    const auto some =
        std::next(accounts_.begin(), static_cast<std::ptrdiff_t>(faults_.below(accounts_.size())));
    if (faults_.below(2) == 0)
      accounts_.erase(some);
    else if (!some->second.seen.limits.empty())
      some->second.seen.limits.front().minutes = 0;
  }
  Answer made;
  for (const auto& [name, account] : accounts_) made.accounts.push_back(account.seen);
  return made;
}

bool SimulatedController::may_use(const std::string& account) const {
  if (account.empty()) return true;
  const auto known = accounts_.find(account);
  return known != accounts_.end() && known->second.seen.open && known->second.known_at <= now_;
}

}  // namespace fabrica::sites::simulated
