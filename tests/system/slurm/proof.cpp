#include "system/slurm/proof.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <thread>
#include <utility>

#include "base/check.h"
#include "store/verify.h"
#include "system/slurm/served.h"
#include "unit/support/temporary_directory.h"

namespace fabrica::test {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes settle_max{8};
constexpr std::chrono::minutes answer_max{3};  // until a submission is answered
constexpr std::uint32_t nodes_each = 2;
// So long after its slurmd died Slurm gives a node up: SlurmdTimeout, and the time to its next
// look.
constexpr std::int64_t node_dead_ms_min = 45'000;
constexpr std::int64_t node_dead_ms_max = 75'000;
constexpr std::uint64_t long_proof = 50;

Time system_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<milliseconds>(since).count()};
}

std::string said(const json::Value& value) { return std::string(value.as_string().value_or("")); }

}  // namespace

Proof::Proof(const std::filesystem::path& directory, const ProofOptions& options)
    : options_(options),
      random_(options.seed),
      work_(directory / "work"),
      bed_({.clusters = options.clusters, .nodes = nodes_each}),
      server_(directory / "data", directory / "fabrica.toml", port_) {
  namespace fs = std::filesystem;
  fs::create_directories(work_);
  fs::permissions(directory, fs::perms(0755));
  fs::permissions(work_, fs::perms(0777));
  for (const SlurmCluster& cluster : bed_.facts().clusters)
    proxies_[cluster.name] = std::make_unique<FaultProxy>(cluster.url, random_.next());
  write_file(directory / "fabrica.toml", settings());
  server_.start();
  net::Client client(*net::parse_url(server_.url()));
  project_ = make_gpu_project(client, server_.token(), bed_.facts().clusters);
}

std::string Proof::settings() const {
  std::string text = "[local]\nenabled = false\n";
  for (const SlurmCluster& cluster : bed_.facts().clusters) {
    SlurmAddress address = address_of(cluster);
    address.url = proxies_.at(cluster.name)->url();
    if (options_.jobs_speak) address.jobs_url = fmt::format("http://127.0.0.1:{}", port_);
    text += settings_for(cluster, address);
  }
  return text;
}

void Proof::break_all() {
  const auto began = Clock::now();
  const auto seconds_since = [&] {
    return std::chrono::duration<double>(Clock::now() - began).count();
  };
  const auto kinds =
      static_cast<std::size_t>(Fault::node_lost) + (options_.faults >= long_proof ? 1U : 0U);
  std::vector<Fault> deck;
  for (std::uint64_t i = 0; i < options_.faults; ++i) {
    if (deck.empty()) {
      for (std::size_t kind = 0; kind < kinds; ++kind) deck.push_back(static_cast<Fault>(kind));
      for (std::size_t left = kinds; left > 1; --left)
        std::swap(deck[left - 1], deck[random_.below(left)]);
    }
    const Fault fault = deck.back();
    deck.pop_back();
    cluster_ = fmt::format("c{}", random_.between(1, options_.clusters));
    fmt::print("{:7.1f} s  {} {}\n", seconds_since(), name_of(fault), cluster_);
    std::fflush(stdout);
    submit_some();
    break_one(fault);
    done_[fault] += 1;
    if (testing::Test::HasFatalFailure()) return;
    mend_due(false);
    mend_nodes();
  }
  submit_some();
  broke_s_ = seconds_since();
}

