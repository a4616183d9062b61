#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/follow.h"
#include "cli/submission.h"
#include "cli/words.h"
#include "json/write.h"
#include "sbatch/parse.h"
#include "shims/commands.h"

/// sbatch: the server reads the script and its options; here only what concerns the command itself
/// is looked at.
namespace fabrica::shims {

namespace {

constexpr int bad_options = 255;  // sbatch's exit code for a command line that it cannot read

/// What the caller wrote, ready for the server but for the project.
struct Request {
  cli::SubmissionBody body;
  cli::ScriptSource source;
  sbatch::Options options;
};

std::unexpected<Failure> script_refused(std::string_view text) {
  return in_these_words(fmt::format("sbatch: error: {}", text));
}

Outcome<void> check_script(const cli::SubmitWords& words, const cli::SubmissionBody& body) {
  if (words.wrap) return {};
  if (body.script.empty()) return script_refused("Batch script is empty!");
  if (body.script.starts_with("#!")) return {};
  return script_refused(
      "This does not look like a batch script.  The first\n"
      "sbatch: error: line must start with #! followed by the path to an interpreter.\n"
      "sbatch: error: For instance: #!/bin/sh");
}

cli::ScriptFinding finding_of(const sbatch::Diagnostic& one) {
  return {std::string(name_of(one.severity)),
          std::string(name_of(one.place.origin)),
          one.place.line,
          one.place.column,
          one.option,
          one.text,
          one.hint};
}

Outcome<Request> read_request(Arguments words) {
  const cli::SubmitWords split = cli::split_sbatch(words);
  if (split.wrap && split.script)
    return script_refused("Script arguments not permitted with --wrap option");
  if (split.script && ::access(split.script->c_str(), R_OK) != 0)
    return script_refused(fmt::format("Unable to open file {}", *split.script));
  TRY(cli::SubmissionBody body, cli::gather(split));
  TRY_DONE(check_script(split, body));
  const std::vector<std::pair<std::string, std::string>> environment(body.environment.begin(),
                                                                     body.environment.end());
  sbatch::Parsed parsed = sbatch::parse({body.script, environment, body.options});
  cli::ScriptSource source = cli::source_of(split, body);
  if (!parsed.ok()) {
    Failure failure(bad_options, "Invalid options");
    for (const sbatch::Diagnostic& one : parsed.diagnostics)
      failure.findings.push_back(finding_of(one));
    failure.source = std::move(source);
    return std::unexpected(std::move(failure));
  }
  return Request{std::move(body), std::move(source), std::move(parsed.options)};
}

// The account, when it is a project's name.
std::string project_named(const sbatch::Options& options) {
  const std::string account = options.words.account.value_or("");
  return cli::number_of(account, "project") ? account : std::string();
}

Outcome<cli::Answer> send(Caller& caller, Request& request, const char* where) {
  Outcome<std::uint64_t> project =
      cli::chosen_project(caller.session(), project_named(request.options));
  if (!project) {
    if (project.error().exit_code == cli::exit_code::usage)
      project.error().hint = "Write --account=project-N, or set FABRICA_PROJECT.";
    return std::unexpected(project.error());
  }
  request.body.project = *project;
  TRY(cli::Server* const server, caller.session().server());
  Outcome<cli::Answer> answer = server->post({"v1", where}, json::to_json(request.body));
  if (!answer) answer.error().source = request.source;
  return answer;
}

// Warnings, but not that the account is not used when it was.
void warn(const Request& request, const json::Value& diagnostics) {
  if (request.options.client.quiet) return;
  for (const json::Value& one : diagnostics.items()) {
    const bool remark = one.get("severity").text() == "remark";
    const bool of_account = one.get("option").text() == "--account";
    if ((remark && !request.options.client.verbose) ||
        (of_account && !project_named(request.options).empty()))
      continue;
    complain(fmt::format("sbatch: {}: {} {}\n", one.get("severity").text(),
                         cli::printable(one.get("text").text()),
                         cli::printable(one.get("hint").text())));
  }
}

Outcome<int> test_only(Caller& caller, Request& request) {
  TRY(const cli::Answer answer, send(caller, request, "jobs:plan"));
  warn(request, answer.value.get("diagnostics"));
  const std::string chosen = answer.value.get("chosen").text();
  if (chosen.empty()) {
    complain(fmt::format("allocation failure: {}\n",
                         cli::printable(answer.value.get("refusal").text())));
    return 1;
  }
  complain(fmt::format("sbatch: Job to start in partition {}; when is not predicted\n", chosen));
  return 0;
}

// The highest exit code among the tasks, as with sbatch -W.
int exit_code_of(const Job& job) {
  std::int32_t highest = 0;
  for (const Task& task : job.task_list) {
    const StateWord& state = state_of("ended", task.outcome);
    const std::int32_t code = task.exit_code != 0 ? task.exit_code : state.name != "COMPLETED";
    highest = std::max(highest, code);
  }
  return highest == 0 && job.outcome != "completed" ? 1 : highest;
}

Outcome<int> submit(Caller& caller, Request& request) {
  TRY(const cli::Answer answer, send(caller, request, "jobs"));
  warn(request, answer.value.get("diagnostics"));
  const std::string id = answer.value.at("/job/id").text();
  const std::string site = answer.value.at("/job/site").text();
  const sbatch::ClientWishes& wishes = request.options.client;
  const bool names_site = request.options.words.clusters.has_value();
  if (wishes.parsable) {
    say(names_site ? fmt::format("{};{}\n", id, site) : id + "\n");
  } else if (!wishes.quiet) {
    say(names_site ? fmt::format("Submitted batch job {} on cluster {}\n", id, site)
                   : fmt::format("Submitted batch job {}\n", id));
  }
  if (!wishes.wait) return 0;
  TRY(const json::Value ended, cli::wait_for_end(caller.session(), id));
  TRY(const Job job, job_from(ended));
  return exit_code_of(job);
}

// Slurm's own words for why a job was not taken; empty where it has none that fit.
std::string_view words_of_slurm(const Failure& failure) {
  struct Phrase {
    std::string_view sign;  // an option that is wrong, or the server's code
    std::string_view words;
  };
  constexpr auto phrases = std::to_array<Phrase>({
      {"--partition", "Invalid partition name specified"},
      {"--account", "Invalid account or account/partition combination specified"},
      {"no_award",
       "Job violates accounting/QOS policy (job submit limit, user's size and/or time "
       "limits)"},
      {"too_many_jobs",
       "Job violates accounting/QOS policy (job submit limit, user's size and/or "
       "time limits)"},
      {"does_not_fit", "Requested node configuration is not available"},
      {"unknown_job", "Job dependency problem"},
      {"dependency_never", "Job dependency problem"},
      {"unauthenticated", "Protocol authentication error"},
      {"forbidden", "Access/permission denied"},
  });
  if (failure.exit_code == cli::exit_code::unreachable)
    return "Unable to contact slurm controller (connect failure)";
  for (const cli::ScriptFinding& finding : failure.findings) {
    const auto* const found = std::ranges::find(phrases, finding.option, &Phrase::sign);
    if (found != phrases.end() && finding.severity == "error") return found->words;
  }
  const auto* const found = std::ranges::find(phrases, failure.code, &Phrase::sign);
  return found == phrases.end() ? std::string_view() : found->words;
}

}  // namespace

std::string submission_failure_text(const Failure& failure) {
  if (stands_as_it_is(failure)) return failure.text + "\n";
  std::string text;
  for (const cli::ScriptFinding& finding : failure.findings)
    text += cli::finding_text(finding, failure.source, false);
  const std::string_view words = words_of_slurm(failure);
  if (failure.findings.empty() && !words.empty()) text += failure.text + "\n";
  if (failure.findings.empty() && !failure.hint.empty()) text += failure.hint + "\n";
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += fmt::format("sbatch: error: {}\n", cli::printable(text.substr(0, end)));
    text.erase(0, std::min(end + 1, text.size()));
  }
  if (failure.exit_code == bad_options) return out;
  const std::string reason = words.empty() ? failure.text : std::string(words);
  return out +
         fmt::format("sbatch: error: Batch job submission failed: {}\n", cli::printable(reason));
}

Outcome<int> sbatch(Caller& caller, Arguments words) {
  TRY(Request request, read_request(words));
  return request.options.client.test_only ? test_only(caller, request) : submit(caller, request);
}

}  // namespace fabrica::shims
