#include "store/reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "store/bytes.h"
#include "store/sqlite_log.h"
#include "store/statement_lines.h"

namespace fabrica::store {

namespace {

constexpr const char* job_columns =
    "id,project,owner,account,site,partition,unit,phase,outcome,cancel,name,submitted,started,"
    "ended,time_limit,nodes,"
    "tasks,cpus,gpus,memory,array_size,hold,charged,script,document,policy,reasons,reference,"
    "submission,attempt";

template <DescribedEnum E>
E enum_from(std::string_view name) {
  E value{};
  value_of(name, value);
  return value;
}

std::optional<Time> time_from(std::int64_t ms) {
  return ms == 0 ? std::nullopt : std::optional(Time{ms});
}

template <AnId I>
std::optional<I> id_from(std::uint64_t value) {
  return value == 0 ? std::nullopt : std::optional(I{value});
}

AccountView account_row(const Statement& row) {
  const ComputeTime balance{row.integer(5)};
  const ComputeTime held{row.integer(6)};
  return {ledger::AccountId{row.number(0)},
          enum_from<ledger::AccountKind>(row.text(1)),
          enum_from<Unit>(row.text(2)),
          id_from<federation::PartitionId>(row.number(3)),
          id_from<federation::ProjectId>(row.number(4)),
          balance,
          held,
          balance - held,
          row.integer(7) != 0,
          row.integer(8) != 0};
}

std::size_t bounded(std::size_t limit) { return std::min(limit, limits::page_rows_max); }

}  // namespace

Reader::Reader(const std::filesystem::path& directory)
    : database_(SqliteLog::file_in(directory).string(), Database::Mode::read_only),
      job_(database_, fmt::format("SELECT {} FROM jobs WHERE id=?", job_columns)),
      tasks_(database_,
             "SELECT task, outcome, started, ended, exit_code, signal, cpu_ms, memory_peak, text, "
             "returned FROM tasks "
             "WHERE job=? ORDER BY task"),
      runs_(database_,
            "SELECT task, site_id, submitted, site_started, ended, restarts, outcome, charged, "
            "given_back, owed FROM runs WHERE job=? ORDER BY task, ended"),
      thing_(database_, "SELECT view FROM things WHERE kind=? AND id=?"),
      member_(database_, "SELECT 1 FROM members WHERE person=? AND project=?"),
      begin_(database_, "BEGIN"),
      end_(database_, "COMMIT") {}

Seq Reader::last() {
  return Seq{static_cast<std::uint64_t>(database_.number("SELECT max(seq) FROM events"))};
}

JobView Reader::job_row(const Statement& row) {
  JobView job;
  job.id = jobs::JobId{row.number(0)};
  job.project = federation::ProjectId{row.number(1)};
  job.owner = federation::PersonId{row.number(2)};
  job.account = ledger::AccountId{row.number(3)};
  job.site = row.text(4);
  job.partition = row.text(5);
  job.unit = enum_from<Unit>(row.text(6));
  job.phase = enum_from<jobs::JobPhase>(row.text(7));
  job.outcome = enum_from<jobs::Outcome>(row.text(8));
  job.cancel_requested = row.integer(9) != 0;
  job.name = row.text(10);
  job.submitted = Time{row.integer(11)};
  job.started = time_from(row.integer(12));
  job.ended = time_from(row.integer(13));
  job.time_limit = Duration{row.integer(14)};
  job.nodes = static_cast<std::uint32_t>(row.integer(15));
  job.tasks = static_cast<std::uint32_t>(row.integer(16));
  job.cpus_per_node = static_cast<std::uint32_t>(row.integer(17));
  job.gpus_per_node = static_cast<std::uint32_t>(row.integer(18));
  job.memory_mib_per_node = row.number(19);
  job.array_size = static_cast<std::uint32_t>(row.integer(20));
  job.hold = ComputeTime{row.integer(21)};
  job.charged = ComputeTime{row.integer(22)};
  job.script = sha_from(row.blob(23));
  job.document = sha_from(row.blob(24));
  job.policy = row.text(25);
  job.reasons = row.text(26);
  job.reference = row.text(27);
  job.submission = enum_from<jobs::SubmissionState>(row.text(28));
  job.attempt = static_cast<std::uint32_t>(row.integer(29));
  return job;
}

void Reader::add_tasks(JobView& job) {
  tasks_.bind(1, job.id.value);
  while (tasks_.step()) {
    TaskView task;
    task.task = static_cast<std::uint32_t>(tasks_.integer(0));
    task.outcome = enum_from<jobs::Outcome>(tasks_.text(1));
    task.started = time_from(tasks_.integer(2));
    task.ended = time_from(tasks_.integer(3));
    task.exit_code = static_cast<std::int32_t>(tasks_.integer(4));
    task.signal = static_cast<std::int32_t>(tasks_.integer(5));
    task.cpu_ms = tasks_.integer(6);
    task.memory_bytes_peak = tasks_.integer(7);
    task.text = tasks_.text(8);
    task.returned = time_from(tasks_.integer(9));
    job.task_list.push_back(std::move(task));
  }
  tasks_.reset();
}

std::optional<JobView> Reader::job(jobs::JobId id) {
  job_.bind(1, id.value);
  std::optional<JobView> found;
  if (job_.step()) found = job_row(job_);
  job_.reset();
  if (!found) return found;
  add_tasks(*found);
  add_runs(*found);
  return found;
}

std::vector<JobView> Reader::jobs(const JobFilter& filter, jobs::JobId before, std::size_t limit) {
  constexpr std::size_t first_site = 9;
  std::string sql = fmt::format("SELECT {} FROM jobs WHERE (?1=0 OR id<?1)", job_columns);
  if (filter.project) sql += " AND project=?2";
  if (filter.member_of) {
    sql += " AND (project IN (SELECT project FROM members WHERE person=?3)";
    for (std::size_t i = 0; i < filter.or_sites.size(); ++i)
      sql += fmt::format(" OR site=?{}", first_site + i);
    sql += ")";
  }
  if (!filter.site.empty()) sql += " AND site=?4";
  if (!filter.name.empty()) sql += " AND name=?5";
  if (filter.phase) sql += " AND phase=?6";
  if (filter.live) sql += " AND phase<>'ended'";
  if (filter.since) sql += " AND (ended=0 OR ended>=?8)";
  sql += " ORDER BY id DESC LIMIT ?7";
  Statement rows(database_, sql);
  rows.bind(1, before.value);
  if (filter.project) rows.bind(2, filter.project->value);
  if (filter.member_of) rows.bind(3, filter.member_of->value);
  if (!filter.site.empty()) rows.bind(4, filter.site);
  if (!filter.name.empty()) rows.bind(5, filter.name);
  if (filter.phase) rows.bind(6, name_of(*filter.phase));
  if (filter.since) rows.bind(8, filter.since->ms);
  rows.bind(7, static_cast<std::uint64_t>(bounded(limit)));
  for (std::size_t i = 0; filter.member_of && i < filter.or_sites.size(); ++i) {
    rows.bind(static_cast<int>(first_site + i), filter.or_sites[i]);
  }
  std::vector<JobView> found;
  while (rows.step()) found.push_back(job_row(rows));
  return found;
}

std::optional<std::string> Reader::thing(std::string_view kind, std::uint64_t id) {
  thing_.bind(1, kind).bind(2, id);
  std::optional<std::string> view;
  if (thing_.step()) view = std::string(thing_.text(0));
  thing_.reset();
  return view;
}

std::optional<std::string> Reader::thing_by_slug(std::string_view kind, std::string_view slug) {
  const bool inside = kind == "mode";  // a mode's view has its slug within
  Statement row(database_,
                fmt::format("SELECT view FROM things WHERE kind=? AND json_extract(view,'{}')=?",
                            inside ? "$.mode.slug" : "$.slug"));
  row.bind(1, kind).bind(2, slug);
  if (!row.step()) return std::nullopt;
  return std::string(row.text(0));
}

std::vector<std::string> Reader::things_of_member(std::string_view kind,
                                                  federation::PersonId person, std::uint64_t after,
                                                  std::size_t limit) {
  Statement rows(
      database_,
      "SELECT view FROM things WHERE kind=? AND id>? AND json_extract(view,'$.project') IN "
      "(SELECT project FROM members WHERE person=?) ORDER BY id LIMIT ?");
  rows.bind(1, kind)
      .bind(2, after)
      .bind(3, person.value)
      .bind(4, static_cast<std::uint64_t>(bounded(limit)));
  std::vector<std::string> views;
  while (rows.step()) views.emplace_back(rows.text(0));
  return views;
}

std::vector<std::string> Reader::things(std::string_view kind, std::uint64_t after,
                                        std::size_t limit) {
  Statement rows(database_, "SELECT view FROM things WHERE kind=? AND id>? ORDER BY id LIMIT ?");
  rows.bind(1, kind).bind(2, after).bind(3, static_cast<std::uint64_t>(bounded(limit)));
  std::vector<std::string> views;
  while (rows.step()) views.emplace_back(rows.text(0));
  return views;
}

std::optional<AccountView> Reader::account(ledger::AccountId id) {
  Statement row(database_, "SELECT * FROM accounts WHERE id=?");
  row.bind(1, id.value);
  if (!row.step()) return std::nullopt;
  return account_row(row);
}

std::vector<AccountView> Reader::accounts_of(federation::ProjectId project) {
  Statement rows(database_,
                 "SELECT * FROM accounts WHERE project=? AND kind='award' ORDER BY id LIMIT ?");
  rows.bind(1, project.value).bind(2, static_cast<std::uint64_t>(limits::page_rows_max));
  std::vector<AccountView> found;
  while (rows.step()) found.push_back(account_row(rows));
  return found;
}

std::vector<LineView> Reader::statement(ledger::AccountId account, Seq after, std::size_t limit) {
  Statement rows(database_, "SELECT id, lines FROM lines WHERE id>=? AND id<? ORDER BY id");
  rows.bind(1, row_of(account, after)).bind(2, row_of(ledger::AccountId{account.value + 1}, Seq{}));
  const std::size_t most = bounded(limit);
  std::vector<LineView> lines;
  while (lines.size() < most && rows.step()) {
    const std::span<const std::byte> packed = rows.blob(1);
    const std::string_view text(reinterpret_cast<const char*>(packed.data()), packed.size());
    for (LineView& line : unpack_lines(text, rows.number(0))) {
      if (line.seq > after && lines.size() < most) lines.push_back(std::move(line));
    }
  }
  return lines;
}

bool Reader::is_member(federation::PersonId person, federation::ProjectId project) {
  member_.bind(1, person.value).bind(2, project.value);
  const bool found = member_.step();
  member_.reset();
  return found;
}

std::vector<federation::ProjectId> Reader::projects_of(federation::PersonId person) {
  Statement rows(database_, "SELECT project FROM members WHERE person=? ORDER BY project LIMIT ?");
  rows.bind(1, person.value).bind(2, static_cast<std::uint64_t>(limits::page_rows_max));
  std::vector<federation::ProjectId> found;
  while (rows.step()) found.emplace_back(rows.number(0));
  return found;
}

void Reader::add_runs(JobView& job) {
  runs_.bind(1, job.id.value);
  while (runs_.step()) {
    job.runs.push_back({static_cast<std::uint32_t>(runs_.integer(0)), runs_.number(1),
                        Time{runs_.integer(2)}, time_from(runs_.integer(3)), Time{runs_.integer(4)},
                        static_cast<std::uint32_t>(runs_.integer(5)),
                        enum_from<jobs::Outcome>(runs_.text(6)), ComputeTime{runs_.integer(7)},
                        ComputeTime{runs_.integer(8)}, ComputeTime{runs_.integer(9)}});
  }
  runs_.reset();
}

std::vector<jobs::ChargedRun> Reader::runs_of(std::string_view site, Time from, Time to,
                                              std::size_t limit) {
  Statement rows(database_,
                 "SELECT runs.job, number, partition, unit, site_id, runs.submitted, site_started, "
                 "restarts, runs.started, runs.ended, units, per_units, most, runs.charged, "
                 "given_back, owed FROM runs JOIN jobs ON jobs.id=runs.job WHERE runs.ended>=?2 "
                 "AND runs.ended<?3 AND jobs.site=?1 LIMIT ?4");
  rows.bind(1, site).bind(2, from.ms).bind(3, to.ms).bind(4, static_cast<std::uint64_t>(limit));
  std::vector<jobs::ChargedRun> runs;
  while (rows.step()) {
    jobs::ChargedRun run;
    run.job = jobs::JobId{rows.number(0)};
    run.number = static_cast<std::uint32_t>(rows.integer(1));
    run.partition = rows.text(2);
    run.unit = enum_from<Unit>(rows.text(3));
    run.key = {rows.number(4), Time{rows.integer(5)}, Time{rows.integer(6)},
               static_cast<std::uint32_t>(rows.integer(7))};
    run.started = Time{rows.integer(8)};
    run.ended = Time{rows.integer(9)};
    run.units = {rows.integer(10), rows.integer(11)};
    run.most = ComputeTime{rows.integer(12)};
    run.charged = ComputeTime{rows.integer(13)};
    run.given_back = ComputeTime{rows.integer(14)};
    run.owed = ComputeTime{rows.integer(15)};
    runs.push_back(std::move(run));
  }
  return runs;
}

bool Reader::has_ended(jobs::JobId id) {
  Statement row(database_, "SELECT 1 FROM jobs WHERE id=? AND phase='ended'");
  row.bind(1, id.value);
  return row.step();
}

std::optional<std::string> Reader::document(const Sha256& hash) {
  Statement row(database_, "SELECT bytes FROM documents WHERE hash=?");
  row.bind(1, std::span<const std::byte>(hash.bytes));
  if (!row.step()) return std::nullopt;
  const std::span<const std::byte> bytes = row.blob(0);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::optional<Sha256> Reader::chain_at(Seq seq) {
  Statement row(database_, "SELECT chain FROM events WHERE seq=?");
  row.bind(1, seq.value);
  if (!row.step()) return std::nullopt;
  return sha_from(row.blob(0));
}

std::vector<EventView> Reader::events(Seq after, std::size_t limit) {
  Statement rows(database_,
                 "SELECT seq, at, actor, cause, type, version, body FROM events WHERE seq>? ORDER "
                 "BY seq LIMIT ?");
  rows.bind(1, after.value).bind(2, static_cast<std::uint64_t>(bounded(limit)));
  std::vector<EventView> events;
  while (rows.step()) {
    const CommandId cause = command_id_from(rows.blob(3));
    events.push_back({Seq{rows.number(0)}, Time{rows.integer(1)},
                      federation::PersonId{rows.number(2)}, cause, std::string(rows.text(4)),
                      rows.integer(5), std::string(rows.text(6))});
  }
  return events;
}

}  // namespace fabrica::store
