#include "net/worker.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <utility>
#include <vector>

#include "net/connection.h"

namespace fabrica::net {

namespace asio = boost::asio;

// Beyond connections_max so many more get a 503 before they are closed; the rest is closed at once.
constexpr std::size_t turned_away_max = 64;

Service::Service(ServerOptions server_options, Handler request_handler)
    : options(std::move(server_options)), handler(std::move(request_handler)) {}

void Service::report(std::string_view trouble) const {
  if (options.on_trouble) options.on_trouble(trouble);
}

Service::Entry Service::enter() {
  const std::scoped_lock lock(mutex_);
  if (connections_ >= options.connections_max + turned_away_max) return Entry::drop;
  ++connections_;
  return connections_ > options.connections_max ? Entry::turn_away : Entry::welcome;
}

void Service::leave() {
  const std::scoped_lock lock(mutex_);
  if (--connections_ == 0) emptied_.notify_all();
}

bool Service::wait_until_empty(Duration at_most) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, std::chrono::milliseconds(at_most.ms),
                           [this] { return connections_ == 0; });
}

bool Service::take_body_room(std::size_t bytes) {
  if (body_bytes_.fetch_add(bytes) + bytes <= options.body_bytes_all_max) return true;
  body_bytes_.fetch_sub(bytes);
  return false;
}

void Service::give_body_room(std::size_t bytes) { body_bytes_.fetch_sub(bytes); }

Worker::Worker(Service& service)
    : service_(service), context_(1), work_(context_.get_executor()), sweep_timer_(context_) {}

Worker::~Worker() { stop_and_join(); }

void Worker::start() {
  sweep();
  thread_ = std::thread([this] { context_.run(); });
}

void Worker::stop_and_join() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Worker::adopt(Socket socket, std::shared_ptr<TlsContext> tls, Service::Entry entry) {
  asio::post(context_, [this, socket = std::move(socket), tls = std::move(tls), entry]() mutable {
    auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(tls), entry);
    // The completion holds the connection too, as the slot points into it.
    asio::co_spawn(context_, Connection::serve(connection),
                   asio::bind_cancellation_slot(connection->cancellation_slot(),
                                                [connection](const std::exception_ptr& error) {
                                                  if (error) connection->report_end(error);
                                                }));
  });
}

void Worker::drain() {
  asio::post(context_, [this] {
    draining_ = true;
    for (Connection* connection : connections_) connection->drain();
    sweep();  // more often from now on
  });
}

void Worker::cut() {
  asio::post(context_, [this] {
    draining_ = true;
    for (Connection* connection : connections_) connection->cut();
  });
}

// Deadlines guard against clients that are slow for seconds, so they are looked at now and then,
// which spares a timer being set and cancelled for every read and write.
void Worker::sweep() {
  const auto now = std::chrono::steady_clock::now();
  for (Connection* connection : connections_) connection->check_deadline(now);
  const Duration shortest = std::min(service_.options.read_timeout, service_.options.idle_timeout);
  const std::int64_t pause_ms = std::clamp<std::int64_t>(shortest.ms / 8, 5, draining_ ? 20 : 1000);
  sweep_timer_.expires_after(std::chrono::milliseconds(pause_ms));
  sweep_timer_.async_wait([this](const ErrorCode& error) {
    if (!error) sweep();
  });
}

}  // namespace fabrica::net
