#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "api/context.h"
#include "api/handler.h"
#include "api/openapi.h"
#include "config/settings.h"
#include "live/installation.h"
#include "net/server.h"
#include "policies/registry.h"

/// The server: one data directory, its sites, and the API.
namespace fabrica {
namespace {

constexpr const char* version = FABRICA_VERSION;
constexpr Duration stop_grace = seconds(5);

struct Arguments {
  std::optional<std::string> config;
  std::optional<std::string> data;
  std::optional<std::string> address;
  std::optional<std::uint16_t> port;
  std::optional<std::string> unix_socket;
  bool print_openapi = false;
};

void complain(std::string_view text) { fmt::print(stderr, "fabricad: {}\n", text); }

/// Replaces a small file in one step, readable by its owner alone.
void put_file(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path fresh = path.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    std::filesystem::permissions(
        fresh, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    out << text << '\n';
  }
  std::filesystem::rename(fresh, path);
}

Result<config::Settings> settings_from(const Arguments& arguments) {
  const std::optional<std::filesystem::path> file =
      arguments.config ? std::optional<std::filesystem::path>(*arguments.config) : std::nullopt;
  TRY(config::Settings settings, config::read_settings(file));
  if (arguments.data) settings.data_directory = std::filesystem::absolute(*arguments.data).string();
  if (arguments.address) settings.listen.address = *arguments.address;
  if (arguments.port) settings.listen.port = *arguments.port;
  if (arguments.unix_socket) settings.listen.unix_socket = *arguments.unix_socket;
  TRY_DONE(config::complete(settings));
  return settings;
}

net::ServerOptions options_from(const config::Settings& settings) {
  net::ServerOptions options;
  options.address = settings.listen.address;
  options.port = settings.listen.port;
  options.unix_path = settings.listen.unix_socket;
  options.certificate_file = settings.tls.certificate;
  options.key_file = settings.tls.key;
  options.threads = static_cast<int>(settings.listen.threads);
  options.on_trouble = complain;
  return options;
}

std::string url_of(const config::Settings& settings, const net::Server& server) {
  if (settings.listen.address.empty()) return "unix:" + settings.listen.unix_socket;
  const std::string_view scheme = settings.tls.certificate.empty() ? "http" : "https";
  const bool is_v6 = settings.listen.address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("{}://[{}]:{}", scheme, settings.listen.address, server.port())
               : fmt::format("{}://{}:{}", scheme, settings.listen.address, server.port());
}

/// Tells people and programs where the server is. `server` and `fabricad.pid` are there while it
/// runs; who sees them finds the first token too.
void announce(const live::Installation& installation, const std::string& url) {
  const std::filesystem::path& directory = installation.directory();
  if (installation.first_token()) {
    put_file(directory / "admin-token", *installation.first_token());
    fmt::print("The administrator's token, shown this once and kept in {}:\n  {}\n",
               (directory / "admin-token").string(), *installation.first_token());
  }
  put_file(directory / "server", url);
  put_file(directory / "fabricad.pid", std::to_string(::getpid()));
  fmt::print("fabricad {} serves {} at {}\n", version, directory.string(), url);
  std::fflush(stdout);
}

/// Waits for SIGINT or SIGTERM, which must be blocked in all threads.
void wait_for_end() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  int signal = 0;
  sigwait(&ends, &signal);
}

void block_signals() {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

Result<void> serve(const Arguments& arguments) {
  TRY(const config::Settings settings, settings_from(arguments));
  TRY(const std::unique_ptr<live::Installation> installation, live::Installation::open(settings));
  live::Installation& house = *installation;
  TRY(Policies policies, policies::choose({settings.placement, settings.refund, settings.move}));
  api::Context context(
      {.writer = house.writer(),
       .directory = house.directory(),
       .policies = std::move(policies),
       .output_of = [&house](
                        const store::JobView& job, std::uint32_t task,
                        bool error_stream) { return house.output_of(job, task, error_stream); },
       .words_at =
           [&house](const std::string& site, const federation::Partition& partition,
                    const sbatch::AskedWords& asked) {
             return house.words_at(site, partition, asked);
           },
       .check_site =
           [&house](const std::string& site, std::function<void(live::SiteChecks::Findings)> done) {
             return house.check_site(site, std::move(done));
           },
       .reconcile_site =
           [&house](const std::string& site, Time from, Time to,
                    std::function<void(Result<jobs::Reconciliation>)> done) {
             return house.reconcile_site(site, from, to, std::move(done));
           },
       .version = version,
       .on_trouble = complain,
       .contacts = [&house] { return house.contacts(); }});
  TRY(const std::unique_ptr<net::Server> server,
      net::Server::open(options_from(settings), api::handler(context)));
  server->start();
  announce(house, url_of(settings, *server));
  wait_for_end();
  std::filesystem::remove(house.directory() / "server");
  server->stop(stop_grace);
  std::filesystem::remove(house.directory() / "fabricad.pid");
  return {};
}

int run(int argc, char** argv) {
  CLI::App app("fabricad: the server of an AI factory");
  Arguments arguments;
  app.set_version_flag("--version", std::string(version));
  app.add_option("--config", arguments.config,
                 "fabrica.toml; by default the one in the configuration directory");
  app.add_option("--data", arguments.data, "data directory; by default the state directory");
  app.add_option("--address", arguments.address, "IP address to listen on; empty for none");
  app.add_option("--port", arguments.port, "TCP port; 0 for any that is free");
  app.add_option("--unix", arguments.unix_socket, "unix socket to listen on");
  app.add_flag("--print-openapi", arguments.print_openapi,
               "print the API's OpenAPI document and end");
  CLI11_PARSE(app, argc, argv);
  if (arguments.print_openapi) {
    fmt::print("{}\n", api::openapi_document());
    return 0;
  }
  block_signals();
  const Result<void> done = serve(arguments);
  if (done) return 0;
  complain(done.error().text);
  return 1;
}

}  // namespace
}  // namespace fabrica

int main(int argc, char** argv) {
  try {
    return fabrica::run(argc, argv);
  } catch (const std::exception& trouble) {
    fabrica::complain(trouble.what());
    return 1;
  }
}
