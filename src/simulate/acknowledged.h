#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernel/ports.h"

namespace fabrica::simulate {

/// Every accepted command that somebody was told about, with what they were told. It must stay so
/// for ever.
class Acknowledged {
 public:
  /// Notes a reply, or holds it against the one noted before; empty when it is the same. `is_new`
  /// says whether the reply was the first.
  std::string note(const Envelope& envelope, const Reply& reply, bool& is_new);

  bool empty() const { return order_.empty(); }

  /// One of the commands, to be asked again.
  const Envelope& any(Random& random) const;

  /// Empty when the log, asked anew, still holds every reply and every event.
  std::string what_is_lost(EventLog& log, Seq last) const;

 private:
  struct Told {
    Envelope envelope;
    Reply reply;
  };
  std::map<CommandId, Told> told_;
  std::vector<CommandId> order_;
};

}  // namespace fabrica::simulate
