#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sites/slurm/cluster.h"
#include "sites/slurm/shapes.h"

/// What came of an ask. slurmrestd's HTTP status alone says little: a held submission is 200 with
/// an error and done, a database that is down is 200 with an error and no answer, and most refusals
/// are 500. So the status, the error numbers and what is there are judged together, and what is not
/// known to be a refusal is unclear.
namespace fabrica::sites::slurm {

/// The ask's alternative in Ask.
enum class AskKind : std::uint8_t {
  submit,
  release,
  cancel,
  list,
  show,
  past,
  ping,
  hold,
  keep,
  look
};
FABRICA_DESCRIBE_ENUM(AskKind, submit, release, cancel, list, show, past, ping, hold, keep, look)

AskKind kind_of(const Ask& ask);

/// How an exchange with slurmrestd went.
struct Exchange {
  bool may_have_left = false;  // any byte of the request
  std::uint16_t status = 0;    // HTTP; 0: there was no answer
  std::optional<Reply> reply;  // none where its body cannot be read
  std::string trouble;         // why there was no answer, or none that can be read
};

struct Judgement {
  Came came = Came::unclear;
  std::string text;  // empty when done, unchanged or unknown
  /// A token that is expired or not known to the cluster looks like this, and so does a slurmctld
  /// that is gone.
  bool token_suspect = false;
  /// A submission is refused because its user may not use its account.
  bool of_account = false;
};

Judgement judge(AskKind kind, const Exchange& exchange);

}  // namespace fabrica::sites::slurm
