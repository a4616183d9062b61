#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/handler.h"
#include "json/value.h"
#include "net/client.h"
#include "net/server.h"
#include "sites/slurm/site_words.h"
#include "store/sqlite_log.h"
#include "unit/support/world.h"

/// The whole server in this process: a real log on disk, a real writer, a real socket.
namespace fabrica::test {

/// Before any token: nobody.
inline constexpr PersonId anonymous{0};
inline constexpr PersonId auditor{8};

/// The world that the server starts with: awards of 100 unit-hours for `project` on the first four
/// partitions, granted now, and an auditor.
inline World served_world() {
  World world = with_capacity();
  world.now = std::max(world.now, live::now());
  world.must(the_system, federation::RegisterPerson{{}, {federation::Role::auditor}, {}});
  for (const PartitionId id : {gpu, cpu, lumi, test::nodes})
    give_award(world, lead, project, id, unit_hours(100));
  return world;
}

/// As if the site of the GPU partition were a Slurm cluster; the others know no words.
inline sbatch::SiteAnswer words_at(const std::string&, const federation::Partition& partition,
                                   const sbatch::AskedWords& asked) {
  sites::slurm::PartitionDictionary known;
  known.slug = partition.slug;
  known.gpu_kind = partition.gpu_kind;
  if (partition.slug == "north-gpu") {
    known.slurm = true;
    known.own = {"booster", "fab", "normal", "", "", "custom", "ada"};
    known.known = {{sites::slurm::WordKind::qos, "long", "prio"}};
    known.partitions = {{"north-gpu", "booster"}};
  }
  return sites::slurm::answer_of(known, asked);
}

/// As if north were a Slurm site; its findings come from a thread of their own.
inline Result<void> check_site(const std::string& site,
                               std::function<void(std::vector<federation::Finding>)> done) {
  if (site != "north") return refuse(refusal::invalid, "site", "This is no Slurm site.");
  std::thread([done = std::move(done)] {
    done({{.what = "token",
           .verdict = federation::FindingKind::wrong,
           .text = "no",
           .mend = "mend"}});
  }).detach();
  return {};
}

inline Result<void> reconcile_site(const std::string& site, Time from, Time to,
                                   std::function<void(Result<jobs::Reconciliation>)> done) {
  if (site != "north") return refuse(refusal::invalid, "site", "This is no Slurm site.");
  std::thread([from, to, done = std::move(done)] {
    jobs::Reconciliation books;
    books.from = from;
    books.to = to;
    jobs::ReconciledPartition gpus;
    gpus.partition = "north-gpu";
    gpus.recorded = ComputeTime{7};
    books.partitions = {gpus};
    done(std::move(books));
  }).detach();
  return {};
}

class Served {
 public:
  explicit Served(int threads = 2)
      : directory_(make_directory()), log_(directory_), secrets_(directory_) {
    const World world = served_world();
    const Appended appended = log_.append({Seq{}, world.log, {}, {}, world.state});
    CHECK(appended == Appended::yes, "the first events are written");
    writer_ = std::make_unique<live::Writer>(log_, policies::defaults());
    context_ = std::make_unique<api::Context>(api::Setup{
        .writer = *writer_,
        .directory = directory_,
        .policies = policies::defaults(),
        .output_of = [this](const store::JobView& job, std::uint32_t task, bool error_stream)
            -> Result<std::filesystem::path> { return output_file(job.id, task, error_stream); },
        .words_at = &words_at,
        .check_site = &check_site,
        .reconcile_site = &reconcile_site,
        .version = "0.0.0-test",
        .on_trouble =
            [this](std::string_view trouble) {
              const std::lock_guard lock(mutex_);
              troubles_.emplace_back(trouble);
            },
        .contacts =
            [] {
              return std::map<std::string, live::SiteContact>{{"north", {Time{1'000}, true}},
                                                              {"south", {}}};
            }});
    net::ServerOptions options;
    options.threads = threads;
    options.body_bytes_max = 1024 * 1024;
    auto server = net::Server::open(std::move(options), api::handler(*context_));
    CHECK(server.has_value(), "a port is free");
    server_ = *std::move(server);
    server_->start();
  }
  ~Served() {
    server_->stop(Duration{});
    writer_->stop();
    context_.reset();
    std::filesystem::remove_all(directory_);
  }

  live::Writer& writer() { return *writer_; }
  net::Server& server() { return *server_; }
  const std::filesystem::path& directory() const { return directory_; }
  store::PrivateStore& secrets() { return secrets_; }

  std::filesystem::path output_file(JobId job, std::uint32_t task, bool error_stream) const {
    return directory_ / fmt::format("{}.{}.{}", to_string(job), task, error_stream ? "err" : "out");
  }

  std::vector<std::string> troubles() {
    const std::lock_guard lock(mutex_);
    return troubles_;
  }

  /// A token of the person's, made once.
  std::string token(PersonId person) {
    const std::lock_guard lock(mutex_);
    std::string& token = tokens_[person];
    if (token.empty())
      token = secrets_.mint_token(person, "test", false, live::now(), live::now() + days(1));
    return token;
  }

  net::Client client() const {
    return net::Client(*net::parse_url(fmt::format("http://127.0.0.1:{}", server_->port())));
  }

  /// "GET /v1/jobs?limit=2" as this person, on a connection of its own.
  net::Response ask(PersonId person, std::string_view what, std::string_view body = "",
                    net::Headers headers = {}) {
    if (person) headers.add("Authorization", "Bearer " + token(person));
    return ask_bare(what, body, std::move(headers));
  }
  net::Response ask_bare(std::string_view what, std::string_view body = "",
                         net::Headers headers = {}) {
    net::Client one = client();
    return send(one, what, body, std::move(headers));
  }

  static net::Request request_of(std::string_view what, std::string_view body,
                                 net::Headers headers) {
    net::Request request;
    const std::size_t space = what.find(' ');
    const std::string_view method = what.substr(0, space);
    for (const net::Method known :
         {net::Method::get, net::Method::head, net::Method::post, net::Method::put,
          net::Method::patch, net::Method::remove, net::Method::options}) {
      if (net::to_string(known) == method) request.method = known;
    }
    net::Target target = *net::parse_target(what.substr(space + 1));
    request.path = std::move(target.path);
    request.query = std::move(target.query);
    request.headers = std::move(headers);
    request.body = body;
    return request;
  }
  static net::Response send(net::Client& client, std::string_view what, std::string_view body,
                            net::Headers headers) {
    Result<net::Response> response =
        client.send(request_of(what, body, std::move(headers)), seconds(30));
    CHECK(response.has_value(), response ? std::string() : response.error().text);
    return *std::move(response);
  }

  /// For set-up: a command that must be taken.
  Reply must(PersonId actor, Command command) {
    Envelope envelope;
    envelope.actor = actor;
    envelope.command = std::move(command);
    const Result<Reply> reply = writer_->execute(std::move(envelope));
    CHECK(reply.has_value(), reply ? std::string() : reply.error().text);
    return *reply;
  }

  /// Submits as `member` and gives the job's id.
  JobId submit(std::string_view name = "train", std::string_view more = "");

 private:
  static std::filesystem::path make_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fabrica-api-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary directory");
    return pattern;
  }

  std::filesystem::path directory_;
  store::SqliteLog log_;
  store::PrivateStore secrets_;
  std::unique_ptr<live::Writer> writer_;
  std::unique_ptr<api::Context> context_;
  std::unique_ptr<net::Server> server_;
  std::mutex mutex_;
  std::map<PersonId, std::string> tokens_;
  std::vector<std::string> troubles_;
};

inline json::Value parsed(const net::Response& response) {
  const Result<json::Value> value = json::Value::parse(response.body);
  EXPECT_TRUE(value.has_value()) << response.body;
  return value.value_or(json::Value());
}

/// "201", or of a problem "422 invalid /hours".
inline std::string said(const net::Response& response) {
  std::string text = fmt::to_string(response.status);
  if (response.status < 400) return text;
  const json::Value problem = parsed(response);
  for (const char* part : {"code", "field"}) {
    if (const std::string word = problem.get(part).text(); !word.empty()) text += " " + word;
  }
  return text;
}

/// The body of a submission of a quarter of a core-hour, with more members after it.
inline std::string job_body(std::string_view name = "train", std::string_view more = "") {
  return fmt::format(
      R"({{"project":1,"script":"#!/bin/bash\n#SBATCH --time=00:15:00\n#SBATCH --job-name={}\nhostname\n",)"
      R"("working_directory":"/home/ada","partition":"north-cpu"{}}})",
      name, more);
}

inline JobId Served::submit(std::string_view name, std::string_view more) {
  const net::Response response = ask(member, "POST /v1/jobs", job_body(name, more));
  EXPECT_EQ(response.status, 201) << response.body;
  return JobId{static_cast<std::uint64_t>(parsed(response).at("/job/id").as_int().value_or(0))};
}

/// One line of a table: who asks for what, and what is said.
struct Asked {
  PersonId who;
  std::string_view what;
  std::string_view body;
  std::string_view answer;
  std::source_location where = std::source_location::current();
};

inline void check(Served& served, std::initializer_list<Asked> cases) {
  for (const Asked& one : cases) {
    const net::Response response = served.ask(one.who, one.what, one.body);
    expect_answer(
        said(response), one.answer,
        fmt::format("{} by person-{}: {}", one.what, one.who.value, response.body.substr(0, 400)),
        one.where);
  }
}

}  // namespace fabrica::test
