#include "api/job_request.h"

#include <gtest/gtest.h>

#include "api/option_rules.h"
#include "json/write.h"
#include "sbatch/option_table.h"
#include "unit/support/cases.h"

namespace fabrica::api {
namespace {

using test::expect_answer;

Submission submission_of(std::string_view directives) {
  Submission submission;
  submission.project = federation::ProjectId{1};
  submission.script = fmt::format("#!/bin/bash\n{}\ntrue\n", directives);
  submission.working_directory = "/home/ada";
  return submission;
}

// "warning 2:9 --qos; error …", or the field of the body.
std::string complaints(const std::vector<DiagnosticView>& diagnostics) {
  std::string all;
  for (const DiagnosticView& one : diagnostics) {
    all += fmt::format("{}{} {}:{} {}", all.empty() ? "" : "; ", name_of(one.severity), one.line,
                       one.column, one.option);
  }
  return all;
}

std::string shape_text(const jobs::JobRequest& request) {
  std::string text =
      fmt::format("{}n {}t {}c {}g {}MiB {}", request.nodes, request.tasks, request.cpus_per_node,
                  request.gpus_per_node, request.memory_mib_per_node, to_clock(request.time_limit));
  if (request.whole_nodes) text += " whole";
  if (!request.gpu_kind.empty()) text += " " + request.gpu_kind;
  if (!request.array.empty())
    text += fmt::format(" [{}]%{}", fmt::join(request.array, ","), request.array_at_once);
  for (const jobs::Dependency& one : request.dependencies)
    text += fmt::format(" {} {}", name_of(one.kind), one.job);
  return text;
}

std::string drafted(Submission submission, Purpose purpose = Purpose::submit) {
  const Answer<Draft> draft = draft_of(std::move(submission), purpose);
  if (draft) {
    std::string text = shape_text(draft->request);
    for (const sbatch::Diagnostic& one : draft->diagnostics) {
      text += fmt::format(" ({} {}:{})", one.option, one.place.line, one.place.column);
    }
    return text;
  }
  const Problem& problem = draft.error();
  if (problem.refusal.code == bad_script) return complaints(problem.errors);
  return test::answer_of(problem.refusal);
}

TEST(JobRequest, ShapesFromDirectives) {
  const struct {
    std::string_view directives;
    std::string_view answer;
    std::source_location where = std::source_location::current();
  } cases[] = {
      {"#SBATCH -t 60", "1n 1t 1c 0g 0MiB 01:00:00"},
      {"#SBATCH --time=1-00:00:00 --nodes=2 --ntasks-per-node=4 --cpus-per-task=8",
       "2n 8t 32c 0g 0MiB 1-00:00:00"},
      {"#SBATCH -t 60 --gres=gpu:a100:4 --mem=64G", "1n 1t 1c 4g 65536MiB 01:00:00 a100"},
      {"#SBATCH -t 60 --gpus-per-node=8 -N2 --exclusive", "2n 2t 1c 8g 0MiB 01:00:00 whole"},
      {"#SBATCH -t 60 --mem=0", "1n 1t 1c 0g 0MiB 01:00:00 whole (--mem 2:15)"},
      {"#SBATCH -t 60 --mem-per-cpu=2G -c 4", "1n 1t 4c 0g 8192MiB 01:00:00"},
      {"#SBATCH -t 60 -N 2-4", "2n 2t 1c 0g 0MiB 01:00:00 (--nodes 2:15)"},
      {"#SBATCH -t 60 --array=1-9:4%2", "1n 1t 1c 0g 0MiB 01:00:00 [1,5,9]%2"},
      {"#SBATCH -t 60 --dependency=afterok:7:8,afterany:9,after:1,afternotok:2",
       "1n 1t 1c 0g 0MiB 01:00:00 after_ok job-7 after_ok job-8 after_any job-9 after job-1 "
       "after_not_ok job-2"},
      {"#SBATCH --nodes=1", "error 1:1 --time"},
      {"#SBATCH --time=UNLIMITED", "error 2:9 --time"},
      {"#SBATCH -t 60 --gres=gpu:1,nvme:100", "error 2:15 --gres"},
      {"#SBATCH -t 60 --exclusive=user", "error 2:15 --exclusive"},
      {"#SBATCH -t 60 -d singleton", "error 2:15 --dependency"},
      {"#SBATCH -t 60 -d afterok:7?afterok:8", "error 2:15 --dependency"},
      {"#SBATCH -t 60 -d afterok:7_3", "error 2:15 --dependency"},
      {"#SBATCH -t 60 -d after:7+5", "error 2:15 --dependency"},
      {"#SBATCH -t 60 --constraint=fast\n#SBATCH --licenses=x:1 --hold",
       "error 3:9 --licenses; error 3:24 --hold"},
      {"#SBATCH -t 60 --mail-type=END --hint=nomultithread",
       "1n 1t 1c 0g 0MiB 01:00:00 (--mail-type 2:15) (--hint 2:31)"},
      {"#SBATCH -t 60 --comment=x --no-requeue --oversubscribe", "1n 1t 1c 0g 0MiB 01:00:00"},
  };
  for (const auto& [directives, answer, where] : cases) {
    expect_answer(drafted(submission_of(directives)), answer, directives, where);
  }
}

TEST(JobRequest, WhatIsWrongWithTheBody) {
  const auto changed = [](auto member, auto value) {
    Submission submission = submission_of("#SBATCH -t 60");
    submission.*member = std::move(value);
    return submission;
  };
  const struct {
    Submission submission;
    std::string_view answer;
    std::source_location where = std::source_location::current();
  } cases[] = {
      {changed(&Submission::script, std::string(5'000'000, 'x')), "too_large /script"},
      {changed(&Submission::script, std::string("#!/bin/sh\n#SBATCH -t 1\n\0", 24)),
       "invalid /script"},
      {changed(&Submission::name, std::string(201, 'x')), "too_large /name"},
      {changed(&Submission::working_directory, std::string("home/ada")),
       "invalid /working_directory"},
      {changed(&Submission::working_directory, std::optional<std::string>{}),
       "invalid /working_directory"},
      {changed(&Submission::working_directory, "/" + std::string(5'000, 'x')),
       "too_large /working_directory"},
      {changed(&Submission::user, std::string("../root")), "invalid /user"},
      {changed(&Submission::user, std::string("")), "invalid /user"},
      {changed(&Submission::arguments, std::vector<std::string>{"a", std::string(200'000, 'x')}),
       "too_large /arguments/1"},
      {changed(&Submission::arguments, std::vector<std::string>{std::string("a\0b", 3)}),
       "invalid /arguments/0"},
      {changed(&Submission::arguments, std::vector<std::string>(40'000, std::string(30, 'x'))),
       "too_large /arguments/27594"},
      {changed(&Submission::environment, std::map<std::string, std::string>{{"A=B", "c"}}),
       "invalid /environment"},
      {changed(&Submission::environment, std::map<std::string, std::string>{{"", "c"}}),
       "invalid /environment"},
  };
  for (const auto& [submission, answer, where] : cases)
    expect_answer(drafted(submission), answer, answer, where);
}

TEST(JobRequest, NamesAndPlaces) {
  const auto draft = [](std::string_view directives,
                        const std::function<void(Submission&)>& change) {
    Submission submission = submission_of(directives);
    change(submission);
    const Answer<Draft> made = draft_of(std::move(submission), Purpose::submit);
    EXPECT_TRUE(made.has_value());
    return made.value_or(Draft{});
  };
  const auto nothing = [](Submission&) {};
  EXPECT_EQ(draft("#SBATCH -t 1", nothing).request.name, "sbatch");
  EXPECT_EQ(draft("#SBATCH -t 1 -J mine", nothing).request.name, "mine");
  EXPECT_EQ(draft("#SBATCH -t 1", [](Submission& s) { s.name = "jobs/train.sh"; }).request.name,
            "train.sh");
  const Draft wrapped = draft("", [](Submission& s) {
    s.script.clear();
    s.options = {"--wrap=hostname -f", "-t", "1"};
  });
  EXPECT_EQ(wrapped.request.name, "wrap");
  EXPECT_EQ(wrapped.script, "#!/bin/sh\n\nhostname -f\n");

  EXPECT_EQ(draft("#SBATCH -t 1", nothing).document.working_directory, "/home/ada");
  EXPECT_EQ(draft("#SBATCH -t 1 -D runs/../one", nothing).document.working_directory,
            "/home/ada/one");
  EXPECT_EQ(draft("#SBATCH -t 1 -D /scratch", [](Submission& s) { s.working_directory.reset(); })
                .document.working_directory,
            "/scratch");

  EXPECT_FALSE(draft("#SBATCH -t 1", nothing).partition);
  const Draft directed = draft("#SBATCH -t 1 -p gpu -M north", nothing);
  EXPECT_EQ(directed.partition, (Word{"gpu", sbatch::Place{sbatch::Origin::directive, 2, 14}, ""}));
  EXPECT_EQ(directed.site->text, "north");
  const Draft chosen = draft("#SBATCH -t 1 -p gpu", [](Submission& s) { s.partition = "cpu"; });
  EXPECT_EQ(chosen.partition, (Word{"cpu", std::nullopt, "/partition"}));
  EXPECT_EQ(chosen.diagnostics.size(), 1)
      << "what the script says is passed over, and that is told";
  EXPECT_EQ(draft("#SBATCH -t 1 -p gpu", [](Submission& s) { s.options = {"-p", "cpu"}; })
                .partition->text,
            "cpu");
}

TEST(JobRequest, TheDocumentHoldsWhatTheSiteNeeds) {
  Submission submission = submission_of(
      "#SBATCH -t 60 -o logs/%x-%j.out -e err -i in --open-mode=append --signal=B:USR1@120\n"
      "#SBATCH --ntasks=4 --ntasks-per-node=2 --nodes=2 -c 3");
  submission.arguments = {"--epochs", "3"};
  submission.user = "ada";
  submission.options = {"--export=ALL,SEED=7,LANG,GONE", "-c", "5"};
  submission.environment = {{"LANG", "C"}, {"SECRET", "x"}, {"SBATCH_TIMELIMIT", "90"}};
  const Answer<Draft> draft = draft_of(submission, Purpose::submit);
  ASSERT_TRUE(draft.has_value()) << complaints(draft.error().errors);
  const jobs::JobDocument& document = draft->document;
  EXPECT_EQ(document.arguments, (std::vector<std::string>{"--epochs", "3"}));
  EXPECT_EQ(document.environment, (std::vector<std::string>{"SEED=7", "LANG=C"}))
      << "clean but for what is named";
  EXPECT_EQ(document.output, "logs/%x-%j.out");
  EXPECT_EQ(document.error, "err");
  EXPECT_EQ(document.input, "in");
  EXPECT_TRUE(document.append);
  EXPECT_EQ(document.signal, "B:USR1@120");
  EXPECT_EQ(document.user, "ada");
  EXPECT_EQ(document.tasks, 4);
  EXPECT_EQ(document.tasks_per_node, 2);
  EXPECT_EQ(document.cpus_per_task, 5) << "the command line goes before the script";
  EXPECT_EQ(draft->request.time_limit, minutes(90)) << "so does the environment";
  EXPECT_EQ(std::ranges::count(document.options, "cpus-per-task=5"), 1);
  EXPECT_EQ(std::ranges::count(document.options, "cpus-per-task=3"), 0);
  EXPECT_EQ(complaints(views_of(draft->diagnostics)), "warning 0:1 --export")
      << "GONE has no value";
  EXPECT_EQ(json::to_json(document).find("SECRET"), std::string::npos);
}

TEST(JobRequest, EveryOptionOfSbatchHasARule) {
  for (const sbatch::OptionRow& row : sbatch::option_table()) {
    if (row.treatment == sbatch::Treatment::refused || !row.same_as.empty()) continue;
    const OptionRule rule = rule_of(row.name);
    if (rule.use == OptionUse::honoured) {
      // A job always gets the least number of nodes that it asks for.
      if (row.name == "use-min-nodes") continue;
      EXPECT_NE(row.treatment, sbatch::Treatment::site)
          << row.name << " is only checked, so who honours it?";
    } else {
      EXPECT_FALSE(rule.text.empty()) << row.name;
    }
  }
  EXPECT_EQ(rule_of("nonsense").use, OptionUse::refused);
}

}  // namespace
}  // namespace fabrica::api
