#include "sites/slurm/slurm_site.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace fabrica::sites::slurm {

namespace {

using jobs::JobId;
using jobs::JobPhase;
using jobs::Outcome;
using jobs::SubmissionState;

constexpr std::size_t submitting_at_once = 64;
// More acknowledged jobs than that are found in one list, which costs less than asking for each.
constexpr std::size_t named_one_by_one = 4;
constexpr std::size_t releasing_at_once = 64;
// Where more and more is submitted, what has been acknowledged for that long is let go beside it.
constexpr std::size_t releasing_while_submitting = 1;
constexpr Duration release_patience = seconds(2);
constexpr Duration reach_again = seconds(1);
constexpr Duration ask_again = seconds(5);  // for a cancel or a release that had no effect yet
constexpr Duration account_patience = minutes(5);
constexpr Duration ping_every = minutes(1);

}  // namespace

SlurmSite::SlurmSite(std::unique_ptr<Cluster> cluster, SlurmSiteOptions options,
                     Translate translate, TranslateAccount translate_account)
    : cluster_(std::move(cluster)),
      options_(std::move(options)),
      translate_(std::move(translate)),
      notices_(options_.say),
      accounts_({options_.user, options_.look_at_accounts_every}, std::move(translate_account),
                notices_) {}

void SlurmSite::resume(const jobs::State& state, federation::SiteId site) {
  CHECK(entries_.empty() && asked_.empty(), "a site resumes before it is told anything");
  accounts_.resume(state, site);
  state.jobs.for_each([&](JobId id, const jobs::Job& job) {
    if (job.site != site || job.phase == JobPhase::waiting || job.phase == JobPhase::ended) return;
    if (job.phase == JobPhase::placed && job.submission == SubmissionState::none) {
      uncertain_.emplace(Tag{id, job.attempt}, job.request->array);
      return;
    }
    const bool found = job.binding != jobs::Binding{};
    Stage stage = found ? Stage::released : Stage::unknown;
    if (found && job.phase == JobPhase::placed) stage = Stage::bound;
    Entry& entry = begin(id, job.attempt, job.request->array, stage);
    entry.binding = job.binding;
    entry.placed = job.submitted;
    entry.queued = job.phase != JobPhase::placed;
    for (std::size_t i = 0; i < job.tasks.size(); ++i) {
      entry.tasks[i].started = job.tasks[i].started != Time{};
      entry.tasks[i].ended = job.tasks[i].outcome != Outcome::none;
    }
  });
}

SlurmSite::Entry& SlurmSite::begin(JobId id, std::uint32_t attempt,
                                   std::vector<std::uint32_t> array, Stage stage) {
  Entry& entry = entries_[id];
  entry = {};
  naming_.erase(id);
  requeued_.erase(id);
  entry.attempt = attempt;
  entry.stage = stage;
  entry.placed = now_;
  entry.heard_at = last_ticket_ + 1;
  entry.tasks.resize(std::max<std::size_t>(1, array.size()));
  entry.array = std::move(array);
  return entry;
}

// The entry that an answer about `tag` is for; none when a later attempt has begun.
SlurmSite::Entry* SlurmSite::current(const Tag& tag) {
  const auto found = entries_.find(tag.job);
  return found != entries_.end() && found->second.attempt == tag.attempt ? &found->second : nullptr;
}

std::string SlurmSite::reference(const Entry& entry) const {
  return fmt::format("{}:{}", options_.cluster, entry.binding.id);
}

void SlurmSite::tell(const jobs::SiteRequest& request) {
  std::visit([&](const auto& one) { take(one); }, request);
}

void SlurmSite::take(const jobs::StartJob& request) {
  const Tag tag{request.job, request.attempt};
  if (current(tag) != nullptr) return;
  const bool uncertain = uncertain_.erase(tag) > 0;
  Entry& entry = begin(request.job, request.attempt, request.request->array, Stage::ready);
  if (uncertain) {
    lose_sight(request.job, entry, "The server restarted before the site's answer was recorded.");
    return;
  }
  entry.request = request;
  ready_.insert(request.job);
  // Nothing else is there to be seen yet.
  if (entries_.size() == 1) next_poll_ = now_ + options_.poll_every;
}

void SlurmSite::take(const jobs::ReleaseJob& request) {
  const Tag tag{request.job, request.attempt};
  Entry* entry = current(tag);
  if (entry == nullptr || entry->stage != Stage::bound) return;
  if (!options_.hold) {
    entry->stage = Stage::released;
    return;
  }
  to_release_.insert(request.job);
}

