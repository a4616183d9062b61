#pragma once

#include <optional>

#include "base/time.h"
#include "kernel/ports.h"

namespace fabrica::sites::simulated {

/// A site whose time is the time it is told: nothing happens in it but in hear(). A driver with a
/// virtual clock asks next_event() when to listen again; a driver with a real clock may listen when
/// it likes.
class VirtualSite : public SiteConnector {
 public:
  /// When hear() next has something to do; nothing when it waits to be told something.
  virtual std::optional<Time> next_event() const = 0;
};

}  // namespace fabrica::sites::simulated
