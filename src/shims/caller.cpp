#include "shims/caller.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "cli/words.h"
#include "shims/times.h"

namespace fabrica::shims {

namespace {

std::string own_login() {
  std::array<char, 4096> room;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return fmt::to_string(::getuid());
  return found->pw_name;
}

Outcome<Job> job_of(const json::Value& value) {
  TRY(Job job, job_from(value));
  return job;
}

}  // namespace

std::string environment_text(const char* name) {
  return cli::environment_variable(name).value_or("");
}

std::optional<JobWord> job_word(std::string_view text) {
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos)
    text = text.substr(0, dot);
  JobWord word;
  if (const std::size_t bar = text.find('_'); bar != std::string_view::npos) {
    word.task = std::string(text.substr(bar + 1));
    text = text.substr(0, bar);
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), word.job);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return word;
}

Outcome<Onlooker> Caller::onlooker() {
  if (!onlooker_) {
    TRY(cli::Server* const server, session_.server());
    TRY(const cli::Answer me, server->get({"v1", "me"}));
    const std::int64_t person = me.value.at("/person/id").as_int().value_or(0);
    onlooker_ = Onlooker{static_cast<std::uint64_t>(person), own_login(), now()};
  }
  return *onlooker_;
}

Outcome<std::optional<Job>> Caller::job(std::uint64_t id) {
  TRY(cli::Server* const server, session_.server());
  const Outcome<cli::Answer> answer = server->get({"v1", "jobs", fmt::to_string(id)});
  if (!answer && answer.error().code == refusal::not_found.name) return std::nullopt;
  if (!answer) return std::unexpected(answer.error());
  TRY(Job job, job_of(answer->value));
  return job;
}

Outcome<std::vector<Job>> Caller::jobs(const cli::Pairs& query, bool whole) {
  TRY(cli::Server* const server, session_.server());
  TRY(const std::vector<json::Value> items, server->list({"v1", "jobs"}, query));
  std::vector<Job> all;
  for (const json::Value& item : items) {
    TRY(Job job, job_of(item));
    if (whole || job.array_size > 0) {
      TRY(std::optional<Job> full, this->job(job.id));
      if (full) job = *std::move(full);
    }
    all.push_back(std::move(job));
  }
  std::ranges::sort(all, {}, &Job::id);
  return all;
}

Outcome<std::vector<std::string>> Caller::sites(std::string_view program, const Words& words) {
  std::vector<std::string> names = words.list("clusters");
  if (names.empty()) names = split_at_commas(environment_text("SLURM_CLUSTERS"));
  const bool any = std::ranges::any_of(
      names, [](const std::string& name) { return name == "all" || name == "auto"; });
  if (names.empty() || any) return std::vector<std::string>();
  TRY(cli::Server* const server, session_.server());
  TRY(const std::vector<json::Value> sites, server->list({"v1", "sites"}));
  for (const std::string& name : names) {
    const bool known = std::ranges::any_of(
        sites, [&](const json::Value& site) { return site.get("slug").text() == name; });
    if (known) continue;
    return in_these_words(
        fmt::format("{0}: error: No cluster '{1}' known by database.\n"
                    "{0}: error: '{1}' can't be reached now, or it is an invalid entry for "
                    "--cluster.  Use 'fabrica sites' to see available clusters.",
                    program, name));
  }
  return names;
}

Outcome<std::vector<std::uint64_t>> Caller::persons(std::string_view program,
                                                    const std::vector<std::string>& names,
                                                    bool me) {
  if (names.empty() && !me) return std::vector<std::uint64_t>();
  TRY(const Onlooker own, onlooker());
  std::vector<std::uint64_t> numbers;
  if (me) numbers.push_back(own.person);
  for (const std::string& name : names) {
    const auto number = cli::number_of(name, "person");
    if (name == own.login || name == fmt::to_string(::getuid())) {
      numbers.push_back(own.person);
    } else if (number && name.starts_with("person-")) {
      numbers.push_back(*number);
    } else {
      return in_these_words(fmt::format("{}: error: Invalid user: {}", program, name));
    }
  }
  return numbers;
}

}  // namespace fabrica::shims
