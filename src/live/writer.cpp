#include "live/writer.h"

#include <algorithm>
#include <future>

#include "base/limits.h"

namespace fabrica::live {

namespace {

// A snapshot is kept after this many events at the latest, and when the writer has been idle for a
// while.
constexpr std::uint64_t events_between_snapshots = 200'000;
constexpr std::uint64_t events_worth_a_snapshot = 5'000;
constexpr std::chrono::milliseconds idle_before_snapshot{2'000};

}  // namespace

Time now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

Writer::Writer(EventLog& log, Policies policies) : engine_(log, std::move(policies)) {
  idle_at_ = engine_.state().last;
  counts_.last = engine_.state().last;
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() { stop(); }

void Writer::submit(Envelope envelope, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && commands_.size() < limits::command_queue_max) {
      commands_.push_back({std::move(envelope), std::move(done)});
      if (commands_.size() == 1) wake_.notify_one();
      return;
    }
  }
  done(refuse(refusal::unavailable, "",
              "The server is stopping or has too much to do; try again in a moment."));
}

Result<Reply> Writer::execute(Envelope envelope) {
  std::promise<Result<Reply>> promise;
  std::future<Result<Reply>> reply = promise.get_future();
  submit(std::move(envelope),
         [&promise](Result<Reply> result) { promise.set_value(std::move(result)); });
  return reply.get();
}

bool Writer::ask(std::move_only_function<void(const State&)> look) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || looks_.size() >= limits::command_queue_max) return false;
  looks_.push_back(std::move(look));
  wake_.notify_one();
  return true;
}

bool Writer::ask_placement(
    std::move_only_function<void(const State&, const placement::Dispatcher&)> look) {
  return ask([this, look = std::move(look)](const State& state) mutable {
    dispatcher_.know(state);
    look(state, dispatcher_);
  });
}

void Writer::carry(federation::SiteId site, std::move_only_function<Carried(const State&)> jobs) {
  ask([this, site, jobs = std::move(jobs)](const State& state) mutable {
    dispatcher_.carry(site, now(), jobs(state));
  });
}

bool Writer::ask_and_wait(const std::function<void(const State&)>& look) {
  std::promise<void> done;
  const bool asked = ask([&](const State& state) {
    look(state);
    done.set_value();
  });
  if (asked) done.get_future().get();
  return asked;
}

void Writer::watch(Watch watch) {
  const std::lock_guard lock(mutex_);
  watches_.push_back(std::move(watch));
}

void Writer::on_idle(Watch keep) {
  const std::lock_guard lock(mutex_);
  idle_ = std::move(keep);
}

WriterCounts Writer::counts() const {
  const std::lock_guard lock(mutex_);
  WriterCounts counts = counts_;
  counts.queued = commands_.size();
  return counts;
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

// Until a deadline of the log, or until jobs that wait are to be looked at again.
std::chrono::milliseconds Writer::longest_wait() const {
  std::chrono::milliseconds longest{60'000};
  for (const auto& then : {next_deadline(engine_.state()), dispatcher_.next_look()}) {
    if (!then) continue;
    longest = std::clamp(std::chrono::milliseconds{(*then - now()).ms},
                         std::chrono::milliseconds{0}, longest);
  }
  return longest;
}

// Waits for a command, a question, the next deadline or the end. False when it is time to end.
bool Writer::wait_for_work() {
  std::unique_lock lock(mutex_);
  const auto something = [&] { return stopping_ || !commands_.empty() || !looks_.empty(); };
  if (something()) return !stopping_ || !commands_.empty() || !looks_.empty();
  const std::uint64_t fresh = engine_.state().last.value - idle_at_.value;
  std::chrono::milliseconds longest = longest_wait();
  if (idle_ && fresh >= events_worth_a_snapshot) longest = std::min(longest, idle_before_snapshot);
  const bool woken = wake_.wait_for(lock, longest, something);
  const Watch idle = idle_;
  lock.unlock();
  if (!woken && idle && fresh >= events_worth_a_snapshot) {
    idle(engine_.state());
    idle_at_ = engine_.state().last;
  }
  return true;
}

void Writer::take(std::vector<Asked>& commands,
                  std::vector<std::move_only_function<void(const State&)>>& looks) {
  const std::lock_guard lock(mutex_);
  looks = std::exchange(looks_, {});
  if (commands_.size() <= limits::group_commands_max) {
    commands = std::exchange(commands_, {});
    return;
  }
  const auto end = commands_.begin() + static_cast<std::ptrdiff_t>(limits::group_commands_max);
  commands.assign(std::move_iterator(commands_.begin()), std::move_iterator(end));
  commands_.erase(commands_.begin(), end);
}

void Writer::commit(std::vector<Asked>& commands) {
  std::vector<Envelope> envelopes;
  envelopes.reserve(commands.size());
  const Time time = now();
  for (Asked& asked : commands) {
    envelopes.push_back(std::move(asked.envelope));
    envelopes.back().now = time;
  }
  const Seq before = engine_.state().last;
  std::vector<Result<Reply>> results = engine_.execute(envelopes);
  const Seq after = engine_.state().last;
  dispatcher_.heard(engine_.state(), engine_.written());
  std::vector<Watch> watches;
  {
    const std::lock_guard lock(mutex_);
    counts_.groups += 1;
    counts_.events += after.value - before.value;
    counts_.last = after;
    for (const Result<Reply>& result : results) {
      (result ? counts_.commands_accepted : counts_.commands_refused) += 1;
    }
    if (after != before) watches = watches_;
  }
  for (std::size_t i = 0; i < commands.size(); ++i) commands[i].done(std::move(results[i]));
  for (const Watch& watch : watches) watch(engine_.state());
}

void Writer::pass_time() {
  const std::optional<Time> deadline = next_deadline(engine_.state());
  if (!deadline || *deadline > now()) return;
  std::vector<Asked> group;
  Envelope envelope;
  envelope.command = PassTime{};
  group.push_back({std::move(envelope), [](const Result<Reply>&) {}});
  commit(group);
}

void Writer::place_jobs() {
  std::vector<Asked> group;
  for (jobs::PlaceJob& chosen : dispatcher_.place(engine_.state(), now())) {
    const jobs::JobId id = chosen.job;
    Envelope envelope;
    envelope.command = jobs::Command{std::move(chosen)};
    group.push_back({std::move(envelope), [this, id](const Result<Reply>& reply) {
                       if (!reply) dispatcher_.refused(id);
                     }});
    if (group.size() < limits::group_commands_max) continue;
    commit(group);
    group.clear();
  }
  if (!group.empty()) commit(group);
}

void Writer::run() {
  std::vector<Asked> commands;
  std::vector<std::move_only_function<void(const State&)>> looks;
  while (wait_for_work()) {
    take(commands, looks);
    if (!commands.empty()) commit(commands);
    for (auto& look : looks) look(engine_.state());
    pass_time();
    place_jobs();
    commands.clear();
    looks.clear();
    if (idle_ && engine_.state().last.value - idle_at_.value >= events_between_snapshots) {
      idle_(engine_.state());
      idle_at_ = engine_.state().last;
    }
  }
  if (idle_ && engine_.state().last != idle_at_) idle_(engine_.state());
}

}  // namespace fabrica::live
