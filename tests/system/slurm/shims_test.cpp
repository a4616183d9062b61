#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "system/server.h"
#include "system/slurm/bed.h"
#include "unit/support/temporary_directory.h"

/// Slurm's commands answered by Fabrica, beside Slurm's own on the same cluster, and under tools
/// that others wrote for Slurm.
namespace fabrica {
namespace {

namespace fs = std::filesystem;
using test::Ran;
using Command = std::vector<std::string>;

constexpr std::chrono::seconds patience{120};

/// One cluster, a server in front of it, a project with core-hours there, and a user with the
/// commands first in the PATH.
class Desk {
 public:
  Desk()
      : cluster_(bed_.facts().clusters.front()),
        user_(cluster_.users.front()),
        server_(directory_.path() / "data", directory_.path() / "fabrica.toml") {
    fs::permissions(directory_.path(), fs::perms(0755));
    for (const fs::path& folder : {work(), links()}) fs::create_directories(folder);
    fs::permissions(work(), fs::perms(0777));
    test::write_file(directory_.path() / "fabrica.toml", settings());
    server_.start();
    make_project();
    install();
  }

  fs::path work() const { return directory_.path() / "work"; }
  fs::path links() const { return directory_.path() / "bin"; }

  /// As the user in the working directory, within a minute.
  Ran ours(const Command& words, const std::string& input = {}) const {
    return as_user(words,
                   {"FABRICA_SERVER=" + server_.url(), "FABRICA_TOKEN=" + server_.token(),
                    fmt::format("PATH={}:/usr/bin:/bin", links().string())},
                   input);
  }
  Ran slurms(const Command& words, const std::string& input = {}) const {
    return as_user(words, {"SLURM_CONF=" + cluster_.slurm_conf, "PATH=/usr/bin:/bin"}, input);
  }

  const std::string& user() const { return user_; }
  const std::string& cluster() const { return cluster_.name; }

 private:
  Ran as_user(const Command& words, const Command& variables, const std::string& input) const {
    Command all{"setpriv", "--reuid",        user_,           "--regid",
                user_,     "--clear-groups", "env",           "-i",
                "-C",      work().string(),  "USER=" + user_, "HOME=" + work().string()};
    all.insert(all.end(), variables.begin(), variables.end());
    all.insert(all.end(), {"timeout", "120"});
    all.insert(all.end(), words.begin(), words.end());
    return test::run_program(all, input);
  }

  std::string settings() const {
    return fmt::format(
        "[local]\nenabled = false\n[[slurm]]\nsite = \"{0}\"\nurl = \"{1}\"\ncluster = \"{0}\"\n"
        "key_file = \"{2}\"\nuser = \"{3}\"\naccount = \"{4}\"\n[[slurm.partition]]\n"
        "slug = \"{0}-cpu\"\npartition = \"cpu\"\nunit = \"core\"\nnodes = 1\ncores_per_node = "
        "{5}\n"
        "memory_gib_per_node = 24\n",
        cluster_.name, cluster_.url, cluster_.key_file, user_, cluster_.account,
        cluster_.cpus_per_node);
  }

  void make_project() {
    net::Client client(*net::parse_url(server_.url()));
    const std::string partition = cluster_.name + "-cpu";
    const auto post = [&](const std::string& target, std::string body) {
      test::must(client, server_.token(), net::Method::post, target, std::move(body));
    };
    post("/v1/organisations", R"({"name":"Start-up","country":"PT","kind":"start_up"})");
    post("/v1/projects", R"({"title":"A project","organisation":1})");
    post(fmt::format("/v1/partitions/{}/capacity", partition), R"({"hours":"2000","text":"all"})");
    post("/v1/calls",
         fmt::format(R"({{"mode":"playground","title":"Playground","partitions":["{}"]}})",
                     partition));
    post(
        "/v1/calls/1/proposals",
        fmt::format(
            R"({{"project":1,"title":"Work","partition":"{}","hours":"500","months":1,"gpus_per_job":0,)"
            R"("nodes_per_job":1,"civil_use":true,"open_research":true,"text":"some work"}})",
            partition));
    post("/v1/proposals/1:assess", R"({"suitable":true,"text":""})");
    post("/v1/proposals/1:grant", "{}");
    post("/v1/awards/1:accept", "{}");
  }

  // The user cannot reach every directory that a build may be in, so the program moves.
  void install() {
    const fs::path program = directory_.path() / "fabrica-slurm";
    fs::copy_file(fs::path(std::getenv("FABRICA_BIN_DIR")) / "fabrica-slurm", program);
    const Ran ran = test::run_program({program.string(), "install", links().string()});
    EXPECT_EQ(ran.code, 0) << ran.output;
  }

