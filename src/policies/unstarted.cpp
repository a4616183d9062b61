#include "policies/unstarted.h"

namespace fabrica::policies {

bool unstarted(const jobs::MoveQuestion& /*question*/) { return true; }

bool silent_only(const jobs::MoveQuestion& question) { return question.silent; }

bool no_move(const jobs::MoveQuestion& /*question*/) { return false; }

}  // namespace fabrica::policies
