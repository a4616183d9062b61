#include "system/slurm/bed.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "base/check.h"
#include "json/read.h"

namespace fabrica::test {

namespace {

std::string script() { return (slurm_folder() / "bed").string(); }

// Short, since Slurm makes the names of sockets of it.
std::filesystem::path new_directory() {
  slurm_folder();  // without it nothing can be done, and nothing shall be left
  std::string name = "/tmp/fabrica-bed-XXXXXX";
  CHECK(::mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
  return name;
}

// An unnamed file that holds `input`, at its beginning.
int file_with(const std::string& input) {
  const int file = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  CHECK(file >= 0, "a temporary file can be made");
  CHECK(std::cmp_equal(::write(file, input.data(), input.size()), input.size()), "write");
  CHECK(::lseek(file, 0, SEEK_SET) == 0, "lseek");
  return file;
}

std::string read_to_end(int file) {
  std::string all;
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t got = ::read(file, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return all;
    all.append(block.data(), static_cast<std::size_t>(got));
  }
}

std::vector<std::string> words_of_up(const SlurmBedOptions& options,
                                     const std::filesystem::path& directory) {
  std::vector<std::string> words{script(),
                                 "up",
                                 std::to_string(options.clusters),
                                 directory.string(),
                                 "--dbd",
                                 options.accounting,
                                 "--nodes",
                                 std::to_string(options.nodes),
                                 "--cpus",
                                 std::to_string(options.cpus),
                                 "--gpus",
                                 std::to_string(options.gpus),
                                 "--gpu-kind",
                                 options.gpu_kind,
                                 "--min-job-age",
                                 std::to_string(options.min_job_age_s),
                                 "--owner",
                                 std::to_string(::getpid())};
  if (!options.names.empty()) {
    words.insert(words.end(), {"--names", fmt::format("{}", fmt::join(options.names, ","))});
  }
  if (!options.jwks_file.empty()) words.insert(words.end(), {"--jwks", options.jwks_file});
  return words;
}

}  // namespace

std::filesystem::path slurm_folder() {
  const char* source = std::getenv("FABRICA_SOURCE_DIR");
  CHECK(source != nullptr, "the test runner says where the sources are (FABRICA_SOURCE_DIR)");
  return std::filesystem::path(source) / "tests/system/slurm";
}

Ran run_program(const std::vector<std::string>& words, const std::string& input) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> ends{};
  CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0, "pipe2");
  const int in = file_with(input);
  const pid_t process = ::fork();
  CHECK(process >= 0, "fork");
  if (process == 0) {
    ::dup2(in, 0);
    ::dup2(ends[1], 1);
    ::dup2(ends[1], 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(in);
  ::close(ends[1]);
  Ran ran{.output = read_to_end(ends[0])};
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) CHECK(errno == EINTR, "waitpid");
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

SlurmBed::SlurmBed(const SlurmBedOptions& options) : directory_(new_directory()) {
  const Ran ran = run_program(words_of_up(options, directory_));
  if (ran.code != 0) {
    std::error_code ignored;
    std::filesystem::remove(directory_, ignored);  // empty, or what is in it is to be looked at
    throw std::runtime_error("No Slurm clusters: " + ran.output);
  }
  up_ = true;
  const std::string text = must({"facts"});
  Result<SlurmFacts> facts = json::read<SlurmFacts>(text);
  CHECK(facts.has_value(), "the facts of a bed are as described: " + text);
  facts_ = *std::move(facts);
}

SlurmBed::~SlurmBed() { down(); }

void SlurmBed::down() {
  if (!std::exchange(up_, false)) return;
  const Ran ran = run_program({script(), "down", directory_.string()});
  EXPECT_EQ(ran.code, 0) << "bed down: " << ran.output;
}

const SlurmCluster& SlurmBed::cluster(std::string_view name) const {
  const auto found = std::ranges::find(facts_.clusters, name, &SlurmCluster::name);
  CHECK(found != facts_.clusters.end(), fmt::format("there is a cluster \"{}\"", name));
  return *found;
}

std::string SlurmBed::must(const std::vector<std::string>& words) const {
  std::vector<std::string> all{script(), words.front(), directory_.string()};
  all.insert(all.end(), words.begin() + 1, words.end());
  Ran ran = run_program(all);
  if (ran.code != 0) {
    throw std::runtime_error(fmt::format("bed {}: {}", fmt::join(words, " "), ran.output));
  }
  return std::move(ran.output);
}

void SlurmBed::kill(const std::string& daemon) { must({"kill", daemon}); }
void SlurmBed::stop(const std::string& daemon) { must({"stop", daemon}); }
void SlurmBed::cont(const std::string& daemon) { must({"cont", daemon}); }
void SlurmBed::start(const std::string& daemon) { must({"start", daemon}); }

void SlurmBed::set_clock(std::int64_t seconds) { must({"clock", std::to_string(seconds)}); }

std::string SlurmBed::token(const std::string& cluster, const std::string& user) const {
  std::string token = must({"token", cluster, user});
  while (token.ends_with('\n')) token.pop_back();
  return token;
}

Ran SlurmBed::run_as(const std::string& user, const std::string& cluster,
                     const std::vector<std::string>& words, const std::string& input) const {
  std::vector<std::string> all{"setpriv",
                               "--reuid",
                               user,
                               "--regid",
                               user,
                               "--clear-groups",
                               "env",
                               "--ignore-environment",
                               "--chdir=/tmp",
                               "PATH=/usr/bin:/bin",
                               "SLURM_CONF=" + this->cluster(cluster).slurm_conf,
                               "timeout",
                               "60"};
  all.insert(all.end(), words.begin(), words.end());
  return run_program(all, input);
}

}  // namespace fabrica::test
