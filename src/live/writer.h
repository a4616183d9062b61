#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "kernel/engine.h"
#include "placement/dispatcher.h"

namespace fabrica::live {

/// The clock of the real world; the only place below the program that reads it.
Time now();

/// What the writer did since it started, for /metrics. Read from any thread.
struct WriterCounts {
  std::uint64_t commands_accepted = 0;
  std::uint64_t commands_refused = 0;
  std::uint64_t groups = 0;
  std::uint64_t events = 0;
  std::size_t queued = 0;
  Seq last;
};

/// The one thread that runs the Engine. Commands queue up; it takes all that are there as one
/// group, so a lone command is durable at once and a crowd shares its commits. Between groups it
/// places the jobs that wait for room. All members may be called from any thread.
class Writer {
 public:
  using Done = std::move_only_function<void(Result<Reply>)>;

  /// Starts the thread; recovery is done when the constructor returns. `log` must outlive the
  /// writer. Throws what the log throws when it is damaged.
  Writer(EventLog& log, Policies policies);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Queues a command; `done` is called once, on the writer's thread, when its events are durable
  /// or it is refused. The envelope's time is set here. Refused at once with too_many when the
  /// queue is full.
  void submit(Envelope envelope, Done done);

  /// Submits and waits for the reply.
  Result<Reply> execute(Envelope envelope);

  /// Runs `look` on the writer's thread between two groups, for answers that must be right to
  /// decide. Must be quick; State must not be kept. False when the writer is stopping or has too
  /// much to do: `look` is then never run.
  bool ask(std::move_only_function<void(const State&)> look);

  /// Calls `look` so and waits until it has run; false likewise.
  bool ask_and_wait(const std::function<void(const State&)>& look);

  /// As ask(), and the dispatcher that knows all that State says.
  bool ask_placement(
      std::move_only_function<void(const State&, const placement::Dispatcher&)> look);

  /// Tells the dispatcher what else a site carries.
  using Carried = std::vector<placement::Dispatcher::Carried>;
  void carry(federation::SiteId site, std::move_only_function<Carried(const State&)> jobs);

  /// Called on the writer's thread after each group that changed State, with the new state.
  using Watch = std::function<void(const State&)>;
  void watch(Watch watch);

  /// Called on the writer's thread when it has nothing to do or after many events, to keep a
  /// snapshot.
  void on_idle(Watch keep);

  WriterCounts counts() const;

  /// Finishes what is queued and ends the thread. Commands that come later are refused as
  /// unavailable.
  void stop();

 private:
  struct Asked {
    Envelope envelope;
    Done done;
  };

  void run();
  void take(std::vector<Asked>& commands,
            std::vector<std::move_only_function<void(const State&)>>& looks);
  void commit(std::vector<Asked>& commands);
  void pass_time();
  void place_jobs();
  std::chrono::milliseconds longest_wait() const;
  bool wait_for_work();

  Engine engine_;
  placement::Dispatcher dispatcher_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Asked> commands_;
  std::vector<std::move_only_function<void(const State&)>> looks_;
  std::vector<Watch> watches_;
  Watch idle_;
  Seq idle_at_;
  WriterCounts counts_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fabrica::live
