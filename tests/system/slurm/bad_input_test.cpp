#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <sstream>
#include <thread>

#include "system/slurm/served.h"
#include "system/slurm/verdict.h"
#include "unit/support/temporary_directory.h"

/// Sites whose settings are wrong, or which do what they should not: the server's log says plainly
/// what is wrong, and no job is lost or run twice; once it is mended, or straight away, the jobs
/// end.
namespace fabrica {
namespace {

using test::SlurmAddress;
using test::SlurmBed;
using test::SlurmCluster;

constexpr std::chrono::seconds deadline{120};

bool within(std::chrono::seconds time, const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

/// A server with one site, the only cluster of a bed, and one job for it.
class BadSite {
 public:
  BadSite(std::filesystem::path directory, const SlurmBed& bed, const SlurmAddress& address)
      : directory_(std::move(directory)),
        bed_(bed),
        server_(directory_ / "data", directory_ / "fabrica.toml") {
    std::filesystem::create_directories(directory_ / "work");
    std::filesystem::permissions(directory_ / "work", std::filesystem::perms(0777));
    settle_on(address);
    server_.start();
    net::Client client(*net::parse_url(server_.url()));
    project_ = test::make_gpu_project(client, server_.token(), bed_.facts().clusters);
  }

  /// The settings are these from the next start on.
  void settle_on(const SlurmAddress& address) const {
    test::write_file(
        directory_ / "fabrica.toml",
        "[local]\nenabled = false\n" + test::settings_for(bed_.facts().clusters.front(), address));
  }
  void mend() {
    settle_on(test::address_of(bed_.facts().clusters.front()));
    kill();
    start();
  }
  void kill() { server_.kill(); }
  void start() { server_.start(); }

  void submit(double seconds) {
    const std::string script = fmt::format(
        "#!/bin/bash\n#SBATCH --time=2\n#SBATCH --gpus-per-node=1\n#SBATCH --output=/dev/null\n"
        "say() {{ echo \"$1 ${{SLURM_JOB_NAME##*.}} $SLURM_JOB_ID $EPOCHREALTIME\" >> {}; }}\n"
        "say begin\nsleep {}\nsay end\n",
        (directory_ / "work/runs").string(), seconds);
    net::Client client(*net::parse_url(server_.url()));
    test::must(client, server_.token(), net::Method::post, "/v1/jobs",
               test::submission(project_, "/tmp", script));
  }

  json::Value job() {
    net::Client client(*net::parse_url(server_.url()));
    return test::must(client, server_.token(), net::Method::get, "/v1/jobs/1");
  }
  std::string said_of_job(std::string_view member) {
    return std::string(job().at(member).as_string().value_or(""));
  }
  bool comes_to(std::string_view member, std::string_view value) {
    return within(deadline, [&] { return said_of_job(member) == value; });
  }

  std::string log() const { return test::read_file(directory_ / "data/fabricad.log"); }
  bool tells(std::string_view words) const {
    return within(deadline, [&] { return log().contains(words); });
  }

  std::vector<test::Run> runs() const {
    return test::read_runs(test::read_file(directory_ / "work/runs"));
  }
  /// Slurm's number of the job, as its first run wrote it down.
  std::string id_there() const { return std::to_string(runs().at(0).id); }

 private:
  std::filesystem::path directory_;
  const SlurmBed& bed_;
  test::ServerProcess server_;
  std::int64_t project_ = 0;
};

/// One bed for all, since they take some seconds: a cluster that forgets jobs soon.
class BadInput : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    bed_ = std::make_unique<SlurmBed>(test::SlurmBedOptions{.min_job_age_s = 5});
  }
  static void TearDownTestSuite() { bed_.reset(); }

  BadInput() { std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755)); }

  SlurmAddress right() const { return test::address_of(bed_->facts().clusters.front()); }
  std::unique_ptr<BadSite> site(const std::string& name, const SlurmAddress& address) const {
    return std::make_unique<BadSite>(directory_.path() / name, *bed_, address);
  }
  std::string as_admin(const std::vector<std::string>& words) const {
    return bed_->run_as("root", "c1", words).output;
  }

  static std::unique_ptr<SlurmBed> bed_;
  test::TemporaryDirectory directory_;
};

std::unique_ptr<SlurmBed> BadInput::bed_;

