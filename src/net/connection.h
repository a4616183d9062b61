#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"
#include "net/inbox.h"
#include "net/message_head.h"
#include "net/message_write.h"
#include "net/oneshot.h"
#include "net/transport.h"
#include "net/worker.h"

namespace fabrica::net {

/// One client of the server, from the first byte to the last. Lives on its worker's thread.
class Connection final : public StreamPort, public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(Worker& worker, Socket socket, std::shared_ptr<TlsContext> tls, Service::Entry entry);
  ~Connection() override;

  /// The connection's whole life.
  static Awaitable<void> serve(std::shared_ptr<Connection> self);

  /// Where cut() is heard, for the coroutine that runs serve().
  boost::asio::cancellation_slot cancellation_slot() { return cut_signal_.slot(); }

  /// serve() ended in an exception: expected after cut(), otherwise worth a line in the log.
  void report_end(const std::exception_ptr& error) const;

  void check_deadline(Clock::time_point now);
  void drain();
  void cut();

  Awaitable<bool> send(std::string_view bytes) override;
  Awaitable<bool> wait(Duration at_most) override;
  Waker waker() override;

 private:
  // What the connection waits for, which decides what a missed deadline and a drain mean.
  enum class Phase : std::uint8_t { handshake, idle, request, handler, answer, closing };
  enum class Ending : std::uint8_t { keep, close };

  Awaitable<void> converse();
  Awaitable<bool> next_request();
  Awaitable<bool> read_head();
  Awaitable<bool> read_body();
  Awaitable<bool> fill(std::size_t bytes);
  Awaitable<bool> refuse_request(std::uint16_t status, std::string text);
  Awaitable<bool> refuse_if_late();

  Awaitable<bool> answer();
  Awaitable<Response> handle(Request request);
  Awaitable<bool> write_answer(Response response, Ending ending, bool head_only = false);
  Awaitable<bool> write(Parts parts);
  Awaitable<void> say_goodbye();

  Awaitable<bool> write_stream(Response response);
  Awaitable<bool> run_stream(StreamBody body);
  static Awaitable<void> watch(std::shared_ptr<Connection> self, Oneshot<bool> ended);
  bool stream_over() const;
  bool take_woken();
  void retire_waker();

  void enter(Phase phase, Duration at_most);
  bool hold_body_room(std::size_t bytes);
  void release_body_room();

  Worker& worker_;
  Service& service_;
  Service::Entry entry_;
  Transport transport_;
  boost::asio::cancellation_signal cut_signal_;
  std::string peer_;

  Inbox inbox_;
  RequestHead head_;
  std::string body_;
  std::string out_;
  std::size_t body_room_ = 0;  // taken from the service for body_

  Phase phase_ = Phase::idle;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool expired_ = false;   // the deadline of this phase has passed
  bool answered_ = false;  // something was sent, so the client deserves a gentle end
  bool cut_ = false;

  // Only while a body is streamed.
  bool raw_stream_ = false;  // to an HTTP/1.0 client: no chunks
  bool client_gone_ = false;
  std::unique_ptr<boost::asio::steady_timer> timer_;
  std::shared_ptr<Waker::State> waker_;
};

}  // namespace fabrica::net