// Submissions go first: what is bound waits, what is not submitted may yet be lost with its reply.
std::size_t SlurmSite::releasing_now() const {
  if (submitting_ == 0 && ready_.empty()) return releasing_at_once;
  if (to_release_.empty()) return 0;
  const auto oldest = entries_.find(*to_release_.begin());
  const bool waits =
      oldest != entries_.end() && now_ < oldest->second.acknowledged + release_patience;
  return waits ? 0 : releasing_while_submitting;
}

void SlurmSite::release_bound() {
  while (!to_release_.empty() && releasing_ < releasing_now()) {
    const JobId id = *to_release_.begin();
    to_release_.erase(to_release_.begin());
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.stage != Stage::bound) continue;
    Entry& entry = found->second;
    entry.stage = Stage::releasing;
    releasing_ += 1;
    send(Act::release, {id, entry.attempt},
         ask::Release{entry.user, static_cast<std::uint32_t>(entry.binding.id)});
  }
}

void SlurmSite::take(const jobs::StopJob& request) {
  const Tag tag{request.job, request.attempt};
  Entry* entry = current(tag);
  if (entry == nullptr) {
    const auto uncertain = uncertain_.extract(tag);
    entry = &begin(request.job, request.attempt,
                   uncertain ? uncertain.mapped() : std::vector<std::uint32_t>{}, Stage::unknown);
  }
  const bool fresh_recall = request.unless_begun && !entry->recall;
  entry->recall = request.unless_begun;
  entry->stop = !request.unless_begun;
  to_release_.erase(request.job);
  if (entry->stage == Stage::ready) {
    ready_.erase(request.job);
    entry->stage = Stage::over;
    reports_.emplace_back(
        jobs::SiteAbsent{request.job, request.attempt, "taken back before the site had it"});
  } else if (entry->stop && entry->stage >= Stage::bound && entry->stage < Stage::over) {
    cancel(*entry);
  } else if (fresh_recall) {
    next_poll_ = std::min(next_poll_, now_);
    list_all_ = now_;
  }
}

void SlurmSite::cancel(Entry& entry) {
  if (entry.cancelled != Time{} && now_ < entry.cancelled + ask_again) return;
  entry.cancelled = now_;
  send(Act::cancel, {}, ask::Cancel{entry.user, static_cast<std::uint32_t>(entry.binding.id)});
}

void SlurmSite::send(Act act, const Tag& tag, Ask ask) {
  last_ticket_ += 1;
  asked_.emplace(last_ticket_, Asked{act, tag});
  cluster_->send(last_ticket_, std::move(ask));
}

void SlurmSite::note_contact(const Answer& answer) {
  contact_.silent = answer.came == Came::unsent || answer.came == Came::unclear;
  if (!contact_.silent) contact_.last = now_;
  if (options_.on_contact) options_.on_contact(contact_);
}

// What has nothing to do would not be heard of otherwise.
void SlurmSite::ping() {
  if (!options_.on_contact || now_ < next_ping_) return;
  next_ping_ = now_ + ping_every;
  if (contact_.last + ping_every <= now_) send(Act::ping, {}, ask::Ping{});
}

void SlurmSite::ask_for_accounts() {
  while (auto ask = accounts_.next(now_)) {
    const bool look = std::holds_alternative<ask::Look>(*ask);
    send(look ? Act::look_at_accounts : Act::keep_account, {}, *std::move(ask));
  }
  for (jobs::Report& report : accounts_.take_reports()) reports_.push_back(std::move(report));
}

// slurmctld learns of an account a while after slurmdbd has it, and forgets it when somebody takes
// it away; the job waits for either to come right, and for minutes where neither is seen to be it.
void SlurmSite::account_refused(JobId id, Entry& entry, const std::string& text) {
  notices_.refused(now_, fmt::format("{} is refused: {}", to_string(id), text));
  const bool lacks = entry.request && accounts_.lacks(entry.request->account);
  if (lacks || !entry.account_refused) entry.account_refused = now_;
  if (now_ >= *entry.account_refused + account_patience)
    return end_all(id, entry, Outcome::refused, text);
  accounts_.doubt(now_);
  entry.stage = Stage::ready;
  if (!entry.stop) ready_later_.emplace(now_ + ask_again, id);
}

