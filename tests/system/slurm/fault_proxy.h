#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/describe.h"
#include "base/random.h"

/// A bad network between fabricad and a slurmrestd.
namespace fabrica::test {

/// What becomes of a request. The last two are of submissions only: Slurm's other requests name a
/// job by its id alone, which after a crash of slurmctld may be another's, so that nobody could
/// guard against one that comes late.
enum class Mischief : std::uint8_t {
  delayed,         // its reply comes up to a sixth of `late_max` late, or itself does
  reply_dropped,   // it was carried out, and the connection closes without a reply
  reply_cut,       // the reply ends in its middle
  doubled,         // carried out twice, one after the other; the second reply is thrown away
  submitted_late,  // the connection closes at once, and it is carried out up to `late_max` later
  submitted_again  // it is answered, and carried out again up to `late_max` later
};
FABRICA_DESCRIBE_ENUM(Mischief, delayed, reply_dropped, reply_cut, doubled, submitted_late,
                      submitted_again)

/// Requests that were really hit: slurmrestd carried them out.
struct Hits {
  std::uint64_t submits = 0;
  std::uint64_t others = 0;
};

/// Listens on the loopback and passes HTTP/1.1 requests on to another port of it, one connection
/// each way for each. Outside its windows it changes nothing.
class FaultProxy {
 public:
  /// Passes on to `upstream`, "http://127.0.0.1:<port>". The seed says which requests are hit.
  FaultProxy(std::string_view upstream, std::uint64_t seed,
             std::chrono::milliseconds late_max = std::chrono::seconds(20));
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  /// What is still to be carried out late is not.
  ~FaultProxy();

  std::string url() const;

  /// For so long every second request, by chance, is treated so; it ends an earlier window.
  void open_window(Mischief mischief, std::chrono::milliseconds lasting);

  /// Nothing listens: connections are refused as those to a slurmrestd that is dead.
  void refuse();
  void accept();

  std::map<Mischief, Hits> hits() const;

  /// Requests that wait to be carried out late.
  std::uint64_t waiting() const { return late_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Worker {
    std::atomic<bool> ended = false;
    std::thread thread;
  };
  enum class Fate : std::uint8_t { passed, changed };
  struct Draw {
    Fate fate = Fate::passed;
    Mischief mischief = Mischief::delayed;
    std::chrono::milliseconds wait{};
    bool before = false;  // delayed on its way there
    std::uint64_t cut_at = 0;
  };

  void listen();
  void run();
  void serve(int client);
  bool serve_one(int client, const std::string& request);
  void start(std::function<void()> work);
  void carry_out_later(Mischief mischief, std::string request, std::chrono::milliseconds wait);
  Draw draw(bool is_submit);
  void count(Mischief mischief, bool is_submit);
  std::string ask_upstream(const std::string& request) const;
  std::string read_message(int socket, std::string& buffer) const;
  bool wait(std::chrono::milliseconds time) const;

  const std::uint16_t upstream_port_;
  const std::chrono::milliseconds late_max_;
  std::uint16_t port_ = 0;
  std::atomic<int> listener_ = -1;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> late_ = 0;
  mutable std::mutex mutex_;  // what follows
  Random random_;
  Mischief mischief_ = Mischief::delayed;
  Clock::time_point window_end_;
  std::map<Mischief, Hits> hits_;
  std::list<Worker> workers_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace fabrica::test
