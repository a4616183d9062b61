#include "sbatch/match.h"

#include <gtest/gtest.h>

#include "sbatch/option_table.h"
#include "unit/sbatch/reading.h"

namespace fabrica::sbatch {
namespace {

struct Case {
  std::string_view directive;
  std::string_view expected;  // the options, or the complaints
};

TEST(Options, AsGetoptReadsThem) {
  constexpr Case cases[] = {
      {"--nodes=2", "nodes=2"},
      {"--nodes 2", "nodes=2"},
      {"-N2", "nodes=2"},
      {"-N 2", "nodes=2"},
      {"-N2 -n8 -c 4", "nodes=2 ntasks=8 cpus-per-task=4"},
      {"--mem 10G -N 2 --exclusive -c4", "mem=10G nodes=2 exclusive cpus-per-task=4"},
      {"-HJ foo", "hold job-name=foo"},
      {"-HN2", "hold nodes=2"},
      {"-HO -s", "hold overcommit oversubscribe"},
      {"-t 1-0 --mem-per-cpu 4000 -p a,b", "time=1-0 mem-per-cpu=4000 partition=a,b"},
      {"--requeu", "requeue"},
      {"--err=x", "error=x"},
      {"--job=foo", "job-name=foo"},
      {"--conti", "contiguous"},
      {"--cons=x", "constraint=x"},
      {"--wc=x", "wckey=x"},
      {"--gpus-per-n=1", "gpus-per-node=1"},
      {"--exclus=user", "exclusive=user"},
      {"--time=5", "time=5"},  // exact, though --time-min begins so too
      {"--mem=5", "mem=5"},
      {"--gpus=2", "gpus=2"},
      {"--wait", "wait"},
      {"--cluster=x", "clusters=x"},
      {"--tasks-per-node=3", "ntasks-per-node=3"},
      {"--ntasks-per-n 3", "ntasks-per-node=3"},
      {"--ntasks-per-tres=1 --gpus=1", "ntasks-per-gpu=1 gpus=1"},
      {"--nice=-5", "nice=-5"},
      {"--nice", "nice"},
      {"-k", "no-kill"},
      {"-koff", "no-kill=off"},
      {"--exclusive=", "exclusive"},
      {"--comment=a=b=c", "comment=a=b=c"},
      {"--comment a=b", "comment=a=b"},
      {"--job-name=", "job-name"},
      {"\"-N 2\"", "nodes= 2"},
      {"--", ""},
      {"-N2 --", "nodes=2"},
      {"-vvQ", "verbose quiet"},
  };
  for (const auto& [directive, expected] : cases) {
    EXPECT_EQ(outcome(read_directive(directive)), expected) << directive;
  }
}

TEST(Options, WhatIsNoneIsRefusedByItsPlace) {
  constexpr Case cases[] = {
      {"x", "error 2:9"},
      {"-N2 x -J a", "error 2:13"},
      {"-", "error 2:9"},
      {"-- -N2", "error 2:12"},
      {"--walltime=5", "error 2:9 --walltime"},
      {"--workdir /tmp", "error 2:9 --workdir"},
      {"-N2 --share", "error 2:13 --share"},
      {"--JOB-NAME=a", "error 2:9 --JOB-NAME"},
      {"--N=2", "error 2:9 --N"},
      {"---nodes=2", "error 2:9 ---nodes"},
      {"--nodes:2", "error 2:9 --nodes:2"},
      {"-r 5", "error 2:10 -r"},
      {"-Hz", "error 2:11 -z"},
      {"-W5", "error 2:11 -5"},
      {"--e=x", "error 2:9 --e"},
      {"--tim=5", "error 2:9 --tim"},
      {"--gpu=2", "error 2:9 --gpu"},
      {"--mem-per 2", "error 2:9 --mem-per"},
      {"--nodes", "error 2:9 --nodes"},
      {"-N", "error 2:9 --nodes"},
      {"--hold=1", "error 2:9 --hold"},
      {"--contiguous=", "error 2:9 --contiguous"},
      {"-N=2", "error 2:11 --nodes"},
      {"-J=foo", "error 2:11 --job-name"},
      {"-nodes=2", "error 2:9 --nodes"},
      {"-exclusive", "error 2:9 --exclusive"},
      {"-time 10:00:00", "error 2:9 --time"},
      {"-mem=10G -N2", "error 2:9 --mem"},
      {"--exclusive user", "error 2:21"},
      {"--nice 5", "error 2:16"},
      {"--job-name= foo", "error 2:21"},
      {"--job-name = foo", "error 2:22"},
      {"-J \"a\" \"b\"", "error 2:16"},
      {"--output=/a b/c", "error 2:21"},
  };
  for (const auto& [directive, expected] : cases) {
    const Parsed parsed = read_directive(directive);
    EXPECT_FALSE(parsed.ok()) << directive;
    std::vector<Diagnostic> errors = parsed.diagnostics;
    std::erase_if(errors, [](const Diagnostic& one) { return one.severity != Severity::error; });
    EXPECT_EQ(complaints(errors), expected) << directive;
  }
}

TEST(Options, HintsNameWhatWasMeant) {
  constexpr Case cases[] = {
      {"--walltime=5", "Did you mean --time?"},
      {"--workdir=/tmp", "Did you mean --chdir?"},
      {"--ntask=5x --ntaks=5", "Write the whole name."},
      {"--patrition=a", "Did you mean --partition?"},
      {"--gpu-per-node=1", "Did you mean --gpus-per-node?"},
      {"--jobname=a", "Did you mean --job-name?"},
      {"--xyzzy=1", ""},
      {"--exclusive user", "For a value of --exclusive write --exclusive=user, without blanks."},
      {"-N=2", "Write -N 2 or --nodes=2."},
      {"-nodes=2", "Write --nodes."},
  };
  for (const auto& [directive, expected] : cases) {
    const Parsed parsed = read_directive(directive);
    ASSERT_FALSE(parsed.diagnostics.empty()) << directive;
    EXPECT_EQ(parsed.diagnostics.front().hint, expected) << directive;
  }
}

TEST(Options, AValueThatLooksLikeAnOptionIsRemarkedOn) {
  const Parsed parsed = read("#SBATCH --job-name\n#SBATCH --nodes=2");
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.options.job_name, "--nodes=2");
  EXPECT_EQ(complaints(parsed.diagnostics), "warning 3:9 --job-name");
}

TEST(OptionTable, LettersAndNamesAreThoseOfSbatch) {
  std::string letters;
  for (const OptionRow& row : option_table()) {
    if (row.letter != '\0') letters += row.letter;
  }
  std::ranges::sort(letters);
  EXPECT_EQ(letters, "ABCDFGHJLMNOQSVWabcdehikmnopqstvwx");
  constexpr std::string_view names =
      "account acctg-freq array batch bb bbf begin chdir cluster cluster-constraint "
      "clusters comment constraint container context contiguous core-spec "
      "cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot "
      "dependency distribution error exclude exclusive export export-file "
      "extra-node-info get-user-env gid gpu-bind gpu-freq gpus gpus-per-node "
      "gpus-per-socket gpus-per-task gres gres-flags help hint hold ignore-pbs input "
      "job-name kill-on-invalid-dep licenses mail-type mail-user mcs-label mem mem-bind "
      "mem-per-cpu mem-per-gpu mincpus network nice no-kill no-requeue nodefile "
      "nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node "
      "ntasks-per-socket ntasks-per-tres open-mode output overcommit oversubscribe "
      "parsable partition power prefer priority profile propagate qos quiet reboot "
      "requeue reservation signal sockets-per-node spread-job switches tasks-per-node "
      "test-only thread-spec threads-per-core time time-min tmp uid usage use-min-nodes "
      "verbose version wait wait-all-nodes wckey wrap";
  std::string all;
  for (const OptionRow& row : option_table())
    all += fmt::format("{}{}", all.empty() ? "" : " ", row.name);
  EXPECT_EQ(all, names);
}

TEST(OptionTable, OtherNamesAndRivalsExist) {
  for (const OptionRow& row : option_table()) {
    EXPECT_EQ(find_option(row.name), &row);
    EXPECT_NE(&proper_row(row), nullptr);
    if (!row.rival.empty()) {
      EXPECT_EQ(find_option(row.rival)->rival, row.name);
    }
    if (row.treatment == Treatment::refused) {
      EXPECT_FALSE(row.form.empty()) << row.name;
    }
    if (row.treatment == Treatment::understood || row.treatment == Treatment::client) {
      EXPECT_NE(row.set, nullptr) << row.name;
    }
  }
}

TEST(OptionTable, Variables) {
  constexpr Case cases[] = {
      {"SBATCH_ACCOUNT", "account"},
      {"SBATCH_ARRAY_INX", "array"},
      {"SBATCH_TIMELIMIT", "time"},
      {"SBATCH_MEM_PER_NODE", "mem"},
      {"SBATCH_DEBUG", "verbose"},
      {"SBATCH_REQ_SWITCH", "switches"},
      {"SBATCH_CPU_FREQ_REQ", "cpu-freq"},
      {"SBATCH_BURST_BUFFER", "bb"},
      {"SBATCH_GPUS_PER_TASK", "gpus-per-task"},
      {"SBATCH_NO_REQUEUE", "no-requeue"},
      {"SBATCH_WAIT_ALL_NODES", "wait-all-nodes"},
      {"SBATCH_NODES", ""},
      {"SBATCH_NTASKS", ""},
      {"SBATCH_MAIL_TYPE", ""},
      {"SLURM_HINT", ""},
      {"ACCOUNT", ""},
      {"SBATCH_", ""},
  };
  for (const auto& [variable, expected] : cases) {
    const OptionRow* row = find_variable(variable);
    EXPECT_EQ(row != nullptr ? row->name : "", expected) << variable;
  }
}

}  // namespace
}  // namespace fabrica::sbatch