void SlurmSite::submit_ready() {
  while (!ready_later_.empty() && ready_later_.begin()->first <= now_) {
    const JobId id = ready_later_.begin()->second;
    ready_later_.erase(ready_later_.begin());
    const auto entry = entries_.find(id);
    if (entry != entries_.end() && entry->second.stage == Stage::ready && entry->second.request)
      ready_.insert(id);
  }
  if (now_ < submit_from_) return;
  while (submitting_ < submitting_at_once && !ready_.empty()) {
    const JobId id = *ready_.begin();
    ready_.erase(ready_.begin());
    Entry& entry = entries_.at(id);
    const Tag tag{id, entry.attempt};
    Result<Submission> job = translate_(*entry.request);
    if (!job) {
      end_all(id, entry, Outcome::refused, job.error().text);
      continue;
    }
    job->comment = tag_text(options_.installation, tag);
    job->name = name_with_tag(job->name, options_.installation, tag);
    job->hold = options_.hold;
    entry.user = job->user;
    entry.stage = Stage::submitting;
    submitting_ += 1;
    counts_.submitted += 1;
    send(Act::submit, tag, ask::Submit{*std::move(job)});
  }
}

void SlurmSite::take(const Answer& answer) {
  const auto found = asked_.find(answer.ticket);
  if (found == asked_.end()) return;
  const Asked asked = found->second;
  asked_.erase(found);
  const bool of_database = asked.act == Act::past || asked.act == Act::runs ||
                           asked.act == Act::keep_account || asked.act == Act::look_at_accounts;
  if (!of_database) note_contact(answer);
  switch (asked.act) {
    case Act::submit:
      submitting_ -= 1;
      submit_answered(asked.tag, answer);
      return list_after_burst();
    case Act::name:
      return name_answered(asked.tag, answer);
    case Act::release:
      releasing_ -= 1;
      return release_answered(asked.tag, answer);
    case Act::list:
      listing_ = false;
      return list_answered(answer);
    case Act::past:
      return past_answered(asked.tag, answer);
    case Act::runs:
      return runs_answered(asked.tag, answer);
    case Act::keep_account:
      return accounts_.kept(now_, answer);
    case Act::look_at_accounts:
      return accounts_.looked(now_, answer);
    case Act::ping:
    case Act::cancel:
    case Act::hold:
    case Act::release_again:
      return;  // what came of it shows in a list
  }
}

void SlurmSite::submit_answered(const Tag& tag, const Answer& answer) {
  Entry* entry = current(tag);
  if (entry == nullptr || entry->stage != Stage::submitting) return;
  entry->heard_at = last_ticket_ + 1;
  switch (answer.came) {
    case Came::done:
      entry->request.reset();
      entry->stage = Stage::naming;
      entry->binding.id = answer.id;
      entry->acknowledged = now_;
      naming_.insert(tag.job);
      reports_.emplace_back(
          jobs::SiteBound{tag.job, tag.attempt, options_.cluster, entry->binding});
      if (naming_.size() <= named_one_by_one) send(Act::name, tag, ask::Show{answer.id});
      return;
    case Came::unsent:
      entry->stage = Stage::ready;
      submit_from_ = now_ + reach_again;
      if (!entry->stop && !entry->recall) ready_.insert(tag.job);
      return;
    case Came::refused:
      if (answer.of_account && options_.keeps_accounts)
        return account_refused(tag.job, *entry, answer.text);
      notices_.refused(now_, fmt::format("{} is refused: {}", to_string(tag.job), answer.text));
      return end_all(tag.job, *entry, Outcome::refused, answer.text);
    case Came::unclear:
    case Came::unchanged:
    case Came::unknown:
      return lose_sight(tag.job, *entry, answer.text);
  }
}

// Lists give way to submissions, so that of a burst most wait for the one after its end.
void SlurmSite::list_after_burst() {
  if (submitting_ == 0 && ready_.empty() && naming_.size() > named_one_by_one)
    next_poll_ = std::min(next_poll_, now_);
}

// The id alone is not enough: after a crash of the controller it may be another's.
void SlurmSite::name_answered(const Tag& tag, const Answer& answer) {
  Entry* entry = current(tag);
  if (entry == nullptr || entry->stage != Stage::naming) return;
  entry->heard_at = last_ticket_ + 1;
  for (const ClusterJob& job : answer.jobs) {
    if (answer.came == Came::done && tag_of(job, options_.installation) == tag)
      return bind(tag.job, *entry, job);
  }
  lose_sight(tag.job, *entry, "The site acknowledged the job and does not show it.");
}