  test::TemporaryDirectory directory_;
  test::SlurmBed bed_{{.clusters = 1, .gpus = 0}};
  const test::SlurmCluster& cluster_;
  std::string user_;
  test::ServerProcess server_;
};

class Shims : public testing::Test {
 protected:
  static void SetUpTestSuite() { desk_ = std::make_unique<Desk>(); }
  static void TearDownTestSuite() { desk_.reset(); }
  static const Desk& desk() { return *desk_; }

  static std::unique_ptr<Desk> desk_;
};
std::unique_ptr<Desk> Shims::desk_;

// Numbers differ between the two.
std::string without_numbers(std::string text) {
  std::string out;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) out += c;
    if (digit && !out.ends_with('#')) out += '#';
  }
  return out;
}

std::string shown(const Command& command) { return fmt::format("{}", fmt::join(command, " ")); }

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

TEST_F(Shims, TablesHaveSlurmsHeaders) {
  const Command commands[] = {
      {"squeue"},
      {"squeue", "--long"},
      {"squeue", "-o",
       "%i|%T|%t|%j|%u|%P|%M|%l|%D|%R|%a|%S|%C|%N|%r|%V|%e|%L|%A|%F|%K|%m|%b|%q|%Q|%p|%Z|%o|%E|%c|%"
       "k|%y|%B|%f|%U|%v"},
      {"squeue", "-o", "%.10i %5j %8T"},
      {"squeue", "-O",
       "jobid,state:.12,name:30,JobArrayID,NumNodes,TimeUsed,ReasonList,StateCompact,UserName,"
       "Partition,Account,SubmitTime,StartTime,EndTime,TimeLimit,TimeLeft,NumCPUs,MinMemory,tres-"
       "alloc,ArrayJobID,ArrayTaskID,Reason,NodeList"},
      {"squeue", "-M", "c1"},
      {"sacct"},
      {"sacct", "-P"},
      {"sacct", "-p", "-X", "-o", "jobid,state%-20,exitcode"},
      {"sacct", "-b"},
      {"sacct", "--delimiter=;", "-P"},
      {"sacct", "-o",
       "JobID,JobIDRaw,JobName,State,ExitCode,Start,End,Elapsed,ElapsedRaw,Partition,Account,"
       "AllocCPUS,User,Cluster,NodeList,ReqMem,MaxRSS,Submit,Timelimit,TimelimitRaw,NNodes,NTasks,"
       "ReqCPUS,AllocTRES,ReqTRES,CPUTime,CPUTimeRAW,TotalCPU,DerivedExitCode,WorkDir,QOS,UID,"
       "Reason,Eligible,AveRSS,MaxVMSize,AllocNodes,NCPUS,Priority,Comment,ReqNodes"},
      {"sinfo"},
      {"sinfo", "-o", "%P %.5a %10l %D %t %N %G %c %m"},
  };
  for (const Command& command : commands) {
    const std::string what = shown(command);
    const Ran ours = desk().ours(command);
    EXPECT_EQ(ours.code, 0) << what << "\n" << ours.output;
    EXPECT_EQ(without_numbers(first_line(ours.output)),
              without_numbers(first_line(desk().slurms(command).output)))
        << what;
  }
}

TEST_F(Shims, SayWhatSlurmsSay) {
  const struct {
    Command command;
    std::string input;
  } rows[] = {
      {{"sbatch", "-t", "1", "-o", "/dev/null", "--wrap", "true"}, ""},
      {{"sbatch", "-t", "1", "-o", "/dev/null"}, "#!/bin/sh\ntrue\n"},
      {{"sbatch", "-t1", "-o", "/dev/null", "--parsable", "--wrap", "true"}, ""},
      {{"sbatch", "-t1", "-o", "/dev/null", "-M", "c1", "--wrap", "true"}, ""},
      {{"sbatch", "-t1", "-o", "/dev/null", "-M", "c1", "--parsable", "--wrap", "true"}, ""},
      {{"sbatch", "-t1", "-o", "/dev/null", "-W", "--wrap", "exit 4"}, ""},
      {{"sbatch", "nosuch.sh"}, ""},
      {{"sbatch", "-t1"}, "echo no first line\n"},
      {{"sbatch", "-t1"}, ""},
      {{"squeue", "-j", "99999"}, ""},
      {{"squeue", "-j", "99999,99998"}, ""},
      {{"squeue", "-j", "abc"}, ""},
      {{"squeue", "--foo"}, ""},
      {{"squeue", "-n", "nosuch"}, ""},
      {{"squeue", "-p", "nosuch"}, ""},
      {{"sacct", "-j", "99999"}, ""},
      {{"sacct", "-j", "abc"}, ""},
      {{"sacct", "-o", "nosuch"}, ""},
      {{"sacct", "-S", "foo"}, ""},
      {{"scancel", "99999"}, ""},
      {{"scancel", "abc"}, ""},
      {{"scancel"}, ""},
      {{"scancel", "-n", "nosuch"}, ""},
      {{"sinfo", "-p", "nosuch"}, ""},
      {{"scontrol", "show", "job", "99999"}, ""},
      {{"scontrol", "show", "job", "abc"}, ""},
      {{"scontrol", "show", "partition", "nosuch"}, ""},
  };
  for (const auto& row : rows) {
    const std::string what = shown(row.command);
    const Ran ours = desk().ours(row.command, row.input);
    const Ran slurms = desk().slurms(row.command, row.input);
    EXPECT_EQ(without_numbers(ours.output), without_numbers(slurms.output)) << what;
    EXPECT_EQ(ours.code, slurms.code) << what;
  }
}

