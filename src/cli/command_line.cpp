#include "cli/command_line.h"

#include <fmt/core.h>

#include <optional>
#include <vector>

#include "cli/completion.h"

namespace fabrica::cli {

namespace {

constexpr const char* footer = R"(
Exit codes:
  0    done
  1    the thing failed: the job, the verification, the check, the simulated run
  2    the command line, or a file it names, is wrong
  3    the server refused
  4    the server cannot be reached, or is in trouble
  5    not authorised
  130  interrupted; a job that was followed goes on

Environment:
  FABRICA_SERVER, FABRICA_TOKEN, FABRICA_PROJECT   used where the options are not given
  NO_COLOR                                         no colour, if it is not empty

The server is --server, or the one running on --data, or $FABRICA_SERVER, or the first line of
~/.config/fabrica/server, or the one that `fabrica up` started. The token is --token-file,
or $FABRICA_TOKEN, or ~/.config/fabrica/token, which must have mode 0600.)";

constexpr const char* submit_footer = R"(
  fabrica submit [OPTIONS] [SBATCH OPTIONS] SCRIPT [--project N] [--follow] [--wait] [--dry-run]
                 [ARGUMENTS]

The script is an ordinary sbatch script. Before it stand options of this program and of sbatch,
which go before the #SBATCH lines; behind it --project, --follow, --wait and --dry-run, and from
the first other word on the arguments of the script. Without a script, standard input is read.

  --project N    who pays; by default your only project, or $FABRICA_PROJECT
  --follow       print what the job prints until it has ended, then how it went; an interrupt
                 leaves the job alone
  --wait, -W     wait until the job has ended; exit code 1 unless it completed
  --dry-run      submit nothing: say where it would run, and show how the script is rewritten in
                 the words of a Slurm site there
  --parsable     print the number of the job only
  --wrap COMMAND a command line in the place of a script)";

constexpr const char* plan_footer = R"(
  fabrica plan [OPTIONS] [SBATCH OPTIONS] SCRIPT [--project N]

Says for each partition whether the job could run there now, why not, what it would cost and what
would be left, and shows how the script is rewritten in the words of a Slurm site: of the one it
would go to, or with --diff of each that could take it. Submits nothing. Exit code 3 when no
partition would take it.)";

CommandWords words_of_app(const CLI::App& app) {
  CommandWords words{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.options.push_back({"--" + name, option->get_description()});
    }
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.commands.push_back(words_of_app(*sub));
  }
  return words;
}