void SlurmSite::release_answered(const Tag& tag, const Answer& answer) {
  Entry* entry = current(tag);
  if (entry == nullptr || entry->stage != Stage::releasing) return;
  entry->heard_at = last_ticket_ + 1;
  if (answer.came != Came::done) {
    // Asked again; a list tells if it went through, or is gone. Where one has shown it let go
    // already nobody asks for that any more.
    entry->stage = entry->queued ? Stage::released : Stage::bound;
    return;
  }
  entry->stage = Stage::released;
  if (!entry->queued) {
    entry->queued = true;
    reports_.emplace_back(jobs::SiteQueued{tag.job, reference(*entry), tag.attempt});
  }
}

void SlurmSite::lose_sight(JobId id, Entry& entry, std::string text) {
  naming_.erase(id);
  entry.request.reset();
  entry.stage = Stage::unknown;
  entry.binding = {};
  entry.absent_since.reset();
  counts_.unknown += 1;
  next_poll_ = now_;
  reports_.emplace_back(jobs::SiteUnknown{id, entry.attempt, std::move(text)});
}

void SlurmSite::bind(JobId id, Entry& entry, const ClusterJob& job) {
  naming_.erase(id);
  notice_oddities(job, {id, entry.attempt});
  // Its clock was not behind that when we heard of it.
  if (entry.acknowledged != Time{}) {
    clock_ahead_ = job.submitted - entry.acknowledged;
    notice_clock(*clock_ahead_);
  }
  entry.stage = Stage::bound;
  entry.absent_since.reset();
  entry.binding = {job.array_id != 0 ? job.array_id : job.id, job.submitted};
  entry.user = job.user;
  reports_.emplace_back(jobs::SiteBound{id, entry.attempt, options_.cluster, entry.binding});
  if (entry.stop) cancel(entry);
}

void SlurmSite::end_all(JobId id, Entry& entry, Outcome outcome, const std::string& text) {
  for (std::uint32_t task = 0; task < entry.tasks.size(); ++task) {
    if (entry.tasks[task].ended) continue;
    jobs::SiteEnded report;
    report.job = id;
    report.attempt = entry.attempt;
    report.task = task;
    report.ended = now_;
    report.outcome = outcome;
    report.text = text;
    reports_.emplace_back(std::move(report));
  }
  entry.stage = Stage::over;
}

std::vector<jobs::Report> SlurmSite::hear(Time now) {
  now_ = std::max(now_, now);
  for (const Answer& answer : cluster_->receive(now_)) take(answer);
  ask_for_accounts();
  submit_ready();
  release_bound();
  ask_for_runs();
  poll();
  ping();
  const std::size_t count = std::min(reports_.size(), limits::group_commands_max);
  return {reports_.begin(), reports_.begin() + static_cast<std::ptrdiff_t>(count)};
}

void SlurmSite::acknowledge(std::span<const jobs::Report> reports) {
  // They come back in the order in which they were said, some perhaps left out.
  std::set<JobId> said;
  std::size_t next = 0;
  std::deque<jobs::Report> left;
  for (jobs::Report& report : reports_) {
    const JobId job = jobs::job_of(report);
    if (next < reports.size() && report == reports[next]) {
      next += 1;
      said.insert(job);
    } else {
      left.push_back(std::move(report));
    }
  }
  reports_ = std::move(left);
  for (const jobs::Report& report : reports_) said.erase(jobs::job_of(report));
  for (const JobId job : said) forget_if_over(job);
}

// Of a job that is forgotten all that there was to say is recorded.
void SlurmSite::forget_if_over(JobId id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end() || entry->second.stage != Stage::over) return;
  if (!requeued_.contains(id)) entries_.erase(entry);
}

std::optional<Time> SlurmSite::next_event() const {
  if (!reports_.empty()) return now_;
  if (!ready_.empty()) return std::max(now_, submit_from_);
  std::optional<Time> next = accounts_.next_event();
  const auto consider = [&](Time at) { next = next ? std::min(*next, at) : at; };
  // While a list is awaited its answer comes by itself.
  const bool polls = !entries_.empty() || !uncertain_.empty() || options_.on_others;
  if (!listing_ && polls) consider(next_poll_);
  if (!ready_later_.empty()) consider(ready_later_.begin()->first);
  if (next) *next = std::max(now_, *next);
  return next;
}

}  // namespace fabrica::sites::slurm
