#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "kernel/decide.h"
#include "kernel/ports.h"

namespace fabrica {

namespace refusal {
/// The command id was used before with another body.
inline constexpr RefusalCode command_id_reused{"command_id_reused", 422};
}  // namespace refusal

/// The one writer of State. Decides commands in memory, appends them in groups, answers none before
/// its events are durable. Not for several threads; the same under the live and the simulated
/// driver.
class Engine {
 public:
  /// Recovers State from the log at once. `log` must outlive the engine.
  Engine(EventLog& log, Policies policies);

  /// Decides the commands in order, as one group, and makes them durable together. The results are
  /// in the order of the envelopes. A refused command changes nothing and leaves no trace. The same
  /// command id gets the same reply. Refused with `unavailable` when the log gave no clear answer
  /// in ten tries: the command may then have been done, and asking again under the same id is safe.
  std::vector<Result<Reply>> execute(std::span<const Envelope> group);

  /// A group of one.
  Result<Reply> execute(const Envelope& envelope);

  const State& state() const { return state_; }

  /// The events that the last execute() made durable, in order; good until the next. They follow on
  /// what State was before it, unless another writer's came between.
  std::span<const Recorded> written() const { return written_; }
  const Policies& policies() const { return policies_; }

  /// Forgets State and builds it again from the log: recovery is the normal path.
  void recover();

 private:
  struct Group;

  void decide_group(std::span<const Envelope> envelopes, Group& group);
  Result<Reply> decide_one(const Envelope& envelope, Group& group);
  std::optional<Result<Reply>> replied_before(const Envelope& envelope, const Group& group);
  bool was_written(const Group& group);
  std::vector<Result<Reply>> keep(Group& group);

  EventLog& log_;
  Policies policies_;
  State state_;
  std::vector<Recorded> written_;
};

}  // namespace fabrica
