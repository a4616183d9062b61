#pragma once

#include <functional>
#include <map>

#include "kernel/ports.h"
#include "sites/simulated/faults.h"

namespace fabrica::simulate {

/// What can go wrong between the engine and its log.
/// - behind: another writer was quicker.
/// - unknown_written, unknown_lost: no clear answer, and the group was written, or was not.
/// - down: no clear answer and nothing written for so long that the engine gives up.
/// - crash_before, crash_after: the process dies just before or just after the group is written.
enum class LogFault : std::uint8_t {
  behind,
  unknown_written,
  unknown_lost,
  down,
  crash_before,
  crash_after
};
FABRICA_DESCRIBE_ENUM(LogFault, behind, unknown_written, unknown_lost, down, crash_before,
                      crash_after)

/// Thrown out of append to end the engine, which must be dropped then: a process that died.
struct EngineCrashed {};

/// Wraps a log and lets faults happen to the groups that pass. Reading has no faults.
class FaultyLog : public EventLog {
 public:
  using Faults = sites::simulated::Faults<LogFault>;

  /// `inner` must outlive this. `rival` appends something to `inner` when called: another engine.
  FaultyLog(EventLog& inner, std::function<void()> rival)
      : inner_(inner), rival_(std::move(rival)) {}

  Appended append(const Append& group) override;
  std::vector<Recorded> read(Seq after, std::size_t limit) override {
    return inner_.read(after, limit);
  }
  std::optional<KeptReply> reply_to(CommandId id) override { return inner_.reply_to(id); }
  bool load_snapshot(State& state) override { return inner_.load_snapshot(state); }

  void use(Faults faults) { faults_ = std::move(faults); }
  void heal();
  const std::map<LogFault, std::uint64_t>& fired() const { return faults_.fired(); }

 private:
  EventLog& inner_;
  std::function<void()> rival_;
  Faults faults_;
  std::uint64_t down_for_ = 0;  // appends that still get no answer
};

}  // namespace fabrica::simulate
