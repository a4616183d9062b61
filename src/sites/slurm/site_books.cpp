#include "sites/slurm/site_books.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/utf8.h"
#include "jobs/offers.h"
#include "json/document.h"
#include "sites/slurm/reply_pieces.h"
#include "sites/slurm/rest_api.h"
#include "sites/slurm/rest_caller.h"
#include "sites/slurm/shape_values.h"
#include "sites/slurm/shapes.h"
#include "sites/slurm/tags.h"

namespace fabrica::sites::slurm {

using json::Document;
using json::Element;
using shape::member;

namespace {

constexpr Duration versions_asked_for = seconds(15);
constexpr Duration books_asked_for = seconds(45);
constexpr std::int64_t books_have_nothing = 9003;
constexpr std::size_t allocated_kinds_max = 64;
constexpr std::size_t told_errors_bytes_max = 400;

std::uint32_t within_32_bits(std::int64_t count) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

// What is allocated is a list of {type, name, count}; memory is in MiB.
jobs::Allocation read_allocated(std::optional<Element> list) {
  jobs::Allocation all;
  if (!list || !list->is_array()) return all;
  std::size_t kinds = 0;
  for (Element::Cursor at = list->items(); !at.done() && kinds < allocated_kinds_max;
       at.next(), ++kinds) {
    const std::string type = shape::text(member(at.value(), "type"), limits::name_bytes_max);
    const std::string name = shape::text(member(at.value(), "name"), limits::name_bytes_max);
    const std::int64_t count = shape::number(member(at.value(), "count")).value_or(0);
    if (type == "node") all.nodes = within_32_bits(count);
    if (type == "cpu") all.cpus = within_32_bits(count);
    if (type == "gres" && name == "gpu") all.gpus = within_32_bits(count);
    if (type == "mem")
      all.memory_mib = static_cast<std::uint64_t>(std::max<std::int64_t>(0, count));
  }
  return all;
}

// Of partitions with one name in Slurm, the one whose account was charged.
const BookedPartition* partition_of(const BookedSite& site, const std::string& name,
                                    const std::string& account) {
  const BookedPartition* best = nullptr;
  for (const BookedPartition& one : site.partitions) {
    if (!one.name.empty() && one.name != name) continue;
    if (best == nullptr || one.account == account) best = &one;
  }
  return best;
}

bool is_account_of_ours(const BookedSite& site, const std::string& account) {
  return std::ranges::any_of(site.partitions, [&](const BookedPartition& one) {
    return !account.empty() && one.account == account;
  });
}

jobs::SiteRun run_of(const ClusterJob& record, Element element, const BookedSite& site) {
  jobs::SiteRun run;
  if (const auto tag = tag_of(record, site.installation)) run.job = tag->job;
  run.number = record.array_task.value_or(0);
  run.key = {record.id, record.submitted, record.started, 0};
  run.ended = record.ended;
  run.user = record.user;
  run.account = record.account;
  const std::int64_t elapsed =
      shape::number(member(member(element, "time"), "elapsed")).value_or(0);
  run.elapsed = seconds(std::clamp<std::int64_t>(elapsed, 0, days(36'500).ms / 1'000));
  const jobs::Allocation allocated = read_allocated(member(member(element, "tres"), "allocated"));
  const BookedPartition* partition = partition_of(site, record.partition, record.account);
  if (partition == nullptr) {
    run.units = {0, 1};
    return run;
  }
  run.partition = partition->partition.slug;
  run.unit = partition->partition.unit;
  run.units = jobs::units_of(partition->partition, allocated);
  return run;
}

std::string told_in(const Reply& reply) {
  std::string text;
  for (const ReplyError& error : reply.errors)
    text += fmt::format("{}{}", text.empty() ? "" : "; ", error.text);
  return std::string(cut_utf8(text, told_errors_bytes_max));
}

}  // namespace

Result<std::vector<jobs::SiteRun>> read_books(std::string_view body, const BookedSite& site) {
  TRY(const Reply reply, read_past_reply(body, {.cluster = {}, .from = {}, .name_end = {}}));
  const auto pieces = take_apart(body, reply_jobs_max);
  std::vector<jobs::SiteRun> runs;
  if (!reply.jobs || !pieces) return runs;
  for (std::size_t i = 0; i < pieces->jobs.size(); ++i) {
    const ClusterJob& record = (*reply.jobs)[i];
    if (!site.cluster.empty() && record.cluster != site.cluster) continue;
    TRY(const Document document, Document::parse(pieces->jobs[i]));
    jobs::SiteRun run = run_of(record, document.root(), site);
    if (run.job || is_account_of_ours(site, run.account)) runs.push_back(std::move(run));
  }
  return runs;
}

/// One question in work: its connection.
class SiteBooks::Asking {
 public:
  explicit Asking(std::unique_ptr<RestShared> shared)
      : shared_(std::move(shared)), caller_(*shared_) {}

  void abandon() { caller_.abandon(); }

  Result<std::vector<jobs::SiteRun>> runs(const BookedSite& site, Time from, Time to) {
    TRY(const ApiVersion version, find_version());
    const RestCaller::Sent sent =
        caller_.exchange(books_request(version, site.cluster, from, to), {}, books_asked_for);
    if (!sent.response) return trouble(sent.trouble);
    if (caller_.tells_token(sent.response->body))
      return trouble("its answer is not shown, because it has our token in it");
    const auto reply = read_past_reply(sent.response->body, {});
    if (!reply || sent.response->status != 200)
      return trouble(fmt::format("slurmrestd answers {}: {}", sent.response->status,
                                 reply ? told_in(*reply) : reply.error().text));
    // What slurmdbd found nothing of is said as an error, and is none.
    const bool down = std::ranges::any_of(
        reply->errors, [](const ReplyError& error) { return error.code != books_have_nothing; });
    if (down) return trouble(told_in(*reply));
    return read_books(sent.response->body, site);
  }

 private:
  static std::unexpected<Refusal> trouble(std::string_view why) {
    return refuse(refusal::unavailable, "site",
                  fmt::format("The site's own books cannot be read: {}. `fabrica site check` tells "
                              "more.",
                              why));
  }

  Result<ApiVersion> find_version() {
    if (const auto configured = shared_->version()) return *configured;
    const RestCaller::Sent sent = caller_.exchange(openapi_request(), {}, versions_asked_for);
    if (!sent.response) return trouble(sent.trouble);
    const auto version = newest_version_in(sent.response->body);
    if (!version) return trouble("slurmrestd offers no version that is known");
    return *version;
  }

  const std::unique_ptr<RestShared> shared_;
  RestCaller caller_;
};

SiteBooks::SiteBooks(const RestOptions& options) {
  if (auto shared = RestShared::open(options)) {
    asking_ = std::make_unique<Asking>(*std::move(shared));
  } else {
    trouble_ = shared.error().text;
  }
}

SiteBooks::~SiteBooks() = default;

void SiteBooks::abandon() {
  if (asking_) asking_->abandon();
}

Result<std::vector<jobs::SiteRun>> SiteBooks::runs(const BookedSite& site, Time from, Time to) {
  if (!asking_) return refuse(refusal::unavailable, "site", trouble_);
  return asking_->runs(site, from, to);
}

}  // namespace fabrica::sites::slurm
