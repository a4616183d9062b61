#include "system/slurm/fault_proxy.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/check.h"

namespace fabrica::test {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick{50};              // how soon a thread sees that it shall end
constexpr milliseconds silence_max{150'000};  // more than any client waits
constexpr std::int64_t delay_part = 6;        // of the longest that a request is late

std::uint16_t port_in(std::string_view url) {
  std::uint16_t port = 0;
  const std::size_t colon = url.rfind(':');
  CHECK(colon != std::string_view::npos, "the address of a slurmrestd has a port");
  std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
  CHECK(port != 0, "the address of a slurmrestd ends with its port");
  return port;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* plain(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// Zero where the head says nothing of it, as that of a 304 does.
std::size_t body_size(std::string_view head) {
  const std::string lower = in_lower_case(head);
  const std::size_t at = lower.find("\ncontent-length:");
  if (at == std::string::npos) return 0;
  const char* first = lower.data() + lower.find_first_of("0123456789", at);
  std::size_t size = 0;
  std::from_chars(first, lower.data() + lower.size(), size);
  return size;
}

bool ends_connection(std::string_view message) {
  return in_lower_case(message.substr(0, message.find("\r\n\r\n"))).contains("\nconnection: close");
}

bool is_submission(std::string_view request) {
  return request.substr(0, request.find("\r\n")).contains("/job/submit ");
}

}  // namespace

FaultProxy::FaultProxy(std::string_view upstream, std::uint64_t seed, milliseconds late_max)
    : upstream_port_(port_in(upstream)), late_max_(late_max), random_(seed) {
  listen();
  thread_ = std::thread([this] { run(); });
}

FaultProxy::~FaultProxy() {
  stopping_ = true;
  thread_.join();
  refuse();
  for (Worker& worker : workers_) worker.thread.join();
}

std::string FaultProxy::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

void FaultProxy::open_window(Mischief mischief, milliseconds lasting) {
  const std::scoped_lock lock(mutex_);
  mischief_ = mischief;
  window_end_ = Clock::now() + lasting;
}

std::map<Mischief, Hits> FaultProxy::hits() const {
  const std::scoped_lock lock(mutex_);
  return hits_;
}

void FaultProxy::listen() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(socket >= 0, "a socket");
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = loopback(port_);
  CHECK(::bind(socket, plain(address), sizeof address) == 0, "the proxy's port is free");
  CHECK(::listen(socket, 64) == 0, "listen");
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  listener_ = socket;
}

void FaultProxy::refuse() {
  const int socket = listener_.exchange(-1);
  if (socket >= 0) ::close(socket);
}

void FaultProxy::accept() {
  if (listener_ < 0) listen();
}

void FaultProxy::run() {
  while (!stopping_) {
    pollfd watched{listener_, POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(tick.count())) <= 0) continue;
    const int client = ::accept4(watched.fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) start([this, client] { serve(client); });
  }
}

void FaultProxy::start(std::function<void()> work) {
  const std::scoped_lock lock(mutex_);
  workers_.remove_if([](Worker& worker) {
    if (!worker.ended) return false;
    worker.thread.join();
    return true;
  });
  Worker& worker = workers_.emplace_back();
  worker.thread = std::thread([&worker, work = std::move(work)] {
    work();
    worker.ended = true;
  });
}

// False when the proxy ends meanwhile.
bool FaultProxy::wait(milliseconds time) const {
  const auto until = Clock::now() + time;
  while (!stopping_ && Clock::now() < until) std::this_thread::sleep_for(std::min(tick, time));
  return !stopping_;
}

// One request or reply, whole; empty when there is none. What came after it stays in `buffer`.
std::string FaultProxy::read_message(int socket, std::string& buffer) const {
  std::array<char, 65536> piece{};
  std::size_t size = std::string::npos;
  for (milliseconds silent{}; !stopping_ && silent < silence_max;) {
    const std::size_t head = buffer.find("\r\n\r\n");
    if (size == std::string::npos && head != std::string::npos)
      size = head + 4 + body_size(std::string_view(buffer).substr(0, head));
    if (buffer.size() >= size) {
      std::string message = buffer.substr(0, size);
      buffer.erase(0, size);
      return message;
    }
    pollfd watched{socket, POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(tick.count())) == 0) {
      silent += tick;
      continue;
    }
    const ssize_t got = ::recv(socket, piece.data(), piece.size(), 0);
    if (got <= 0) return {};
    buffer.append(piece.data(), static_cast<std::size_t>(got));
  }
  return {};
}

std::string FaultProxy::ask_upstream(const std::string& request) const {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(upstream_port_);
  std::string reply;
  std::string buffer;
  if (::connect(socket, plain(address), sizeof address) == 0 && send_all(socket, request))
    reply = read_message(socket, buffer);
  ::close(socket);
  return reply;
}

FaultProxy::Draw FaultProxy::draw(bool is_submit) {
  const std::scoped_lock lock(mutex_);
  Draw draw;
  if (Clock::now() > window_end_ || !random_.chance(1, 2)) return draw;
  const bool submits_only =
      mischief_ == Mischief::submitted_late || mischief_ == Mischief::submitted_again;
  if (submits_only && !is_submit) return draw;
  draw.fate = Fate::changed;
  draw.mischief = mischief_;
  const std::int64_t longest = late_max_.count() / (submits_only ? 1 : delay_part);
  draw.wait = milliseconds(random_.between(0, longest));
  draw.before = random_.chance(1, 2);
  draw.cut_at = random_.next();
  return draw;
}

void FaultProxy::count(Mischief mischief, bool is_submit) {
  const std::scoped_lock lock(mutex_);
  Hits& hits = hits_[mischief];
  (is_submit ? hits.submits : hits.others) += 1;
}

void FaultProxy::carry_out_later(Mischief mischief, std::string request, milliseconds time) {
  late_ += 1;
  start([this, mischief, request = std::move(request), time] {
    if (wait(time) && !ask_upstream(request).empty()) count(mischief, true);
    late_ -= 1;
  });
}

void FaultProxy::serve(int client) {
  std::string buffer;
  while (true) {
    const std::string request = read_message(client, buffer);
    if (request.empty() || !serve_one(client, request)) break;
  }
  ::close(client);
}

// False when the connection is to be closed.
bool FaultProxy::serve_one(int client, const std::string& request) {
  const bool is_submit = is_submission(request);
  const Draw draw = this->draw(is_submit);
  if (draw.fate == Fate::changed && draw.mischief == Mischief::submitted_late) {
    carry_out_later(draw.mischief, request, draw.wait);
    return false;
  }
  const bool delayed = draw.fate == Fate::changed && draw.mischief == Mischief::delayed;
  if (delayed && draw.before && !wait(draw.wait)) return false;
  const std::string reply = ask_upstream(request);
  if (reply.empty()) return false;
  if (draw.fate == Fate::passed) return send_all(client, reply) && !ends_connection(reply);
  if (draw.mischief == Mischief::submitted_again) {
    carry_out_later(draw.mischief, request, draw.wait);
  } else if (draw.mischief != Mischief::doubled || !ask_upstream(request).empty()) {
    count(draw.mischief, is_submit);
  }
  if (delayed && !draw.before && !wait(draw.wait)) return false;
  if (draw.mischief == Mischief::reply_dropped) return false;
  if (draw.mischief == Mischief::reply_cut) {
    send_all(client, std::string_view(reply).substr(0, 1 + draw.cut_at % (reply.size() - 1)));
    return false;
  }
  return send_all(client, reply) && !ends_connection(reply);
}

}  // namespace fabrica::test
