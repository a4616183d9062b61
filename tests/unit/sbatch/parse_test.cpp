#include "sbatch/parse.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "unit/sbatch/reading.h"

namespace fabrica::sbatch {
namespace {

struct Case {
  std::string_view directive;
  std::string_view expected;
};

TEST(Parse, NoneIsNoFile) {
  const Parsed parsed = read("#SBATCH --output=none -e NONE --input=None");
  EXPECT_EQ(parsed.options.files.output, "/dev/null");
  EXPECT_EQ(parsed.options.files.error, "/dev/null");
  EXPECT_EQ(parsed.options.files.input, "/dev/null");
  EXPECT_EQ(read("#SBATCH --output=none.out").options.files.output, "none.out");
}

TEST(Parse, EveryOptionReachesItsMember) {
  const Parsed parsed =
      read(R"(#SBATCH -A acc -J name --comment="a b" -D /work -o out -e err -i in --open-mode=append
#SBATCH -p part -q high --reservation=res -C "a&b" -w n[1-2] -x n3 --wckey=w -M site
#SBATCH -a 0-3 -d afterok:7 --kill-on-invalid-dep=yes -b now+1hour --deadline=2030-01-01 -H --requeue --nice=5
#SBATCH --signal=B:USR1@120 --export=NONE --mail-type=END --mail-user=a@b.eu -t 60 --time-min=30
#SBATCH -N2 -n8 --ntasks-per-node=4 --ntasks-per-socket=2 --ntasks-per-core=1 -c4 --mincpus=8 --mem=4G --tmp=1G
#SBATCH --sockets-per-node=2 --cores-per-socket=8 --threads-per-core=1 --gres=gpu:2 --exclusive=user -O
#SBATCH --parsable -Q --test-only -W --ignore-pbs -v)");
  ASSERT_TRUE(parsed.ok()) << complaints(parsed.diagnostics);
  const Options& options = parsed.options;
  EXPECT_EQ(options.words.account, "acc");
  EXPECT_EQ(options.job_name, "name");
  EXPECT_EQ(options.comment, "a b");
  EXPECT_EQ(options.files.chdir, "/work");
  EXPECT_EQ(options.files.output, "out");
  EXPECT_EQ(options.files.error, "err");
  EXPECT_EQ(options.files.input, "in");
  EXPECT_EQ(options.files.open_mode, OpenMode::append);
  EXPECT_EQ(options.words.partition, "part");
  EXPECT_EQ(options.words.qos, "high");
  EXPECT_EQ(options.words.reservation, "res");
  EXPECT_EQ(options.words.constraint, "a&b");
  EXPECT_EQ(options.words.nodelist, "n[1-2]");
  EXPECT_EQ(options.words.exclude, "n3");
  EXPECT_EQ(options.words.wckey, "w");
  EXPECT_EQ(options.words.clusters, "site");
  EXPECT_EQ(to_string(options.timing.array.value()), "0-3");
  EXPECT_EQ(options.timing.dependencies.value().list.front().jobs.front().job, 7U);
  EXPECT_EQ(options.timing.kill_on_invalid_dependency, true);
  EXPECT_EQ(options.timing.begin.value().offset, hours(1));
  EXPECT_EQ(options.timing.deadline.value().year, 2030U);
  EXPECT_TRUE(options.timing.hold);
  EXPECT_EQ(options.timing.requeue, true);
  EXPECT_EQ(options.timing.nice, 5);
  EXPECT_TRUE(options.signal.value().batch_shell_only);
  EXPECT_EQ(options.environment.value().mode, ExportMode::none);
  EXPECT_EQ(options.mail_events, std::vector{MailEvent::end});
  EXPECT_EQ(options.mail_user, "a@b.eu");
  EXPECT_EQ(options.timing.limit.value().span, hours(1));
  EXPECT_EQ(options.timing.limit_min.value().span, minutes(30));
  EXPECT_EQ(options.resources.nodes, (NodeCount{2, 2}));
  EXPECT_EQ(options.resources.ntasks, 8U);
  EXPECT_EQ(options.resources.ntasks_per_node, 4U);
  EXPECT_EQ(options.resources.ntasks_per_socket, 2U);
  EXPECT_EQ(options.resources.ntasks_per_core, 1U);
  EXPECT_EQ(options.resources.cpus_per_task, 4U);
  EXPECT_EQ(options.resources.cpus_min, 8U);
  EXPECT_EQ(options.resources.memory, Memory{4096});
  EXPECT_EQ(options.resources.disk, Memory{1024});
  EXPECT_EQ(options.resources.sockets_per_node, 2U);
  EXPECT_EQ(options.resources.cores_per_socket, 8U);
  EXPECT_EQ(options.resources.threads_per_core, 1U);
  EXPECT_EQ(options.resources.gres.front().count, 2U);
  EXPECT_EQ(options.resources.exclusive, Exclusive::user);
  EXPECT_TRUE(options.resources.overcommit);
  EXPECT_TRUE(options.client.parsable && options.client.quiet && options.client.test_only &&
              options.client.wait && options.client.ignore_pbs && options.client.verbose);
}

TEST(Parse, BadValuesSayWhere) {
  constexpr Case cases[] = {
      {"--time=5h", "error 2:16 --time"},
      {"-t 5h", "error 2:12 --time"},
      {"-t5h", "error 2:11 --time"},
      {"--mem=1.5G", "error 2:15 --mem"},
      {"--mem= 4G", "error 2:15 --mem; error 2:16"},
      {"--nodes=two", "error 2:17 --nodes"},
      {"-N2 --ntasks=0", "error 2:22 --ntasks"},
      {"--gres=gpu:a:b:2", "error 2:16 --gres"},
      {"--gpus=gpu:4", "error 2:16 --gpus"},
      {"--array=3-1", "error 2:17 --array"},
      {"--dependency=17:18", "error 2:22 --dependency"},
      {"--signal=FOO", "error 2:18 --signal"},
      {"--mail-type=ABORT", "error 2:21 --mail-type"},
      {"--begin=later", "error 2:17 --begin"},
      {"--export=1A", "error 2:18 --export"},
      {"--open-mode=x", "error 2:21 --open-mode"},
      {"--exclusive=no", "error 2:21 --exclusive"},
      {"--hint=none", "error 2:16 --hint"},
      {"--switches=0", "error 2:20 --switches"},
      {"--distribution=x", "error 2:24 --distribution"},
      {"--nodelist=./hosts", "error 2:20 --nodelist"},
      {"--time=5h --mem=x -N0", "error 2:16 --time; error 2:25 --mem; error 2:29 --nodes"},
  };
  for (const auto& [directive, expected] : cases) {
    EXPECT_EQ(complaints(read_directive(directive).diagnostics), expected) << directive;
  }
}

TEST(Parse, BadValuesSayHowToWriteThem) {
  const Parsed parsed = read_directive("--time=5h");
  EXPECT_EQ(to_string(parsed.diagnostics.at(0)),
            "line 2, column 16: error: --time: \"5h\" is not a time. Write it as minutes, MM:SS, "
            "HH:MM:SS, "
            "D-HH, D-HH:MM, D-HH:MM:SS or UNLIMITED.");
}

TEST(Parse, WhatIsRefusedEverywhere) {
  constexpr Case cases[] = {
      {"--bb=\"#BB_LUA x\"", "error 2:9 --bb"},
      {"--bbf=file", "error 2:9 --bbf"},
      {"--cluster-constraint=a", "error 2:9 --cluster-constraint"},
      {"--uid=root", "error 2:9 --uid"},
      {"--gid=0", "error 2:9 --gid"},
      {"--export-file=env", "error 2:9 --export-file"},
      {"-F hosts", "error 2:9 --nodefile"},
      {"-h", "error 2:9 --help"},
      {"--usage", "error 2:9 --usage"},
      {"-V", "error 2:9 --version"},
      {"--wrap=hostname", "error 2:9 --wrap"},
  };
  for (const auto& [directive, expected] : cases) {
    const Parsed parsed = read_directive(directive);
    EXPECT_EQ(complaints(parsed.diagnostics), expected) << directive;
    EXPECT_FALSE(parsed.diagnostics.at(0).hint.empty()) << directive;
  }
}

TEST(Parse, WhatOnlySlurmUnderstandsIsKept) {
  constexpr Case cases[] = {
      {"--licenses=foo:4", "licenses=foo:4"},
      {"--switches=1@60", "switches=1@60"},
      {"-m block:cyclic", "distribution=block:cyclic"},
      {"--gpu-bind=closest", "gpu-bind=closest"},
      {"--cpu-freq=high", "cpu-freq=high"},
      {"--contiguous --reboot --spread-job", "contiguous reboot spread-job"},
      {"--network=system", "network=system"},
      {"--container=/x", "container=/x"},
      {"--prefer=a --batch=b", "prefer=a batch=b"},
      {"--mcs-label=m --power=level", "mcs-label=m power=level"},
  };
  for (const auto& [directive, expected] : cases) {
    EXPECT_EQ(outcome(read_directive(directive)), expected) << directive;
  }
}

struct Precedence {
  std::string_view directives;
  Variables environment;
  Arguments arguments;
  std::string_view expected;
};

TEST(Parse, CommandLineOverEnvironmentOverDirectives) {
  const Precedence cases[] = {
      {"#SBATCH -J a\n#SBATCH -J b", {}, {}, "job-name=b"},
      {"#SBATCH -N2 -J a", {{"SBATCH_JOB_NAME", "e"}}, {}, "nodes=2 job-name=e"},
      {"#SBATCH -N2 -J a", {{"SBATCH_JOB_NAME", "e"}}, {"-J", "c"}, "nodes=2 job-name=c"},
      {"#SBATCH -N2 -J a", {}, {"--nodes=3"}, "job-name=a nodes=3"},
      {"#SBATCH --gres=gpu:1\n#SBATCH --gres=nvme:2", {}, {}, "gres=nvme:2"},
      {"#SBATCH --requeue\n#SBATCH --no-requeue", {}, {}, "no-requeue"},
      {"#SBATCH --no-requeue", {}, {"--requeue"}, "requeue"},
      {"#SBATCH --exclusive\n#SBATCH -s", {}, {}, "oversubscribe"},
      {"#SBATCH -s", {{"SBATCH_EXCLUSIVE", ""}}, {}, "exclusive"},
      {"#SBATCH --tasks-per-node=2\n#SBATCH --ntasks-per-node=3", {}, {}, "ntasks-per-node=3"},
      {"#SBATCH --cluster=a\n#SBATCH --clusters=b", {}, {}, "clusters=b"},
      // Memory and hints: a variable yields to whatever else was given.
      {"#SBATCH --mem=1", {{"SBATCH_MEM_PER_CPU", "2"}}, {}, "mem=1"},
      {"#SBATCH --mem-per-cpu=3", {{"SBATCH_MEM_PER_NODE", "2"}}, {}, "mem-per-cpu=3"},
      {"", {{"SBATCH_MEM_PER_CPU", "2"}}, {"--mem=3"}, "mem=3"},
      {"#SBATCH --mem=1", {{"SBATCH_MEM_PER_NODE", "2"}}, {}, "mem=2"},
      {"#SBATCH --hint=nomultithread",
       {{"SBATCH_THREADS_PER_CORE", "1"}},
       {},
       "hint=nomultithread"},
      {"#SBATCH --threads-per-core=1",
       {{"SBATCH_HINT", "nomultithread"}},
       {},
       "threads-per-core=1"},
      {"#SBATCH --hint=nomultithread --threads-per-core=2", {}, {}, "threads-per-core=2"},
      // Mistakes in what is overruled are mistakes all the same.
      {"#SBATCH --time=abc", {}, {"--time=5"}, "error 2:16 --time"},
      {"#SBATCH --mem=1 --mem-per-cpu=2", {}, {}, "error 2:17 --mem-per-cpu"},
      {"#SBATCH --mem=1", {}, {"--mem-per-cpu=2"}, "error arg:1 --mem-per-cpu"},
      {"",
       {{"SBATCH_MEM_PER_CPU", "2"}, {"SBATCH_MEM_PER_NODE", "3"}},
       {},
       "error env:1 --mem-per-cpu"},
  };
  for (const Precedence& one : cases) {
    const Parsed parsed = read(one.directives, one.arguments, one.environment);
    std::vector<Diagnostic> errors = parsed.diagnostics;
    std::erase_if(errors,
                  [](const Diagnostic& found) { return found.severity != Severity::error; });
    EXPECT_EQ(parsed.ok() ? effective_options(parsed) : complaints(errors), one.expected)
        << one.directives;
  }
}

TEST(Parse, ADroppedOptionLeavesNoTrace) {
  const Parsed parsed = read("#SBATCH --mem=1", {}, {{"SBATCH_MEM_PER_CPU", "2"}});
  EXPECT_FALSE(parsed.options.resources.memory_per_cpu.has_value());
  EXPECT_TRUE(parsed.options.given.at(1).overruled);
  const Parsed later = read("#SBATCH --exclusive -s");
  EXPECT_FALSE(later.options.resources.exclusive.has_value());
  EXPECT_TRUE(later.options.resources.oversubscribe);
}

TEST(Parse, Environment) {
  struct Variable {
    std::string name;
    std::string value;
    std::string_view expected;
  };
  const Variable cases[] = {
      {"SBATCH_TIMELIMIT", "10", "time=10"},
      {"SBATCH_TIMELIMIT", "x", "error env:1 --time"},
      {"SBATCH_TIMELIMIT", "", "error env:1 --time"},
      {"SBATCH_ARRAY_INX", "1-3", "array=1-3"},
      {"SBATCH_EXCLUSIVE", "", "exclusive"},
      {"SBATCH_EXCLUSIVE", "user", "exclusive=user"},
      {"SBATCH_EXCLUSIVE", "yes", "error env:1 --exclusive"},
      {"SBATCH_OVERCOMMIT", "", "overcommit"},
      {"SBATCH_OVERCOMMIT", "YES", "overcommit"},
      {"SBATCH_OVERCOMMIT", "2", "overcommit"},
      {"SBATCH_OVERCOMMIT", "0", ""},
      {"SBATCH_OVERCOMMIT", "no", ""},
      {"SBATCH_REQUEUE", "1", "requeue"},
      {"SBATCH_NO_REQUEUE", "0", ""},
      {"SBATCH_WAIT_ALL_NODES", "1", "wait-all-nodes=1"},
      {"SBATCH_NO_KILL", "", "no-kill"},
      {"SBATCH_SIGNAL", "USR1@60", "signal=USR1@60"},
      {"SBATCH_BURST_BUFFER", "a", "error env:1 --bb"},
      {"SBATCH_ACCOUNT", "<project>", "error env:1 --account"},
      {"SLURM_HINT", "nomultithread", ""},
      {"HOME", "/root", ""},
  };
  for (const Variable& one : cases) {
    EXPECT_EQ(outcome(read("", {}, {{one.name, one.value}})), one.expected)
        << one.name << "=" << one.value;
  }
}

TEST(Parse, VariablesThatSbatchDoesNotRead) {
  const Parsed parsed = read("", {}, {{"SBATCH_MEM_BIND_TYPE", "none"}, {"SBATCH_NTASKS", "4"}});
  EXPECT_EQ(complaints(parsed.diagnostics), "warning env:2");
}

TEST(Parse, ArgumentsAreTakenAsTheyAre) {
  const Parsed parsed = read("", {"-J", "a #b \"c\"", "--comment", "$HOME"});
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.options.job_name, "a #b \"c\"");
  EXPECT_EQ(parsed.options.comment, "$HOME");
  EXPECT_EQ(complaints(parsed.diagnostics), "");
}

TEST(Parse, ArgumentsThatAreWrong) {
  const std::pair<Arguments, std::string_view> cases[] = {
      {{"-N2", ":", "-N3"}, "error arg:2"},
      {{"--time", "x"}, "error arg:2 --time"},
      {{"--time=x"}, "error arg:1 --time"},
      {{"-N2", "--foo"}, "error arg:2 --foo"},
      {{"-J"}, "error arg:1 --job-name"},
      {{"--account=<project>"}, "error arg:1 --account"},
      {{std::string(limits::sbatch_line_bytes_max + 1, 'a')}, "error arg:1"},
  };
  for (const auto& [arguments, expected] : cases) EXPECT_EQ(outcome(read("", arguments)), expected);
}

TEST(Parse, WrapStandsForAScript) {
  const Arguments arguments{"--wrap", "srun hostname", "-N2"};
  const Parsed wrapped = parse({"", {}, arguments});
  EXPECT_TRUE(wrapped.ok()) << complaints(wrapped.diagnostics);
  EXPECT_EQ(wrapped.options.wrap, "srun hostname");
  EXPECT_EQ(outcome(read("", arguments)), "error arg:1 --wrap");
}

TEST(Parse, GivenKeepsEverythingWithItsPlace) {
  const Parsed parsed =
      read("#SBATCH -N 2 --constraint=\"a b\"\n#SBATCH -C c", {"-N3"}, {{"SBATCH_QOS", "q"}});
  ASSERT_EQ(parsed.options.given.size(), 5U);
  const Given expected[] = {{"nodes", "2", {Origin::directive, 2, 9}, true},
                            {"constraint", "a b", {Origin::directive, 2, 14}, true},
                            {"constraint", "c", {Origin::directive, 3, 9}, false},
                            {"qos", "q", {Origin::environment, 0, 1}, false},
                            {"nodes", "3", {Origin::command_line, 0, 1}, false}};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(parsed.options.given[i], expected[i]) << i;
  EXPECT_EQ(effective(parsed.options, "constraint")->value, "c");
  EXPECT_EQ(effective(parsed.options, "time"), nullptr);
  EXPECT_EQ(place_of(parsed.options, "constraint"), (Place{Origin::directive, 3, 9}));
}

TEST(Parse, LimitOfOptions) {
  std::string lines;
  for (std::size_t i = 0; i <= limits::sbatch_options_max; ++i) lines += "#SBATCH -H\n";
  const Parsed parsed = read(lines);
  EXPECT_EQ(complaints(parsed.diagnostics),
            fmt::format("error {}:9", limits::sbatch_options_max + 2));
}

TEST(Parse, LimitOfDiagnostics) {
  std::string lines;
  for (std::size_t i = 0; i < 2 * limits::sbatch_diagnostics_max; ++i)
    lines += "#SBATCH --time=x\n";
  const Parsed parsed = read(lines);
  ASSERT_EQ(parsed.diagnostics.size(), limits::sbatch_diagnostics_max);
  EXPECT_EQ(parsed.diagnostics.back().hint, "Mend these first.");
}

}  // namespace
}  // namespace fabrica::sbatch