// Words for a trace on one machine.
void declare_machine(CLI::App& simulate, ReplayWords& replay) {
  CLI::Option* const swf = simulate.get_option("--swf");
  const auto of_swf = [&](const char* name, auto& value, const char* about) {
    return simulate.add_option(name, value, about)->needs(swf);
  };
  of_swf("--procs", replay.procs, "how wide the machine is; by default as the trace says")
      ->check(CLI::PositiveNumber);
  of_swf("--scheduler", replay.scheduler, "easy, sjbf, conservative, fcfs or priority");
  of_swf("--order", replay.order,
         "of events at one moment: default, or textbook for the published schedules of PySS");
  CLI::Option* const nodes =
      of_swf("--nodes", replay.nodes, "so many nodes instead of --procs, with --gpus-per-node")
          ->check(CLI::Range(1, 1'000'000))
          ->excludes(simulate.get_option("--procs"));
  of_swf("--gpus-per-node", replay.gpus_per_node,
         "a job of no more takes GPUs of one node, a wider one whole nodes")
      ->check(CLI::Range(1, 1'000))
      ->needs(nodes);
  nodes->needs(simulate.get_option("--gpus-per-node"));
  of_swf("--weights", replay.weights,
         "of priority, those that are named: age=1000,fair_share=1000,size=0,wide=0");
  of_swf("--half-life", replay.half_life_days, "of what users have used, in days; by default 7")
      ->check(CLI::Range(1, 1'000));
  of_swf("--age", replay.age_days, "how many days of waiting count as one; by default 7")
      ->check(CLI::Range(1, 1'000));
  of_swf("--maintenance", replay.maintenance,
         "FROM:TO or FROM:TO:PROCESSORS, known in advance: so much is out, by default all of it; "
         "can be said several times");
  of_swf("--failure", replay.failures,
         "FROM:TO or FROM:TO:PROCESSORS, not known before: what runs there is lost and runs again");
  of_swf("--scale", replay.scale, "jobs arrive so many times as fast: 1.5");
  of_swf("--depth", replay.depth,
         "conservative asks so many waiting jobs after an early end; by default all");
  of_swf("--first", replay.first, "only so many jobs of the trace")
      ->check(CLI::Range(1, 1'000'000'000));
  simulate
      .add_flag("--perfect-limits", replay.perfect_limits,
                "as if each user had asked for exactly what the job runs")
      ->needs(swf);
}

// Words for a trace on the machines of several sites.
void declare_fleet(CLI::App& simulate, ReplayWords& replay) {
  CLI::Option* const swf = simulate.get_option("--swf");
  const auto of_swf = [&](const char* name, auto& value, const char* about) {
    return simulate.add_option(name, value, about)->needs(swf);
  };
  CLI::Option* const sites =
      of_swf("--sites", replay.sites,
             "how wide the machines of several sites are, instead of one: 1152,768,576")
          ->delimiter(',');
  for (const char* const of_one :
       {"--procs", "--scheduler", "--order", "--depth", "--maintenance", "--failure", "--nodes"})
    sites->excludes(simulate.get_option(of_one));
  simulate
      .add_flag("--predict", replay.predict,
                "also predict starts, with three kinds of run times, and say how far they are off")
      ->needs(swf)
      ->excludes(sites);
  of_swf("--placement", replay.placement,
         "late_binding, or to compare with it federation (of Slurm) or fullest_first; "
         "with --whole a rule of the server: late_binding, least_work")
      ->needs(sites);
  simulate
      .add_flag("--whole", replay.whole,
                "the whole product decides: holds, placement, the sites' reports, charges")
      ->needs(sites);
  of_swf("--load", replay.load,
         "jobs arrive so that their work is this part of what the machines can do: 0.9")
      ->excludes(simulate.get_option("--scale"));
}

}  // namespace

CommandLine::CommandLine(const std::string& version) {
  declare_globals(version);
  declare_server(version);
  declare_sites();
  declare_federation();
  declare_projects();
  declare_calls();
  declare_proposals();
  declare_submitting();
  declare_jobs();
  declare_ledger();
  declare_log();
  declare_simulate();
  declare_tokens();
  declare_completion();
}

CLI::App& CommandLine::below(CLI::App& parent, const std::string& name, const std::string& about) {
  CLI::App* const made = parent.add_subcommand(name, about);
  made->fallthrough();
  return *made;
}

void CommandLine::command(CLI::App& parent, const std::string& name, const std::string& about,
                          Action run) {
  below(parent, name, about).callback([this, run = std::move(run)] { chosen = run; });
}

void CommandLine::command_of_one(CLI::App& parent, const std::string& name,
                                 const std::string& about, const std::string& word,
                                 std::function<Outcome<int>(Session&, const std::string&)> run,
                                 bool required) {
  auto [made, text] = command<std::string>(parent, name, about, std::move(run));
  CLI::Option* const option = made.add_option(word, text);
  if (required) option->required();
}

void CommandLine::declare_globals(const std::string& version) {
  app.name("fabrica");
  app.set_version_flag("--version", "fabrica " + version);
  app.require_subcommand(1);
  app.footer(footer);
  app.add_option("--server", global.server, "http://HOST:PORT, https://… or unix:/PATH");
  app.add_option("--data", global.data, "data directory of a server on this machine");
  app.add_option("--token-file", global.token_file, "a file with your token, mode 0600");
  app.add_flag("--json", global.json, "the server's own JSON, lists as one value a line");
  app.add_flag("--no-color,--no-colour", global.no_colour, "no colour");
  app.add_flag("--quiet", global.quiet, "no remarks and no progress on standard error");
}

void CommandLine::declare_server(const std::string& version) {
  auto [start, options] =
      command<UpOptions>(app, "up", "start a server on this machine, in the background", &up);
  start.add_option("--config", options.config, "fabrica.toml");
  start.add_option("--address", options.address, "IP address to listen on");
  start.add_option("--port", options.port, "TCP port; 0 for any that is free");
  start.add_option("--unix", options.unix_socket, "unix socket to listen on");
  command(app, "down", "stop it; jobs that run go on", &down);
  command(app, "version", "which version this is, and the server's",
          [version](Session& session) { return show_version(session, version); });
  command(app, "whoami", "who you are to the server: roles and projects", &whoami);
}

void CommandLine::declare_sites() {
  command_of_one(app, "sites", "the sites, or one with its systems and partitions", "NAME", &sites,
                 false);
  CLI::App& site = below(app, "site", "steer and check a site that you operate");
  site.require_subcommand(1);
  command_of_one(
      site, "drain", "take no new jobs there", "NAME",
      [](Session& session, const std::string& name) { return steer_site(session, name, "drain"); });
  command_of_one(site, "resume", "take jobs there again", "NAME",
                 [](Session& session, const std::string& name) {
                   return steer_site(session, name, "resume");
                 });
  auto [books, period] = command<ReconcileOptions>(
      site, "reconcile",
      "what its jobs were charged beside the site's own books, and why they differ (exit code 1: "
      "something is unexplained)",
      &reconcile_site);
  books.add_option("NAME", period.site)->required();
  books.add_option("--from", period.from, "runs that ended on this day (UTC) or later: YYYY-MM-DD");
  books.add_option("--to", period.to, "runs that ended before this day: YYYY-MM-DD");
  auto [add, added] = command<AddSiteOptions>(
      site, "add",
      "look at a Slurm cluster from here, and write the settings for it (exit code 1: something is "
      "wrong there)",
      &add_site);
  add.add_option("NAME", added.site, "the site's short name here")->required();
  add.add_option("--url", added.url, "of its slurmrestd")->required();
  add.add_option("--cluster", added.cluster, "its ClusterName")->required();
  add.add_option("--key-file", added.key_file, "what tokens are signed with, mode 0600")
      ->required();
  add.add_option("--user", added.user, "whom the jobs belong to there")->required();
  add.add_option("--name", added.name, "the site's name for people");
  add.add_option("--account", added.account, "what its jobs are accounted to");
  add.add_flag("--provision", added.provision, "make an account there for each award instead");
  add.add_option("--key-id", added.key_id, "of an RS256 key, in the cluster's jwks");
  add.add_option("--token-user", added.token_user, "Slurm's own user or root");
  add.add_option("--ca-file", added.ca_file, "for https: the authorities to trust");
  add.add_option("--write", added.write, "append to this fabrica.toml instead of printing");
  add.add_flag("--force", added.force, "also when something is wrong");
  auto [check, checked] = command<CheckSiteOptions>(
      site, "check",
      "look what keeps jobs from it, and how to mend that (exit code 1: something is wrong)",
      &check_site);
  check.add_option("NAME", checked.site)->required();
  check.add_flag("--mend", checked.mend,
                 "first have its accounts of awards given back what was taken from them there");
}

void CommandLine::declare_federation() {
  auto [list, of_site] =
      command<std::string>(app, "partitions", "the partitions and their unit shapes", &partitions);
  list.add_option("--site", of_site, "of this site only");

  struct Capacity {
    std::string partition;
    std::string hours;
    std::string text;
  };
  auto [capacity, wanted] = command<Capacity>(
      app, "capacity", "add compute time to a partition's pool",
      [](Session& session, const Capacity& options) {
        return add_capacity(session, options.partition, options.hours, options.text);
      });
  capacity.add_option("PARTITION", wanted.partition)->required();
  capacity.add_option("HOURS", wanted.hours, "in the partition's unit; below zero takes some back")
      ->required();
  capacity.add_option("--text", wanted.text, "why");
}

void CommandLine::declare_projects() {
  CLI::App& organisation = below(app, "organisation", "the organisations that take part");
  organisation.require_subcommand(1);
  auto [add, about] = command<NewOrganisationOptions>(
      organisation, "add", "register an organisation", &add_organisation);
  add.add_option("NAME", about.name)->required();
  add.add_option("--country", about.country, "of its seat, ISO 3166: FI")->required();
  add.add_option("--kind", about.kind, "start_up, sme, large_company, research or public_sector")
      ->required();
  command(organisation, "list", "those that are registered", &list_organisations);

  CLI::App& person = below(app, "person", "the people who take part");
  person.require_subcommand(1);
  auto [add_one, who] = command<NewPersonOptions>(person, "add", "register a person", &add_person);
  add_one.add_option("NAME", who.name)->required();
  add_one.add_option("--email", who.email)->required();
  add_one.add_option("--organisation", who.organisation, "the number of their organisation");
  add_one.add_option("--role", who.roles,
                     "administrator, call_officer, reviewer, site_operator or auditor");
  add_one.add_option("--operates", who.operates, "a site, for a site_operator");

  CLI::App& project = below(app, "project", "your projects");
  project.require_subcommand(1);
  struct NewProject {
    std::string title;
    std::string organisation;
  };
  auto [create, plan_of] =
      command<NewProject>(project, "create", "open a project that you lead",
                          [](Session& session, const NewProject& options) {
                            return create_project(session, options.title, options.organisation);
                          });
  create.add_option("TITLE", plan_of.title)->required();
  create.add_option("--organisation", plan_of.organisation, "the number of the organisation")
      ->required();
  command(project, "list", "those that you belong to", &list_projects);
  auto [of, which] =
      command<MembersOptions>(project, "members", "who belongs to a project", &members);
  of.add_option("PROJECT", which.project, "by default your only one");
  of.add_option("--add", which.add, "the number of a person");
  of.add_option("--remove", which.remove, "the number of a person");
}

void CommandLine::declare_calls() {
  command(app, "modes", "the access modes: for whom, how much, how long", &list_modes);
  command(app, "calls", "the calls for proposals", &list_calls);
  CLI::App& call = below(app, "call", "open a call for proposals");
  call.require_subcommand(1);
  auto [open, about] = command<NewCallOptions>(call, "open", "open a call of a mode", &open_call);
  open.add_option("MODE", about.mode, "an access mode: playground")->required();
  open.add_option("--title", about.title)->required();
  open.add_option("--partition", about.partitions, "what is offered; may be given several times")
      ->required();
  open.add_option("--closes", about.closes, "2026-11-22T12:00:00Z; by default never");
}

void CommandLine::declare_proposals() {
  auto [make, what] = command<ProposeOptions>(
      app, "propose",
      "answer a call; says of each rule whether it is met (exit code 3: ineligible)", &propose);
  make.add_option("--call", what.call, "by default the only one");
  make.add_option("--project", what.project, "by default your only one, or $FABRICA_PROJECT");
  make.add_option("--title", what.title)->required();
  make.add_option("--partition", what.partition, "where the compute time is wanted")->required();
  make.add_option("--hours", what.hours, "in the partition's unit")->required();
  make.add_option("--months", what.months, "how long the award shall last")->required();
  make.add_option("--gpus-per-job", what.gpus_per_job, "GPUs of the largest job");
  make.add_option("--nodes-per-job", what.nodes_per_job, "nodes of the largest job");
  make.add_flag("--civil-use", what.civil_use, "you declare that the work is for civil use");
  make.add_flag("--open-research", what.open_research,
                "you declare that it is open research and development");
  CLI::Option* const text = make.add_option("--text", what.text, "what you want to do");
  make.add_option("--text-file", what.text_file, "a file that says so")->excludes(text);
  command(app, "proposals", "the proposals of your projects", &list_proposals);
  command_of_one(app, "proposal", "one proposal and what each rule says of it", "ID",
                 &show_proposal);

  struct Assessment {
    std::string id;
    bool unsuitable = false;
    std::string text;
  };
  auto [check, found] =
      command<Assessment>(app, "assess", "technical check of an eligible proposal",
                          [](Session& session, const Assessment& options) {
                            return assess(session, options.id, options.unsuitable, options.text);
                          });
  check.add_option("ID", found.id)->required();
  check.add_flag("--unsuitable", found.unsuitable, "the assessor says no");
  check.add_option("--text", found.text, "why");
  command_of_one(app, "grant", "offer the award: its hours are set aside", "ID", &grant);
  command(app, "awards", "the awards of your projects", &list_awards);
  CLI::App& award = below(app, "award", "answer an award");
  award.require_subcommand(1);
  for (const std::string verb : {"accept", "decline"}) {
    command_of_one(award, verb, verb + " an award that is offered", "ID",
                   [verb](Session& session, const std::string& id) {
                     return answer_award(session, id, verb);
                   });
  }
}

// Their words are split before CLI11 sees them: options of sbatch are not ours to declare.
void CommandLine::declare_submitting() {
  below(app, "plan", "where a job could run, what it would cost, why not elsewhere")
      .footer(plan_footer);
  below(app, "submit", "submit an sbatch script").footer(submit_footer);
}

void CommandLine::declare_jobs() {
  auto [list, wanted] = command<JobsOptions>(app, "jobs", "your jobs", &list_jobs);
  list.add_flag("--all,-a", wanted.all, "also those that have ended");
  list.add_option("--project", wanted.project);
  list.add_option("--site", wanted.site);
  list.add_option("--name", wanted.name);
  list.add_option("--phase", wanted.phase, "waiting, placed, queued, running or ended");

  struct OneJob {
    std::string id;
    bool script = false;
  };
  auto [job, one] = command<OneJob>(app, "job", "one job: where it is, what it used, how it ended",
                                    [](Session& session, const OneJob& options) {
                                      return show_job(session, options.id, options.script);
                                    });
  job.add_option("ID", one.id)->required();
  job.add_flag("--script", one.script, "print its script");

  command_of_one(app, "why", "why a job has not begun, when it will, what would make it sooner",
                 "ID", &why);

  auto [output, which] = command<LogsOptions>(app, "logs", "what a job prints", &logs);
  output.add_option("ID", which.job)->required();
  output.add_flag("--follow,-f", which.follow, "go on until the job has ended");
  output.add_flag("--stderr", which.error_stream,
                  "standard error, where it goes to a file of its own");
  output.add_option("--task", which.task, "of this task of an array");
  command_of_one(app, "wait", "wait for a job's end; exit code 1 unless it completed", "ID",
                 &wait_for_job);

  auto [stop, ids] = command<std::vector<std::string>>(
      app, "cancel", "stop jobs; what they used is charged", &cancel);
  stop.add_option("ID", ids)->required();
}

void CommandLine::declare_ledger() {
  struct Wanted {
    std::string account;
    std::string project;
  };
  auto [show, wanted] =
      command<Wanted>(app, "statement", "accounts line by line: awards, holds, charges, releases",
                      [](Session& session, const Wanted& options) {
                        return statement(session, options.account, options.project);
                      });
  show.add_option("ACCOUNT", wanted.account, "by default all of the project");
  show.add_option("--project", wanted.project, "by default your only one, or $FABRICA_PROJECT");
}

void CommandLine::declare_log() {
  CLI::App& log = below(app, "log", "the log of events, from which all else follows");
  log.require_subcommand(1);
  struct Shown {
    std::uint64_t after = 0;
    bool follow = false;
  };
  auto [show, wanted] =
      command<Shown>(log, "show", "print events (for administrators and auditors)",
                     [](Session& session, const Shown& options) {
                       return show_log(session, options.after, options.follow);
                     });
  show.add_option("--after", wanted.after, "only later ones than this");
  show.add_flag("--follow,-f", wanted.follow, "go on as they happen");
  command(log, "verify",
          "check the files of a server on this machine (--data DIR): chain, sums, read tables",
          &verify_log);
  command(log, "rebuild",
          "make the read tables anew from the log (--data DIR; the server must not run)",
          &rebuild_log);
  command(log, "replay", "replay them and print the digest of the state and the speed",
          &replay_log);
}

void CommandLine::declare_simulate() {
  auto [simulate, wanted] = command<SimulateWords>(app, "simulate",
                                                   "run a scenario file: jobs on machines; or with "
                                                   "--swf a trace; or with neither the product in "
                                                   "a virtual world with faults",
                                                   &simulate_words);
  ReplayWords& replay = wanted.replay;
  CLI::Option* const swf = simulate.add_option(
      "--swf", replay.swf, "a trace in the Standard Workload Format, plain or gzip");
  CLI::Option* const scenario =
      simulate.add_option("SCENARIO", wanted.scenario.file, "a scenario file: seven.toml")
          ->excludes(swf);
  simulate.add_option("--seed", wanted.seed, "the first seed; the same seed gives the same run")
      ->excludes(swf);
  simulate.add_option("--seeds", wanted.seeds, "how many")
      ->excludes(swf)
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  simulate.add_option("--steps", wanted.steps, "of each run, before the faults stop")
      ->excludes(swf)
      ->excludes(scenario);
  simulate
      .add_option("--jobs", wanted.scenario.jobs,
                  "runs of a scenario at the same time; by default as many as there are cores")
      ->needs(scenario)
      ->check(CLI::Range(1, 1'024));
  simulate
      .add_option("--report", wanted.scenario.report,
                  "write an HTML page with charts, for a browser without a network")
      ->needs(scenario);
  simulate.add_option("--schedule-out", wanted.schedule_out,
                      "write the schedule in the Standard Workload Format");
  simulate.add_option("--trace-cache", wanted.trace_cache,
                      "a folder that keeps traces in binary form");
  declare_machine(simulate, replay);
  declare_fleet(simulate, replay);
  declare_compare();
}

void CommandLine::declare_compare() {
  auto [compare, wanted] = command<CompareWords>(
      app, "compare",
      "how two scenarios differ over the same seeds, and what of that is more than chance",
      &compare_scenarios);
  compare.add_option("A", wanted.a, "a scenario file, or what simulate SCENARIO --json printed")
      ->required();
  compare.add_option("B", wanted.b, "likewise")->required();
  compare.add_option("--seed", wanted.run.seed, "the first seed of scenario files");
  compare.add_option("--seeds", wanted.run.seeds, "how many, instead of what they say")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  compare.add_option("--jobs", wanted.run.jobs, "runs at the same time")
      ->check(CLI::Range(1, 1'024));
  compare.add_option("--trace-cache", wanted.run.trace_cache,
                     "a folder that keeps traces in binary form");
}

void CommandLine::declare_tokens() {
  CLI::App& token = below(app, "token", "the tokens that let programs in");
  token.require_subcommand(1);
  auto [create, wanted] =
      command<NewTokenOptions>(token, "create", "make a token; it is shown once", &create_token);
  create.add_option("--label", wanted.label, "what it is for")->required();
  create.add_option("--person", wanted.person, "for somebody else, by an administrator");
  create.add_flag("--read-only", wanted.read_only, "it may look and change nothing");
  create.add_option("--days", wanted.days, "until it expires");
  create.add_option("--save", wanted.save, "write it to a new file with mode 0600");
  auto [list, person] =
      command<std::string>(token, "list", "your tokens, without their secrets", &list_tokens);
  list.add_option("--person", person, "somebody else's, for an administrator");
  command_of_one(token, "revoke", "end a token", "ID", &revoke_token);
}

void CommandLine::declare_completion() {
  CLI::App& completion = below(app, "completion", "a script that completes commands in your shell");
  completion.require_subcommand(1);
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    command(completion, shell, "for " + shell, [this, shell](Session& session) -> Outcome<int> {
      CommandWords words = words_of_app(app);
      for (CommandWords& one : words.commands) {
        if (one.name != "submit" && one.name != "plan") continue;
        one.options.push_back({"--project", "who pays"});
        if (one.name == "submit") {
          one.options.push_back({"--follow", "print what the job prints"});
          one.options.push_back({"--wait", "wait for its end"});
          one.options.push_back({"--dry-run", "submit nothing, show what would be"});
        } else {
          one.options.push_back({"--diff", "show the rewritten script for each site"});
        }
      }
      session.terminal().print(completion_script(shell, words));
      return exit_code::ok;
    });
  }
}

}  // namespace fabrica::cli
