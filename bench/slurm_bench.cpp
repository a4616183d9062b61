#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <thread>

#include "base/check.h"
#include "load.h"
#include "sites/slurm/rest_cluster.h"
#include "store/sqlite.h"
#include "system/server.h"
#include "system/slurm/bed.h"

/// Real Slurm clusters beside what Slurm's own commands and slurmrestd do with the same, on the
/// same machine at the same time.
///
/// Limits: one submission from the shell to a Slurm job id, median, at most twice that of sbatch;
/// 1,000 submissions over the API reach the cluster at nine tenths of the rate of slurmrestd itself
/// on 8 connections, and are accepted at 5,000/s before; seven clusters with 5,000 live jobs cost 5
/// % of a core, and a change is seen within 2 s (95 of 100).
namespace fabrica::bench {
namespace {

using Clock = std::chrono::steady_clock;
using test::SlurmBed;
using test::SlurmCluster;

constexpr int single_submissions = 41;
constexpr std::uint64_t bulk_submissions = 1'000;
constexpr std::size_t bulk_rounds = 5;
constexpr std::uint32_t forgotten_after = 5;  // s; so that one round does not weigh on the next
constexpr std::uint64_t watched_jobs = 5'000;
constexpr int watched_changes = 60;
constexpr auto watch_time = std::chrono::seconds(20);

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double quantile(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values.at(static_cast<std::size_t>(part * static_cast<double>(values.size() - 1)));
}

std::string settings_for(const test::SlurmFacts& facts, std::uint16_t port) {
  std::string text = "[local]\nenabled = false\n";
  for (const SlurmCluster& cluster : facts.clusters) {
    text += fmt::format(
        "[[slurm]]\nsite = \"{0}\"\nurl = \"{1}\"\ncluster = \"{0}\"\nkey_file = \"{2}\"\n"
        "user = \"{3}\"\naccount = \"{4}\"\njobs_url = \"http://127.0.0.1:{9}\"\n"
        "[[slurm.partition]]\nslug = \"{0}-gpu\"\npartition = \"gpu\"\ngpu_type = \"{5}\"\n"
        "nodes = {6}\ngpus_per_node = {7}\ncores_per_node = {8}\nmemory_gib_per_node = 8\n",
        cluster.name, cluster.url, cluster.key_file, cluster.users.front(), cluster.account,
        cluster.gpu_kind, cluster.nodes.size(), cluster.gpus_per_node, cluster.cpus_per_node, port);
  }
  return text;
}

/// Clusters, and a server on them with one project that has plenty of hours on each.
class Scene {
 public:
  explicit Scene(std::uint32_t clusters)
      : bed({.clusters = clusters, .min_job_age_s = forgotten_after}),
        server_(directory_ / "data", directory_ / "fabrica.toml", port) {
    std::ofstream(directory_ / "fabrica.toml") << settings_for(bed.facts(), port);
    server_.start();
    net::Client client(*net::parse_url(server_.url()));
    const auto post = [&](const std::string& target, std::string body) {
      test::must(client, server_.token(), net::Method::post, target, std::move(body));
    };
    post("/v1/organisations", R"({"name":"Start-up","country":"PT","kind":"start_up"})");
    post("/v1/projects", R"({"title":"A project","organisation":1})");
    for (std::uint32_t i = 1; i <= clusters; ++i) {
      const std::string partition = fmt::format("c{}-gpu", i);
      post(fmt::format("/v1/partitions/{}/capacity", partition),
           R"({"hours":"900000","text":"capacity"})");
      post("/v1/calls",
           fmt::format(R"({{"mode":"playground","title":"P","partitions":["{}"]}})", partition));
      grant(post, i, partition);
    }
  }
  ~Scene() {
    server_.stop();
    std::filesystem::remove_all(directory_);
  }

  void use_slurm() const { ::setenv("SLURM_CONF", bed.facts().clusters[0].slurm_conf.c_str(), 1); }
  std::string token() const { return server_.token(); }

  json::Value post(const std::string& target, std::string body) {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, token(), net::Method::post, target, std::move(body));
  }
  json::Value get(const std::string& target) {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, token(), net::Method::get, target);
  }
  pid_t process() const {
    std::ifstream in(directory_ / "data" / "fabricad.pid");
    pid_t pid = 0;
    in >> pid;
    return pid;
  }
  const std::filesystem::path& directory() const { return directory_; }

