#include "load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace fabrica::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t read_bytes = 16 * 1024;

struct Connection {
  int socket = -1;
  std::string in;
  Clock::time_point sent;
  bool busy = false;
};

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "the server listens");
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

// Bytes of the whole answer at the front of `in`, 0 while it is not all there.
std::size_t answer_size(std::string_view in) {
  const std::size_t head = in.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  constexpr std::string_view name = "Content-Length: ";
  const std::size_t at = in.find(name);
  CHECK(at < head, "an answer says how long it is");
  std::size_t length = 0;
  std::from_chars(in.data() + at + name.size(), in.data() + head, length);
  const std::size_t size = head + 4 + length;
  return in.size() >= size ? size : 0;
}

class Driver {
 public:
  explicit Driver(const Load& load) : load_(load), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    connections_.resize(load.connections);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].socket = connect_to(load.port);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, connections_[i].socket, &event);
    }
    latencies_us_.reserve(load.requests);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() {
    for (const Connection& connection : connections_) ::close(connection.socket);
    ::close(poll_);
  }

  Measured run() {
    const Clock::time_point began = Clock::now();
    for (Connection& connection : connections_) send_next(connection);
    std::array<epoll_event, 64> events{};
    while (latencies_us_.size() < load_.requests) {
      const int ready = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i)
        receive(connections_[events[static_cast<std::size_t>(i)].data.u64]);
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    std::ranges::sort(latencies_us_);
    Measured measured;
    measured.requests_per_s = static_cast<double>(load_.requests) / seconds;
    measured.p50_ms = latency_ms(50);
    measured.p99_ms = latency_ms(99);
    measured.failures = failures_;
    return measured;
  }

 private:
  void send_next(Connection& connection) {
    if (next_ == load_.requests) return;
    const std::string request = load_.request(next_++);
    connection.sent = Clock::now();
    connection.busy = true;
    // A request is far smaller than the buffer of a socket that waits for an answer.
    CHECK(::send(connection.socket, request.data(), request.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(request.size()),
          "a request goes out at once");
  }

  void receive(Connection& connection) {
    const ssize_t got = ::recv(connection.socket, buffer_.data(), buffer_.size(), 0);
    CHECK(got > 0 && connection.busy, "the server keeps its connections");
    connection.in.append(buffer_.data(), static_cast<std::size_t>(got));
    const std::size_t size = answer_size(connection.in);
    if (size == 0) return;
    CHECK(size == connection.in.size(), "one answer to one request");
    if (!connection.in.starts_with("HTTP/1.1 2")) failures_ += 1;
    const auto took = Clock::now() - connection.sent;
    latencies_us_.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    connection.in.clear();
    connection.busy = false;
    send_next(connection);
  }

  double latency_ms(std::size_t percent) const {
    return static_cast<double>(latencies_us_[latencies_us_.size() * percent / 100]) / 1000.0;
  }

  const Load& load_;
  int poll_;
  std::array<char, read_bytes> buffer_{};
  std::vector<Connection> connections_;
  std::vector<std::int64_t> latencies_us_;
  std::uint64_t next_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace

Measured drive(const Load& load) { return Driver(load).run(); }

}  // namespace fabrica::bench