TEST_F(Shims, RefuseWhatCannotBe) {
  const struct {
    Command command;
    int code;
    std::string_view last_line;
  } rows[] = {
      {{"sbatch", "-t", "x", "--wrap", "true"}, 255, ""},
      {{"sbatch", "--foo", "--wrap", "true"}, 255, ""},
      {{"sbatch", "-t1", "-p", "nosuch", "--wrap", "true"},
       1,
       "sbatch: error: Batch job submission failed: Invalid partition name specified"},
      {{"sbatch", "-t1", "-A", "project-9", "--wrap", "true"}, 1, ""},
      {{"sbatch", "-t1", "-n", "5000", "--wrap", "true"},
       1,
       "sbatch: error: Batch job submission failed: Requested node configuration is not available"},
      {{"sbatch", "-t1", "-M", "nosuch", "--wrap", "true"}, 1, ""},
      {{"squeue", "-M", "nosuch"}, 1, ""},
      {{"srun", "hostname"}, 1, ""},
      {{"scontrol", "hold", "1"}, 1, ""},
      {{"env", "FABRICA_SERVER=http://127.0.0.1:1", "sbatch", "-t1", "--wrap", "true"},
       1,
       "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect "
       "failure)"},
      {{"env", "FABRICA_SERVER=http://127.0.0.1:1", "squeue"},
       1,
       "squeue: error: Unable to contact slurm controller (connect failure)"},
      {{"env", "FABRICA_TOKEN=none", "sbatch", "-t1", "--wrap", "true"},
       1,
       "sbatch: error: Batch job submission failed: Protocol authentication error"},
  };
  for (const auto& row : rows) {
    const std::string what = shown(row.command);
    const Ran ran = desk().ours(row.command);
    EXPECT_EQ(ran.code, row.code) << what << "\n" << ran.output;
    EXPECT_TRUE(ran.output.contains("error: ")) << what << "\n" << ran.output;
    if (row.last_line.empty()) continue;
    EXPECT_TRUE(ran.output.ends_with(fmt::format("{}\n", row.last_line))) << what << "\n"
                                                                          << ran.output;
  }
}

// The output of a command once it is `wanted`.
testing::AssertionResult comes_to(const Desk& desk, const Command& command,
                                  const std::string& wanted) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string output;
  while (std::chrono::steady_clock::now() < until) {
    output = desk.ours(command).output;
    if (output == wanted) return testing::AssertionSuccess();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return testing::AssertionFailure() << shown(command) << " says " << output;
}

std::string submitted(const Desk& desk, Command options, const std::string& script) {
  options.insert(options.begin(), {"sbatch", "--parsable", "-t", "2"});
  const Ran ran = desk.ours(options, script);
  EXPECT_EQ(ran.code, 0) << ran.output;
  return ran.output.substr(0, ran.output.find_first_of(";\n"));
}

