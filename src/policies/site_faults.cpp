#include "policies/site_faults.h"

namespace fabrica::policies {

bool site_faults(const jobs::RefundQuestion& question) {
  return question.outcome == jobs::Outcome::lost &&
         question.connection != federation::Connection::local;
}

bool no_refund(const jobs::RefundQuestion& /*question*/) { return false; }

}  // namespace fabrica::policies
