#include "sites/slurm/rest_cluster.h"

#include <fmt/core.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>

#include "sites/slurm/rest_caller.h"

namespace fabrica::sites::slurm {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t connections_max = 64;
constexpr std::size_t asks_max_max = 100'000;

struct Waiting {
  std::uint64_t ticket = 0;
  Ask ask;
  SteadyClock::time_point latest;  // after that it is not sent any more
};

/// Asks that wait for one of the connections of their side of slurmrestd.
struct Lane {
  std::deque<Waiting> waiting;
  std::condition_variable filled;
};

Answer unsent(std::uint64_t ticket, std::string text) {
  Answer answer;
  answer.ticket = ticket;
  answer.came = Came::unsent;
  answer.text = std::move(text);
  return answer;
}

Result<void> check_options(const RestOptions& options) {
  if (options.connections == 0 || options.connections > connections_max) {
    return refuse(refusal::invalid, "connections",
                  fmt::format("Give 1 to {} connections.", connections_max));
  }
  if (options.asks_max == 0 || options.asks_max > asks_max_max) {
    return refuse(refusal::invalid, "asks_max",
                  fmt::format("Give 1 to {} asks that may wait.", asks_max_max));
  }
  if (!is_user_name(options.token_user)) {
    return refuse(refusal::invalid, "token_user",
                  "Name the user of the cluster whose tokens are sent, as \"slurm\".");
  }
  const AskTimeouts& timeouts = options.timeouts;
  for (const Duration timeout : {timeouts.change, timeouts.list, timeouts.show, timeouts.past,
                                 timeouts.ping, timeouts.queue}) {
    if (timeout.ms <= 0 || timeout > hours(1)) {
      return refuse(refusal::invalid, "timeouts", "A timeout is more than nothing, at most 1 h.");
    }
  }
  return {};
}

}  // namespace

/// The threads: each has one connection, and takes asks from one lane. A lane of its own keeps
/// those for slurmdbd, which may hang for minutes, from blocking the others.
class RestCluster::Pool {
 public:
  Pool(std::unique_ptr<RestShared> shared, int wake_fd);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  void send(std::uint64_t ticket, Ask ask);
  std::vector<Answer> receive();

  int wake_fd() const { return wake_fd_; }
  const std::string& key_set() const { return shared_->key_set; }

 private:
  void start_on(Lane& lane);
  void work(Lane& lane, RestCaller& caller);
  bool take(Lane& lane, Waiting& next);
  void answered(Answer answer);

  const std::unique_ptr<RestShared> shared_;
  const int wake_fd_;

  std::mutex mutex_;
  bool stopping_ = false;
  Lane controller_lane_;
  Lane accounting_lane_;
  std::vector<Answer> answers_;

  std::deque<RestCaller> callers_;
  std::vector<std::thread> threads_;
};

RestCluster::Pool::Pool(std::unique_ptr<RestShared> shared, int wake_fd)
    : shared_(std::move(shared)), wake_fd_(wake_fd) {
  for (std::size_t i = 0; i < shared_->options.connections; ++i) start_on(controller_lane_);
  start_on(accounting_lane_);
}

RestCluster::Pool::~Pool() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  controller_lane_.filled.notify_all();
  accounting_lane_.filled.notify_all();
  for (RestCaller& caller : callers_) caller.abandon();
  for (std::thread& thread : threads_) thread.join();
  ::close(wake_fd_);
}

void RestCluster::Pool::start_on(Lane& lane) {
  RestCaller& caller = callers_.emplace_back(*shared_);
  threads_.emplace_back(&Pool::work, this, std::ref(lane), std::ref(caller));
}

void RestCluster::Pool::send(std::uint64_t ticket, Ask ask) {
  const AskKind kind = kind_of(ask);
  const bool of_database = kind == AskKind::past || kind == AskKind::keep || kind == AskKind::look;
  Lane& lane = of_database ? accounting_lane_ : controller_lane_;
  const auto wait = std::chrono::milliseconds(shared_->options.timeouts.queue.ms);
  {
    const std::scoped_lock lock(mutex_);
    if (lane.waiting.size() < shared_->options.asks_max) {
      lane.waiting.push_back(
          {.ticket = ticket, .ask = std::move(ask), .latest = SteadyClock::now() + wait});
      lane.filled.notify_one();
      return;
    }
  }
  answered(unsent(
      ticket, fmt::format("{} asks wait for this cluster already.", shared_->options.asks_max)));
}

std::vector<Answer> RestCluster::Pool::receive() {
  const std::scoped_lock lock(mutex_);
  std::uint64_t count = 0;  // of answers since; there may be none
  [[maybe_unused]] const auto got = ::read(wake_fd_, &count, sizeof count);
  return std::exchange(answers_, {});
}

bool RestCluster::Pool::take(Lane& lane, Waiting& next) {
  std::unique_lock lock(mutex_);
  lane.filled.wait(lock, [&] { return stopping_ || !lane.waiting.empty(); });
  if (stopping_) return false;
  next = std::move(lane.waiting.front());
  lane.waiting.pop_front();
  return true;
}

void RestCluster::Pool::work(Lane& lane, RestCaller& caller) {
  Waiting next;
  while (take(lane, next)) {
    if (SteadyClock::now() > next.latest) {
      answered(unsent(next.ticket, "No connection to this cluster was free in time."));
      continue;
    }
    Answer answer = caller.call(next.ask);
    answer.ticket = next.ticket;
    answered(std::move(answer));
  }
}

void RestCluster::Pool::answered(Answer answer) {
  const std::scoped_lock lock(mutex_);
  answers_.push_back(std::move(answer));
  const std::uint64_t one = 1;
  // Fails only when nobody received 2^64 answers.
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

RestCluster::RestCluster(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
RestCluster::~RestCluster() = default;

Result<std::unique_ptr<RestCluster>> RestCluster::open(RestOptions options) {
  TRY_DONE(check_options(options));
  TRY(auto shared, RestShared::open(std::move(options)));
  const int wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    return refuse(refusal::unavailable, "",
                  fmt::format("No eventfd can be had ({}). Allow this process more open files.",
                              std::system_category().message(errno)));
  }
  return std::unique_ptr<RestCluster>(
      new RestCluster(std::make_unique<Pool>(std::move(shared), wake_fd)));
}

void RestCluster::send(std::uint64_t ticket, Ask ask) { pool_->send(ticket, std::move(ask)); }

std::vector<Answer> RestCluster::receive(Time /*now*/) { return pool_->receive(); }

int RestCluster::wake_fd() const { return pool_->wake_fd(); }

Result<std::string> RestCluster::key_set() const {
  if (!pool_->key_set().empty()) return pool_->key_set();
  return refuse(refusal::invalid, "key_file", "A shared secret has no public part.");
}

}  // namespace fabrica::sites::slurm
