// Any text as a reply of slurmrestd: read without harm, judged for each kind of ask, and nothing is
// taken for done that has no answer in it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "sites/slurm/errors.h"
#include "sites/slurm/rest_api.h"
#include "sites/slurm/shapes.h"

namespace {

using namespace fabrica::sites::slurm;

void check_job(const ClusterJob& job) {
  CHECK(job.id != 0, "a job has a number");
  CHECK(fabrica::is_utf8(job.name) && fabrica::is_utf8(job.comment), "texts are UTF-8");
  CHECK(job.signal >= 0 && job.signal < 128, "a signal");
  CHECK(job.exit_code >= 0 && job.exit_code < 256, "an exit code");
  CHECK(!job.held || job.state == ClusterState::pending, "only what waits is held");
  CHECK(has_ended(job.state) || job.ended.ms == 0, "only what ended has an end");
}

void check_reply(const fabrica::Result<Reply>& reply, AskKind kind, std::uint16_t status) {
  Exchange exchange;
  exchange.may_have_left = true;
  exchange.status = status;
  if (reply) {
    exchange.reply = *reply;
    if (reply->jobs) {
      for (const ClusterJob& job : *reply->jobs) check_job(job);
    }
  }
  const Judgement judgement = judge(kind, exchange);
  CHECK(fabrica::is_utf8(judgement.text), "texts are UTF-8");
  if (judgement.came != Came::done) return;
  CHECK(reply.has_value(), "what cannot be read is not done");
  CHECK(kind != AskKind::submit || reply->job_id, "a submission has a number");
  CHECK(kind != AskKind::list || reply->jobs, "a list is there");
  CHECK(kind != AskKind::show || (reply->jobs && !reply->jobs->empty()), "a job is there");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(bytes, bytes + size);
  const auto reply = read_reply(text);
  const auto past = read_past_reply(text, {.cluster = "c1", .from = {}, .name_end = "n"});
  constexpr std::uint16_t statuses[] = {200, 304, 400, 404, 500};
  for (const std::uint16_t status : statuses) {
    for (const AskKind kind : {AskKind::submit, AskKind::release, AskKind::cancel, AskKind::list,
                               AskKind::show, AskKind::ping}) {
      check_reply(reply, kind, status);
    }
    check_reply(past, AskKind::past, status);
  }
  const auto version = newest_version_in(text);
  CHECK(!version || (*version >= api_oldest && *version <= api_newest), "a version that is known");
  (void)parse_http_date(text);
  return 0;
}
