#include "net/server.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <latch>
#include <utility>
#include <vector>

#include "base/check.h"
#include "net/transport.h"
#include "net/worker.h"

namespace fabrica::net {

namespace {

namespace asio = boost::asio;
using Generic = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Generic>;

constexpr Duration cut_time_max = seconds(10);
constexpr int threads_max = 16;

struct Listener {
  explicit Listener(asio::io_context& context) : acceptor(context), pause(context) {}

  Acceptor acceptor;
  asio::steady_timer pause;  // after a failed accept
  std::shared_ptr<TlsContext> tls;
};

std::unexpected<Refusal> cannot_listen(std::string_view field, std::string_view where,
                                       const ErrorCode& error) {
  return refuse(refusal::unavailable, std::string(field),
                fmt::format("Cannot listen on {}: {}. Is another server running there? Stop it or "
                            "choose another address.",
                            where, error.message()));
}

// Binds and listens. `mode` is for a unix socket and set before anybody can connect.
ErrorCode listen_on(Acceptor& acceptor, const Generic::endpoint& endpoint, const char* unix_path,
                    std::uint32_t mode) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error && unix_path == nullptr) {
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error && unix_path != nullptr && ::chmod(unix_path, mode) != 0) {
    error = ErrorCode(errno, boost::system::system_category());
  }
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

// A server that was killed leaves its socket behind; one that nobody answers on is taken over.
void remove_dead_socket(asio::io_context& context, const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  asio::local::stream_protocol::socket probe(context);
  ErrorCode error;
  probe.connect(asio::local::stream_protocol::endpoint(path), error);
  if (error == asio::error::connection_refused) ::unlink(path.c_str());
}

}  // namespace

struct Server::Parts {
  Parts(ServerOptions options, Handler handler) : service(std::move(options), std::move(handler)) {
    for (int i = 0; i < service.options.threads; ++i) {
      workers.push_back(std::make_unique<Worker>(service));
    }
  }

  Result<void> listen_tcp();
  Result<void> listen_unix();
  static Awaitable<void> accept_all(Parts* parts, std::shared_ptr<Listener> listener);
  void start_accepting();
  void stop_accepting();

  Service service;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::shared_ptr<Listener>> listeners;  // run on the first worker
  std::size_t next_worker = 0;
  std::unique_ptr<std::latch> accepting;  // opens when no listener accepts any more
  std::uint16_t tcp_port = 0;
  bool started = false;
  bool stopped = false;
};

Result<void> Server::Parts::listen_tcp() {
  const ServerOptions& options = service.options;
  if (options.address.empty()) return {};
  ErrorCode error;
  const asio::ip::address address = asio::ip::make_address(options.address, error);
  if (error) {
    return refuse(refusal::invalid, "address",
                  fmt::format("'{}' is no IP address. Give one to listen on, like 127.0.0.1, or "
                              "0.0.0.0 for all.",
                              options.address));
  }
  auto listener = std::make_shared<Listener>(workers.front()->context());
  if (!options.certificate_file.empty() || !options.key_file.empty()) {
    TRY(listener->tls, server_tls(options.certificate_file, options.key_file));
  }
  error = listen_on(listener->acceptor, asio::ip::tcp::endpoint(address, options.port), nullptr, 0);
  if (error) {
    return cannot_listen("port", fmt::format("{} port {}", options.address, options.port), error);
  }
  const auto bound = tcp_endpoint(listener->acceptor.local_endpoint(error));
  if (error || !bound) return cannot_listen("port", options.address, error);
  tcp_port = bound->port();
  listeners.push_back(std::move(listener));
  return {};
}

