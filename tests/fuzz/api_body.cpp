// The first byte chooses a kind of body (F the first, S the last), the rest is what a client might
// send as one. A body that is accepted must be written and read back the same; one that is refused
// must be told by a pointer and a sentence. What is accepted as a submission is then read as a job.
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/bodies.h"
#include "api/job_request.h"
#include "base/check.h"
#include "json/read.h"
#include "json/write.h"

namespace {

using namespace fabrica;

using Bodies =
    boost::mp11::mp_list<api::NewPerson, api::NewRoles, api::NewToken, api::NewOrganisation,
                         api::NewProject, api::NewMember, api::NewCall, api::NewProposal,
                         api::NewAssessment, api::NewCapacity, api::NewCorrection, api::NewTransfer,
                         api::NewExchange, api::Submission>;

void submit(const api::Submission& submission) {
  for (const api::Purpose purpose : {api::Purpose::plan, api::Purpose::submit}) {
    const auto draft = api::draft_of(submission, purpose);
    if (draft) {
      CHECK(draft->request.nodes > 0, "a job has a node");
    } else {
      CHECK(!draft.error().refusal.text.empty(), "a refusal says why");
    }
  }
}

template <class Body>
void read_as(std::string_view text) {
  const auto body = json::read<Body>(text, json::Missing::refused);
  if (!body) {
    CHECK(body.error().text.ends_with('.'), "a refusal is a sentence");
    CHECK(body.error().field.empty() || body.error().field.starts_with('/'), "a JSON pointer");
    return;
  }
  const std::string written = json::to_json(*body);
  const auto again = json::read<Body>(written, json::Missing::refused);
  CHECK(again.has_value(), "what was written is read");
  CHECK(json::to_json(*again) == written, "and is the same");
  if constexpr (std::same_as<Body, api::Submission>) submit(*body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  constexpr std::size_t kinds = boost::mp11::mp_size<Bodies>::value;
  boost::mp11::mp_with_index<kinds>(
      bytes[0] % kinds, [&](auto kind) { read_as<boost::mp11::mp_at_c<Bodies, kind>>(text); });
  return 0;
}