TEST_F(BadInput, WrongSettingsAreToldAndTheJobEndsOnceTheyAreMended) {
  const std::string other_key = (directory_.path() / "other-key").string();
  test::write_file(other_key, "a secret that the cluster does not have");
  std::filesystem::permissions(other_key, std::filesystem::perms(0600));
  struct Row {
    std::string what;
    std::string told;
    std::function<void(SlurmAddress&)> spoil;
    std::unique_ptr<BadSite> site = {};
  };
  std::vector<Row> rows;
  rows.push_back({"unreachable", "site c1: the cluster does not answer, and its jobs wait: ",
                  [](SlurmAddress& address) { address.url = "http://127.0.0.1:9"; }});
  rows.push_back({"key",
                  "so it may be our token that is not taken: compare the keys and the clocks",
                  [&](SlurmAddress& address) { address.key_file = other_key; }});
  for (Row& row : rows) {
    SlurmAddress address = right();
    row.spoil(address);
    row.site = site(row.what, address);
    row.site->submit(0.1);
  }
  for (const Row& row : rows) {
    EXPECT_TRUE(row.site->tells(row.told)) << row.what << ": " << row.site->log();
    EXPECT_EQ(row.site->said_of_job("/phase"), "placed") << row.what;
    row.site->mend();
  }
  for (const Row& row : rows) {
    EXPECT_TRUE(row.site->comes_to("/outcome", "completed")) << row.what << row.site->job().text();
    EXPECT_EQ(row.site->runs().size(), 1) << row.what;
  }
}

TEST_F(BadInput, APartitionThatIsGoneRefusesTheJobAndSaysSo) {
  SlurmAddress address = right();
  address.partition = "gone";
  const auto bad = site("partition", address);
  bad->submit(0.1);
  EXPECT_TRUE(bad->comes_to("/outcome", "refused")) << bad->job().text();
  const std::string why = "The site has no partition of the name that its settings give it.";
  EXPECT_THAT(bad->said_of_job("/task_list/0/text"), testing::HasSubstr(why));
  EXPECT_TRUE(bad->tells("site c1: job-1 is refused: ")) << bad->log();
  EXPECT_TRUE(bad->tells(why)) << bad->log();
}

TEST_F(BadInput, ACommentThatTheSiteRewritesIsToldAndTheJobIsFollowed) {
  const auto bad = site("comment", right());
  bad->submit(5);
  ASSERT_TRUE(within(deadline, [&] { return !bad->runs().empty(); }));
  EXPECT_EQ(as_admin({"scontrol", "update", "JobId=" + bad->id_there(), "Comment=mine"}), "");
  EXPECT_TRUE(bad->tells("site c1: something rewrites the comments of jobs there: job-1"))
      << bad->log();
  EXPECT_TRUE(bad->comes_to("/outcome", "completed")) << bad->job().text();
  EXPECT_EQ(bad->runs().size(), 1);
}

// The job ends and is forgotten by slurmctld while the server is down: only the accounting knows
// it, and under the cluster's own name.
TEST_F(BadInput, AClusterThatWasRenamedIsToldAndItsAccountingIsStillRead) {
  SlurmAddress address = right();
  address.cluster = "formerly";
  const auto bad = site("name", address);
  bad->submit(3);
  ASSERT_TRUE(within(deadline, [&] { return !bad->runs().empty(); }));
  bad->kill();
  const std::string id = bad->id_there();
  EXPECT_TRUE(within(deadline, [&] {
    return as_admin({"scontrol", "show", "job", id}).contains("Invalid job id");
  }));
  bad->start();
  EXPECT_TRUE(bad->comes_to("/outcome", "completed")) << bad->job().text();
  EXPECT_EQ(bad->runs().size(), 1);
  EXPECT_TRUE(bad->tells("it calls itself \"c1\", but `cluster` in its settings is \"formerly\""))
      << bad->log();
}

// An hour ahead every token of ours has expired there; an hour behind they are good.
TEST_F(BadInput, AClockThatIsOffByAnHourIsTold) {
  bed_->set_clock(3'600);
  const auto ahead = site("ahead", right());
  ahead->submit(0.1);
  EXPECT_TRUE(
      ahead->tells("by its clock those of 30 min have expired: set both clocks by one source"))
      << ahead->log();
  EXPECT_EQ(ahead->said_of_job("/phase"), "placed");

  bed_->set_clock(-3'600);
  const auto behind = site("behind", right());
  behind->submit(0.1);
  EXPECT_TRUE(behind->comes_to("/outcome", "completed")) << behind->job().text();
  EXPECT_TRUE(behind->tells("s behind ours: start and end of its jobs are by its own"))
      << behind->log();
  EXPECT_EQ(behind->runs().size(), 1);

  bed_->set_clock(0);
  EXPECT_TRUE(ahead->comes_to("/outcome", "completed")) << ahead->job().text();
  EXPECT_TRUE(ahead->tells("the cluster answers again")) << ahead->log();
  EXPECT_EQ(ahead->runs().size(), 1);
}

}  // namespace
}  // namespace fabrica
