#include "policies/late_binding.h"

#include "policies/least_work.h"

namespace fabrica::policies {

jobs::PlacementAnswer late_binding(const jobs::PlacementQuestion& question) {
  jobs::PlacementAnswer answer = least_work(question);
  answer.tentative = question.offers.size() > 1 && question.request.array.empty() &&
                     question.request.dependencies.empty();
  return answer;
}

}  // namespace fabrica::policies