void Proof::break_one(Fault fault) {
  switch (fault) {
    case Fault::fabricad_killed:
      pause(700);
      server_.kill();
      pause(300);
      return server_.start();
    case Fault::fabricad_frozen:
      server_.freeze();
      pause(4'000);
      return server_.thaw();
    case Fault::slurmctld_killed:
      pause(700);
      crashes_[cluster_].push_back(system_now());
      return kill_for_a_while(cluster_ + ".ctld");
    case Fault::slurmctld_frozen:
      return freeze_for_a_while(cluster_ + ".ctld", 12'000);
    case Fault::slurmrestd_killed:
      pause(700);
      proxy().refuse();
      kill_for_a_while(cluster_ + ".rest");
      return proxy().accept();
    case Fault::slurmrestd_frozen:
      return freeze_for_a_while(cluster_ + ".rest", 3'000);
    case Fault::slurmdbd_killed:
      return kill_for_a_while("dbd");
    case Fault::slurmdbd_frozen:
      return freeze_for_a_while("dbd", 2'000);
    case Fault::slurmd_killed:
      pause(1'500);
      return kill_for_a_while(draw_node());
    case Fault::slurmd_frozen:
      return freeze_for_a_while(draw_node(), 8'000);
    case Fault::network_delays:
      return open_window(Mischief::delayed);
    case Fault::network_drops_replies:
      return open_window(Mischief::reply_dropped);
    case Fault::network_cuts_replies:
      return open_window(Mischief::reply_cut);
    case Fault::network_doubles:
      return open_window(Mischief::doubled);
    case Fault::network_submits_late:
      return open_window(Mischief::submitted_late);
    case Fault::network_submits_again:
      return open_window(Mischief::submitted_again);
    case Fault::node_lost:
      return lose_node();
  }
}

void Proof::pause(std::int64_t longest_ms) {
  std::this_thread::sleep_for(milliseconds(random_.between(0, longest_ms)));
}

void Proof::kill_for_a_while(const std::string& daemon) {
  bed_.kill(daemon);
  pause(1'500);
  bed_.start(daemon);
}

void Proof::freeze_for_a_while(const std::string& daemon, std::int64_t longest_ms) {
  bed_.stop(daemon);
  submit_some();
  pause(longest_ms);
  bed_.cont(daemon);
}

// It goes on while the next things break.
void Proof::open_window(Mischief mischief) {
  proxy().open_window(mischief, milliseconds(random_.between(1'500, 5'000)));
  submit_some();
  pause(2'000);
}

// Of the cluster in turn; one that is dead already is started first.
std::string Proof::draw_node() {
  std::string node = fmt::format("{}.d{}", cluster_, random_.between(1, nodes_each));
  if (dead_.erase(node) > 0) bed_.start(node);
  return node;
}

void Proof::lose_node() {
  const std::string node = draw_node();
  bed_.kill(node);
  dead_[node] = Clock::now() + milliseconds(random_.between(node_dead_ms_min, node_dead_ms_max));
}

void Proof::mend_due(bool all) {
  const auto now = Clock::now();
  for (auto next = dead_.begin(); next != dead_.end();) {
    if (!all && now < next->second) {
      ++next;
      continue;
    }
    bed_.start(next->first);
    next = dead_.erase(next);
  }
}

// A slurmctld that lost young jobs gives their ids again while slurmd still runs them; slurmd then
// drains its node ("Duplicate jobid") until the site's operator has looked at it.
void Proof::mend_nodes() {
  for (const auto& [cluster, times] : crashes_) {
    const std::string states =
        bed_.run_as("root", cluster, {"sinfo", "-h", "-N", "-o", "%T"}).output;
    if (!states.contains("drain")) continue;
    for (const std::string& node : bed_.cluster(cluster).nodes)
      bed_.run_as("root", cluster, {"scontrol", "update", "NodeName=" + node, "State=RESUME"});
  }
}

// A slurmctld that forgot the end of a job has it running until a node tells what it runs, which
// nodes do every five minutes or so, when they start, and after this.
void Proof::register_nodes() {
  for (const auto& [cluster, times] : crashes_)
    bed_.run_as("root", cluster, {"scontrol", "reconfigure"});
}

// Slurm lets a job that it requeues wait for two minutes; its operator need not.
void Proof::hurry_requeued() {
  for (const SlurmCluster& cluster : bed_.facts().clusters) {
    const std::string jobs =
        bed_.run_as("root", cluster.name, {"squeue", "-h", "-t", "PD", "-o", "%A %r"}).output;
    std::istringstream in(jobs);
    for (std::string id, reason; in >> id >> reason;) {
      if (reason != "BeginTime") continue;
      bed_.run_as("root", cluster.name, {"scontrol", "update", "JobId=" + id, "StartTime=now"});
    }
  }
}

void Proof::submit_some() {
  const std::int64_t some = random_.between(1, 4);
  for (std::int64_t i = 0; i < some; ++i) submit();
}

// As a careful client: under an id of its own, until there is an answer. Every other job is for the
// cluster where something breaks; every eighth runs for some seconds.
void Proof::submit() {
  const std::size_t number = ids_.size();
  const std::string site =
      random_.chance(1, 2) ? cluster_ : fmt::format("c{}", random_.between(1, options_.clusters));
  const std::int64_t tenths =
      random_.chance(1, 8) ? random_.between(20, 80) : random_.between(0, 9);
  const std::string script = fmt::format(
      "#!/bin/bash\n#SBATCH --job-name=once-{0}\n#SBATCH --partition={3}-gpu\n#SBATCH --time=2\n"
      "#SBATCH --gpus-per-node=1\n#SBATCH --output=/dev/null\n"
      "say() {{ echo \"$1 ${{SLURM_JOB_NAME##*.}} $SLURM_JOB_ID $EPOCHREALTIME\" >> {1}/run-{0}; "
      "}}\n"
      "say begin\nsleep {2:.1f}\nsay end\n",
      number, work_.string(), static_cast<double>(tenths) / 10, site);
  const std::string target = fmt::format("/v1/jobs/{:032x}", number + 1);
  const std::string body = submission(project_, "/tmp", script);
  const auto until = Clock::now() + answer_max;
  while (true) {
    net::Client client(*net::parse_url(server_.url()));
    const Result<net::Response> answer =
        ask(client, server_.token(), net::Method::put, target, body);
    if (answer && answer->status < 500) {
      ASSERT_LT(answer->status, 300) << answer->body;
      const auto id = json::Value::parse(answer->body)->at("/job/id").as_int().value_or(0);
      ids_.push_back(static_cast<std::uint64_t>(id));
      return;
    }
    ASSERT_LT(Clock::now(), until) << "no answer to a submission";
  }
}

std::string Proof::live_jobs() {
  net::Client client(*net::parse_url(server_.url()));
  const json::Value live =
      must(client, server_.token(), net::Method::get, "/v1/jobs?live=true&limit=3");
  return live.get("items").items().empty() ? "" : live.text();
}

void Proof::settle() {
  const auto began = Clock::now();
  const auto waiting = [&] {
    return std::ranges::any_of(proxies_, [](const auto& one) { return one.second->waiting() > 0; });
  };
  mend_due(true);
  std::string live = live_jobs();
  auto look = began;
  while ((!live.empty() || waiting()) && Clock::now() < began + settle_max) {
    if (Clock::now() > look + std::chrono::seconds(10)) {
      look = Clock::now();
      register_nodes();
    }
    mend_nodes();
    hurry_requeued();
    std::this_thread::sleep_for(milliseconds(200));
    live = live_jobs();
  }
  settled_s_ = std::chrono::duration<double>(Clock::now() - began).count();
  if (live.empty()) return;
  ADD_FAILURE() << "jobs that do not end: " << live;
  for (const SlurmCluster& cluster : bed_.facts().clusters)
    fmt::print("{}", bed_.run_as("root", cluster.name, {"squeue", "--long"}).output);
}

JobSeen Proof::look_at(std::uint64_t number) {
  net::Client client(*net::parse_url(server_.url()));
  const json::Value job =
      must(client, server_.token(), net::Method::get, fmt::format("/v1/jobs/{}", ids_.at(number)));
  JobSeen seen;
  seen.job = ids_.at(number);
  seen.site = said(job.get("site"));
  seen.outcome = said(job.get("outcome"));
  seen.text = said(job.at("/task_list/0/text"));
  seen.runs = read_runs(read_file(work_ / fmt::format("run-{}", number)));
  return seen;
}

void Proof::judge() {
  std::map<Verdict, std::vector<std::string>> verdicts;
  for (std::uint64_t number = 0; number < ids_.size(); ++number) {
    const JobSeen seen = look_at(number);
    const std::vector<Time>& crashes = crashes_[seen.site];
    const Verdict verdict = verdict_of(seen, crashes);
    verdicts[verdict].push_back(describe(seen, crashes));
    // A job that asks before it runs is known to have begun, whatever Slurm forgets.
    const bool told = options_.jobs_speak && verdict == Verdict::forgotten;
    EXPECT_FALSE(is_failure(verdict) || told)
        << name_of(verdict) << ": " << describe(seen, crashes);
  }
  EXPECT_EQ(server_.stop(), 0);
  const std::size_t twice = jobs_charged_twice(server_.directory(), federation::ProjectId{1});
  EXPECT_EQ(twice, 0);
  const store::Verification found =
      store::verify(server_.directory(), [](std::uint64_t, std::uint64_t) {});
  EXPECT_TRUE(found.faults.empty()) << found.faults.front();
  print_report(verdicts, twice);
}

void Proof::print_report(const std::map<Verdict, std::vector<std::string>>& verdicts,
                         std::size_t charged_twice) const {
  const auto count = [&](Verdict verdict) {
    const auto found = verdicts.find(verdict);
    return found == verdicts.end() ? 0 : found->second.size();
  };
  fmt::print("\nexactly-once: {} faults in {:.0f} s over {} clusters, seed {}, {}\n",
             options_.faults, broke_s_, options_.clusters, options_.seed,
             options_.jobs_speak ? "jobs ask before they run" : "jobs do not speak");
  fmt::print(
      "  {} jobs: {} lost, {} run twice by us, {} charged twice, {} stuck; settled in {:.1f} s\n",
      ids_.size(), count(Verdict::lost), count(Verdict::run_twice_by_us), charged_twice,
      count(Verdict::stuck), settled_s_);
  fmt::print(
      "  Slurm: {} run again; forgot {} that had begun, run again by us, and the end of {}; gave "
      "up "
      "{}\n",
      count(Verdict::run_again), count(Verdict::forgotten), count(Verdict::end_forgotten),
      count(Verdict::ended_as_lost));
  fmt::print("  faults:");
  for (const auto& [fault, times] : done_) fmt::print(" {} {}", name_of(fault), times);
  fmt::print("\n  requests hit (submissions + others):");
  std::map<Mischief, Hits> hits;
  for (const auto& [cluster, proxy] : proxies_) {
    for (const auto& [mischief, of_one] : proxy->hits()) {
      hits[mischief].submits += of_one.submits;
      hits[mischief].others += of_one.others;
    }
  }
  for (const auto& [mischief, of_all] : hits)
    fmt::print(" {} {} + {}", name_of(mischief), of_all.submits, of_all.others);
  fmt::print("\n");
  for (const auto& [verdict, jobs] : verdicts) {
    if (verdict == Verdict::well) continue;
    for (const std::string& job : jobs) fmt::print("  {}: {}\n", name_of(verdict), job);
  }
}

}  // namespace fabrica::test
