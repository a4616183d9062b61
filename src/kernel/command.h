#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "base/id.h"
#include "base/time.h"
#include "calls/commands.h"
#include "federation/commands.h"
#include "jobs/commands.h"
#include "ledger/commands.h"

namespace fabrica {

using federation::PersonId;

/// Deadlines up to now have come. Sent by a driver when next_deadline(State) <= now.
struct PassTime {};
FABRICA_DESCRIBE(PassTime)

/// All that anyone can ask of Fabrica, by area.
using Command =
    std::variant<federation::Command, ledger::Command, calls::Command, jobs::Command, PassTime>;

/// A text kept by its SHA-256, outside the log: a script, a proposal.
struct Document {
  Sha256 hash;
  std::string bytes;
};

/// A command with all that a decision may depend on beside State and policies.
struct Envelope {
  CommandId id;        // none: nobody will ask for this reply again
  Digest fingerprint;  // of the request's body: the same id with another body is refused
  PersonId actor;      // none: the system itself
  Time now;
  Command command;
  std::vector<Document> documents;  // made durable together with the command's events
};

/// What an accepted command gets. `id` is the number minted for the first thing it made, or zero.
struct Reply {
  Seq seq;
  std::uint64_t id = 0;

  friend bool operator==(const Reply&, const Reply&) = default;
};
FABRICA_DESCRIBE(Reply, seq, id)

}  // namespace fabrica
