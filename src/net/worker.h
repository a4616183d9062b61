#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <unordered_set>

#include "net/message_write.h"
#include "net/server.h"
#include "net/transport.h"

namespace fabrica::net {

class Connection;

/// What all connections of one server share, from all its threads.
class Service {
 public:
  Service(ServerOptions options, Handler handler);

  const ServerOptions options;
  const Handler handler;

  void report(std::string_view trouble) const;

  /// Counts a connection in; false when there are too many even to be told so.
  enum class Entry : std::uint8_t { welcome, turn_away, drop };
  Entry enter();
  void leave();
  bool wait_until_empty(Duration at_most);

  /// Room for request bodies in memory; false when all of it is taken.
  bool take_body_room(std::size_t bytes);
  void give_body_room(std::size_t bytes);

 private:
  std::mutex mutex_;
  std::condition_variable emptied_;
  std::size_t connections_ = 0;
  std::atomic<std::size_t> body_bytes_{0};
};

/// One thread with its own event loop. A connection lives on one worker from beginning to end, so
/// nothing of it is ever touched by two threads.
class Worker {
 public:
  explicit Worker(Service& service);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  boost::asio::io_context& context() { return context_; }
  Service& service() { return service_; }

  void start();
  void stop_and_join();

  /// From any thread: take over a new connection; let connections end; cut them.
  void adopt(Socket socket, std::shared_ptr<TlsContext> tls, Service::Entry entry);
  void drain();
  void cut();

  /// On the worker's own thread.
  bool draining() const { return draining_; }
  std::string_view date() { return date_.now(); }
  void add(Connection* connection) { connections_.insert(connection); }
  void remove(Connection* connection) { connections_.erase(connection); }

 private:
  void sweep();

  Service& service_;
  bool draining_ = false;
  DateText date_;
  std::unordered_set<Connection*> connections_;  // order does not matter: each is asked alike
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_timer_;
  std::thread thread_;
};

}  // namespace fabrica::net