Result<void> Server::Parts::listen_unix() {
  const std::string& path = service.options.unix_path;
  if (path.empty()) return {};
  if (path.size() >= sizeof(sockaddr_un::sun_path) || path.contains('\0')) {
    return refuse(refusal::invalid, "unix_path",
                  fmt::format("The path of the socket must be shorter than {} bytes.",
                              sizeof(sockaddr_un::sun_path)));
  }
  auto listener = std::make_shared<Listener>(workers.front()->context());
  remove_dead_socket(workers.front()->context(), path);
  const ErrorCode error =
      listen_on(listener->acceptor, asio::local::stream_protocol::endpoint(path), path.c_str(),
                service.options.unix_mode);
  if (error) return cannot_listen("unix_path", path, error);
  listeners.push_back(std::move(listener));
  return {};
}

Awaitable<void> Server::Parts::accept_all(Parts* parts, std::shared_ptr<Listener> listener) {
  bool failing = false;
  while (listener->acceptor.is_open()) {
    Worker& worker = *parts->workers[parts->next_worker++ % parts->workers.size()];
    Socket socket(worker.context());
    const auto [error] = co_await listener->acceptor.async_accept(socket, as_result);
    if (!listener->acceptor.is_open()) co_return;
    if (!error) {
      failing = false;
      const Service::Entry entry = parts->service.enter();
      if (entry != Service::Entry::drop) worker.adopt(std::move(socket), listener->tls, entry);
    } else if (error != asio::error::connection_aborted) {
      // Out of file descriptors or memory: connections wait in the kernel until some are free.
      if (!std::exchange(failing, true)) {
        parts->service.report(fmt::format("Cannot accept connections: {}", error.message()));
      }
      listener->pause.expires_after(std::chrono::milliseconds(100));
      co_await listener->pause.async_wait(as_result);
    }
  }
}

void Server::Parts::start_accepting() {
  accepting = std::make_unique<std::latch>(static_cast<std::ptrdiff_t>(listeners.size()));
  for (const auto& listener : listeners) {
    asio::co_spawn(workers.front()->context(), accept_all(this, listener),
                   [this](const std::exception_ptr& error) {
                     if (error) service.report("The server accepts no more connections.");
                     accepting->count_down();
                   });
  }
}

// When it returns, every connection that was accepted is counted.
void Server::Parts::stop_accepting() {
  asio::post(workers.front()->context(), [this] {
    for (const auto& listener : listeners) {
      ErrorCode ignored;
      listener->acceptor.close(ignored);
      listener->pause.cancel();
    }
  });
  accepting->wait();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() {
  try {
    stop(Duration{});
  } catch (...) {
    std::terminate();  // its threads would run on without it
  }
}

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, Handler handler) {
  CHECK(handler != nullptr, "a server needs a handler");
  if (options.threads < 1 || options.threads > threads_max) {
    return refuse(refusal::invalid, "threads",
                  fmt::format("The server runs on 1 to {} threads.", threads_max));
  }
  auto parts = std::make_unique<Parts>(std::move(options), std::move(handler));
  TRY_DONE(parts->listen_tcp());
  TRY_DONE(parts->listen_unix());
  if (parts->listeners.empty()) {
    return refuse(refusal::invalid, "address", "Give an address or a unix socket to listen on.");
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::uint16_t Server::port() const { return parts_->tcp_port; }

void Server::start() {
  CHECK(!parts_->started && !parts_->stopped, "a server is started once");
  parts_->started = true;
  parts_->start_accepting();
  for (const auto& worker : parts_->workers) worker->start();
}

void Server::stop(Duration grace) {
  if (std::exchange(parts_->stopped, true)) return;
  const std::string& unix_path = parts_->service.options.unix_path;
  if (!unix_path.empty()) ::unlink(unix_path.c_str());
  if (parts_->started) {
    parts_->stop_accepting();
    for (const auto& worker : parts_->workers) worker->drain();
    if (!parts_->service.wait_until_empty(grace)) {
      for (const auto& worker : parts_->workers) worker->cut();
      if (!parts_->service.wait_until_empty(cut_time_max)) {
        parts_->service.report("A request could not be cut; it is abandoned.");
      }
    }
  }
  for (const auto& worker : parts_->workers) worker->stop_and_join();
}

}  // namespace fabrica::net