  std::uint16_t port = test::free_port();

 private:
  static std::filesystem::path make_directory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "fabrica-bench-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a directory");
    std::filesystem::permissions(pattern, std::filesystem::perms(0755));
    return pattern;
  }

  template <class Post>
  void grant(Post&& post, std::uint32_t call, const std::string& partition) {
    proposals_ += 1;
    post(fmt::format("/v1/calls/{}/proposals", call),
         fmt::format(R"({{"project":1,"title":"W","partition":"{}","hours":"500","months":1,)"
                     R"("gpus_per_job":1,"nodes_per_job":1,"civil_use":true,"open_research":true,)"
                     R"("text":"w"}})",
                     partition));
    post(fmt::format("/v1/proposals/{}:assess", proposals_), R"({"suitable":true,"text":""})");
    post(fmt::format("/v1/proposals/{}:grant", proposals_), "{}");
    post(fmt::format("/v1/awards/{}:accept", proposals_), "{}");
  }

  std::filesystem::path directory_ = make_directory();
  int proposals_ = 0;

 public:
  SlurmBed bed;

 private:
  test::ServerProcess server_;
};

// Runs a program as a user, its output to a file, and waits; milliseconds.
double run_as(const std::string& user, const std::vector<std::string>& words,
              const std::string& output) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const passwd* const known = ::getpwnam(user.c_str());
  CHECK(known != nullptr, "the user is there");
  const auto start = Clock::now();
  const pid_t process = ::fork();
  if (process == 0) {
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ::dup2(file, 1);
    ::dup2(file, 2);
    if (::setgid(known->pw_gid) != 0 || ::setuid(known->pw_uid) != 0 || ::chdir("/tmp") != 0)
      ::_exit(126);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  std::ifstream said(output);
  CHECK(
      WIFEXITED(status) && WEXITSTATUS(status) == 0,
      fmt::format("{} works: {}", words[0], std::string(std::istreambuf_iterator<char>(said), {})));
  return ms_since(start);
}

std::string script_for(std::string_view name) {
  return fmt::format(
      "#!/bin/bash\n#SBATCH --job-name={}\n#SBATCH --time=1\n#SBATCH --gpus-per-node=1\n"
      "#SBATCH --output=/dev/null\ntrue\n",
      name);
}

// From the shell to the id: sbatch prints it; ours is in the answer of the API once it is bound.
void measure_one(Scene& scene) {
  scene.use_slurm();
  const std::string script = (scene.directory() / "one.sh").string();
  std::ofstream(script) << script_for("one");
  const std::string fabrica = std::string(std::getenv("FABRICA_BIN_DIR")) + "/fabrica";
  ::setenv("FABRICA_SERVER", fmt::format("http://127.0.0.1:{}", scene.port).c_str(), 1);
  ::setenv("FABRICA_TOKEN", scene.token().c_str(), 1);
  ::setenv("FABRICA_PROJECT", "1", 1);
  const std::string user = scene.bed.facts().clusters[0].users.front();
  const std::string said = (scene.directory() / "said").string();
  std::ofstream(said) << "";
  std::filesystem::permissions(said, std::filesystem::perms(0666));
  std::vector<double> theirs;
  std::vector<double> ours;
  for (int i = 0; i < single_submissions; ++i) {
    theirs.push_back(run_as(user, {"sbatch", "--parsable", "--partition=gpu", script}, said));
    const auto start = Clock::now();
    run_as("root", {fabrica, "--json", "submit", script}, said);
    while (scene.get(fmt::format("/v1/jobs/{}", i + 1)).get("reference").as_string()->empty())
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    ours.push_back(ms_since(start));
  }
  const double plain = quantile(theirs, 0.5);
  const double mine = quantile(ours, 0.5);
  fmt::print("{:<52} {:>8.1f} ms   sbatch {:.1f} ms   ratio {:.2f}   limit: 2\n",
             "one submission to its Slurm id, median", mine, plain, mine / plain);
}

std::string body_for(std::string_view name, std::string_view site) {
  std::string script = script_for(name);
  std::string quoted;
  for (const char c : script) quoted += c == '\n' ? std::string("\\n") : std::string(1, c);
  return fmt::format(R"({{"project":1,"script":"{}","working_directory":"/tmp","site":"{}"}})",
                     quoted, site);
}

