#include "simulate/faulty_log.h"

namespace fabrica::simulate {

Appended FaultyLog::append(const Append& group) {
  if (down_for_ > 0) {
    down_for_ -= 1;
    return Appended::unknown;
  }
  if (faults_.fires(LogFault::crash_before)) throw EngineCrashed{};
  if (faults_.fires(LogFault::down)) {
    down_for_ = 5 + faults_.below(20);
    return Appended::unknown;
  }
  if (faults_.fires(LogFault::unknown_lost)) return Appended::unknown;
  if (faults_.fires(LogFault::behind)) rival_();
  const Appended appended = inner_.append(group);
  if (appended != Appended::yes) return appended;
  if (faults_.fires(LogFault::crash_after)) throw EngineCrashed{};
  return faults_.fires(LogFault::unknown_written) ? Appended::unknown : appended;
}

void FaultyLog::heal() {
  faults_.heal();
  down_for_ = 0;
}

}  // namespace fabrica::simulate