TEST_F(Shims, AJobsWay) {
  const std::string step = fmt::format(
      "#!/bin/bash\n#SBATCH -A project-1 -J way\nPATH={}:$PATH srun -n1 hostname > step.txt\n"
      "exit $1\n",
      desk().links().string());
  test::write_file(desk().work() / "way.sh", step);
  const std::string id = submitted(desk(), {"-M", "auto", "-o", "/dev/null", "way.sh", "3"}, "");
  EXPECT_TRUE(comes_to(desk(),
                       {"sacct", "-X", "-n", "-P", "-o", "jobidraw,state,exitcode", "-j", id},
                       id + "|FAILED|3:0\n"));
  EXPECT_EQ(test::read_file(desk().work() / "step.txt"),
            desk().slurms({"sinfo", "-h", "-o", "%n"}).output)
      << "the site's own srun ran the step";
  EXPECT_EQ(desk().ours({"squeue", "-h", "-o", "%i %t %j %u %a", "-t", "all", "-j", id}).output,
            fmt::format("{} F way {} project-1\n", id, desk().user()));
  const std::string record = desk().ours({"scontrol", "-o", "show", "job", id}).output;
  for (const std::string& part :
       {fmt::format("JobId={} JobName=way ", id), std::string(" JobState=FAILED "),
        std::string(" ExitCode=3:0 "), fmt::format(" WorkDir={} ", desk().work().string())}) {
    EXPECT_TRUE(record.contains(part)) << part << "\n" << record;
  }
}

TEST_F(Shims, JobsAreCancelledByNumberAndByName) {
  const std::string script = "#!/bin/sh\nsleep 600\n";
  const std::string one = submitted(desk(), {"-o", "/dev/null"}, script);
  const std::string named = submitted(desk(), {"-o", "/dev/null", "-J", "long"}, script);
  EXPECT_TRUE(
      comes_to(desk(), {"squeue", "--me", "-h", "-t", "R", "-o", "%i", "-j", one}, one + "\n"));
  EXPECT_EQ(desk().ours({"scancel", one}).code, 0);
  EXPECT_EQ(desk().ours({"scancel", "-n", "long"}).code, 0);
  for (const std::string& id : {one, named}) {
    EXPECT_TRUE(comes_to(desk(), {"sacct", "-XnP", "-o", "state", "-j", id}, "CANCELLED\n"));
  }
}

TEST_F(Shims, AnArrayHasARowForEachTask) {
  const std::string id = submitted(desk(), {"-a", "2,4%1", "-o", "/dev/null"},
                                   "#!/bin/sh\n[ $SLURM_ARRAY_TASK_ID = 2 ]\n");
  EXPECT_TRUE(comes_to(desk(), {"sacct", "-XnP", "-o", "jobid,state,exitcode", "-j", id},
                       fmt::format("{0}_2|COMPLETED|0:0\n{0}_4|FAILED|1:0\n", id)));
  EXPECT_EQ(desk().ours({"sacct", "-XnP", "-o", "jobid", "-j", id + "_4"}).output, id + "_4\n");
  const Ran cancel = desk().ours({"scancel", id + "_4"});
  EXPECT_EQ(cancel.code, 1);
  EXPECT_TRUE(cancel.output.contains("whole arrays only")) << cancel.output;
}

// What each workflow leaves when its jobs ran one after the other as they should.
constexpr std::string_view report = "part 1 on c1\npart 2 on c1\n";

TEST_F(Shims, SnakemakeAndToilRunTheirWorkflows) {
  for (const char* const file : {"Snakefile", "flow.py"})
    fs::copy_file(test::slurm_folder() / "workflows" / file, desk().work() / file);
  auto toil = std::async(std::launch::async, [] {
    return desk().ours({"env", "TOIL_SLURM_ARGS=--time=5", "python3", "flow.py", "--batchSystem",
                        "slurm", "--statePollingWait", "1", "--disableCaching", "--retryCount", "0",
                        (desk().work() / "toil-jobs").string()});
  });
  const Ran snakemake =
      desk().ours({"snakemake", "--slurm", "--jobs", "4", "--max-status-checks-per-second", "1",
                   "--default-resources", "runtime=5", "mem_mb=500", "slurm_account=project-1"});
  EXPECT_EQ(snakemake.code, 0) << snakemake.output;
  EXPECT_EQ(test::read_file(desk().work() / "report.txt"), report) << snakemake.output;
  const Ran toiled = toil.get();
  EXPECT_EQ(toiled.code, 0) << toiled.output;
  EXPECT_EQ(test::read_file(desk().work() / "toil.txt"), report) << toiled.output;
  const std::string jobs = desk().ours({"sacct", "-XnP", "-o", "jobname,state"}).output;
  for (const auto& [name, count] : {std::pair("snakejob_", 3), std::pair("toil_job_", 4)}) {
    std::string_view rest = jobs;
    int completed = 0;
    for (std::size_t at = 0; (at = rest.find(name)) != std::string_view::npos;) {
      rest.remove_prefix(at);
      completed += first_line(std::string(rest)).ends_with("|COMPLETED");
      rest.remove_prefix(1);
    }
    EXPECT_EQ(completed, count) << name << "\n" << jobs;
  }
}

}  // namespace
}  // namespace fabrica