std::string request_for(const Scene& scene, std::string_view name, std::string_view site) {
  const std::string body = body_for(name, site);
  return fmt::format(
      "POST /v1/jobs HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n"
      "\r\n{}",
      scene.token(), body.size(), body);
}

// Submissions that are held, as ours are while they are not bound, on 8 connections.
double rate_of_slurmrestd(const SlurmCluster& cluster) {
  using namespace sites::slurm;
  RestOptions options;
  options.url = cluster.url;
  options.cluster_name = cluster.name;
  options.key_file = cluster.key_file;
  options.connections = 8;
  options.asks_max = bulk_submissions;
  const auto rest = *RestCluster::open(options);
  Submission job;
  job.name = "plain";
  job.user = cluster.users.front();
  job.account = cluster.account;
  job.partition = "gpu";
  job.script = "#!/bin/bash\ntrue\n";
  job.environment = {"PATH=/usr/bin:/bin"};
  job.working_directory = "/tmp";
  job.output = "/dev/null";
  job.gres = "gpu:" + cluster.gpu_kind + ":1";
  job.time_limit = minutes(1);
  const auto start = Clock::now();
  for (std::uint64_t i = 1; i <= bulk_submissions; ++i) rest->send(i, ask::Submit{job});
  std::uint64_t done = 0;
  while (done < bulk_submissions) {
    for (const Answer& answer : rest->receive(Time{})) {
      CHECK(answer.came == Came::done, answer.text);
      done += 1;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return static_cast<double>(bulk_submissions) / ms_since(start) * 1000;
}

// How many jobs the read tables have. Read beside the server, so that it has no work with it.
class JobCount {
 public:
  explicit JobCount(const Scene& scene)
      : database_((scene.directory() / "data" / "fabrica.db").string(),
                  store::Database::Mode::read_only) {}

  std::int64_t of(std::string_view which) {
    return database_.number(fmt::format("SELECT count(*) FROM jobs WHERE {}", which));
  }

  void wait_until_none(std::string_view which) {
    while (of(which) > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

 private:
  store::Database database_;
};

std::size_t in_line(const SlurmBed& bed, const std::string& cluster) {
  const std::string lines = bed.run_as("root", cluster, {"squeue", "-h", "-r", "-o", "%i"}).output;
  return static_cast<std::size_t>(std::ranges::count(lines, '\n'));
}

void clear(Scene& scene, const std::string& cluster, const std::string& user) {
  scene.bed.run_as("root", cluster, {"scancel", "-u", user});
  while (in_line(scene.bed, cluster) > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

// Of one bulk of submissions, each a second.
struct BulkRates {
  double accepted = 0;
  double bound = 0;  // until the last has its Slurm id
  double released = 0;
};

BulkRates bulk_rates(Scene& scene, const std::string& cluster) {
  std::string bodies;
  for (std::uint64_t i = 0; i < bulk_submissions; ++i)
    bodies += (i == 0 ? "" : ",") + body_for(fmt::format("bulk-{}", i), cluster);
  JobCount jobs(scene);
  const auto start = Clock::now();
  const json::Value answer =
      scene.post("/v1/jobs:batch", fmt::format(R"({{"jobs":[{}]}})", bodies));
  const double accepted_ms = ms_since(start);
  CHECK(std::ranges::all_of(
            answer.get("jobs").items(),
            [](const json::Value& job) { return job.get("job").as_int().has_value(); }),
        "every submission is taken");
  const auto rate_until_none = [&](std::string_view which) {
    jobs.wait_until_none(which);
    return static_cast<double>(bulk_submissions) / ms_since(start) * 1000;
  };
  BulkRates rates;
  rates.accepted = static_cast<double>(bulk_submissions) / accepted_ms * 1000;
  rates.bound = rate_until_none("phase='placed' AND submission<>'bound'");
  rates.released = rate_until_none("phase='placed'");
  return rates;
}

double median_of(std::vector<BulkRates> rounds, double BulkRates::* rate) {
  std::ranges::sort(rounds, {}, rate);
  return rounds[rounds.size() / 2].*rate;
}

// Plain and ours take turns: slurmctld is the slower the colder it is.
void measure_bulk(Scene& scene) {
  const SlurmCluster& cluster = scene.bed.facts().clusters[0];
  const std::string& user = cluster.users.front();
  scene.bed.run_as("root", cluster.name, {"scontrol", "update", "PartitionName=gpu", "State=DOWN"});
  rate_of_slurmrestd(cluster);
  clear(scene, cluster.name, user);
  std::vector<double> plain;
  std::vector<BulkRates> ours;
  for (std::size_t round = 0; round < bulk_rounds; ++round) {
    ours.push_back(bulk_rates(scene, cluster.name));
    clear(scene, cluster.name, user);
    plain.push_back(rate_of_slurmrestd(cluster));
    clear(scene, cluster.name, user);
  }
  const double bare = quantile(plain, 0.5);
  const double bound = median_of(ours, &BulkRates::bound);
  fmt::print("{:<52} {:>8.0f}/s    limit: 5000/s\n", "1,000 submissions accepted, durable",
             median_of(ours, &BulkRates::accepted));
  fmt::print("{:<52} {:>8.0f}/s    slurmrestd {:.0f}/s   ratio {:.2f}   limit: 0.90\n",
             "1,000 submissions with their Slurm ids", bound, bare, bound / bare);
  fmt::print("{:<52} {:>8.0f}/s\n", "the same, let go", median_of(ours, &BulkRates::released));
  for (std::size_t round = 0; round < bulk_rounds; ++round) {
    fmt::print(
        "  round {}: accepted {:.0f}/s, ids {:.0f}/s, let go {:.0f}/s; slurmrestd {:.0f}/s\n",
        round + 1, ours[round].accepted, ours[round].bound, ours[round].released, plain[round]);
  }
  scene.bed.run_as("root", cluster.name, {"scontrol", "update", "PartitionName=gpu", "State=UP"});
}

double cpu_seconds(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/stat", process));
  std::string word;
  for (int i = 0; i < 13; ++i) in >> word;
  double user = 0;
  double system = 0;
  in >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// What a job's state is by ours, after Slurm was told to end it.
double seen_after(Scene& scene, std::int64_t job) {
  const json::Value before = scene.get(fmt::format("/v1/jobs/{}", job));
  const std::string reference(before.get("reference").as_string().value_or(""));
  const std::size_t colon = reference.find(':');
  scene.bed.run_as("root", reference.substr(0, colon), {"scancel", reference.substr(colon + 1)});
  const auto start = Clock::now();
  scene.get(fmt::format("/v1/jobs/{}?wait=30&phase=ended", job));
  return ms_since(start);
}

void measure_watch(Scene& scene) {
  const auto& clusters = scene.bed.facts().clusters;
  for (const SlurmCluster& cluster : clusters) {
    scene.bed.run_as("root", cluster.name,
                     {"scontrol", "update", "PartitionName=gpu", "State=DOWN"});
  }
  drive({scene.port, 64, watched_jobs, [&](std::uint64_t number) {
           return request_for(scene, fmt::format("watched-{}", number),
                              clusters[number % clusters.size()].name);
         }});
  JobCount(scene).wait_until_none("phase='placed'");
  std::this_thread::sleep_for(std::chrono::seconds(2));  // the last commits and snapshots
  const auto cost_of = [&](const std::function<void()>& meanwhile) {
    const auto start = Clock::now();
    const double before = cpu_seconds(scene.process());
    meanwhile();
    return (cpu_seconds(scene.process()) - before) / ms_since(start) * 1000 * 100;
  };
  const double quiet = cost_of([] { std::this_thread::sleep_for(watch_time); });
  std::vector<double> seen;
  const double changing = cost_of([&] {
    for (int i = 0; i < watched_changes; ++i) seen.push_back(seen_after(scene, 1 + i * 7 % 4'000));
  });
  fmt::print("{:<52} {:>8.1f} %    while jobs end: {:.1f} %   limit: 5 % of a core\n",
             "watching 7 clusters with 5,000 live jobs", quiet, changing);
  fmt::print("{:<52} {:>8.0f} ms   median {:.0f} ms   limit: 2000 ms\n",
             "an end is seen, 95 of 100", quantile(seen, 0.95), quantile(seen, 0.5));
}

}  // namespace
}  // namespace fabrica::bench

int main(int argc, char** argv) {
  using namespace fabrica::bench;
  const std::string_view only = argc > 1 ? argv[1] : "";
  if (only != "watch") {
    Scene one(1);
    if (only.empty() || only == "one") measure_one(one);
    if (only.empty() || only == "bulk") measure_bulk(one);
  }
  if (only.empty() || only == "watch") {
    Scene seven(7);
    measure_watch(seven);
  }
}
