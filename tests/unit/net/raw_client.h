#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace fabrica::net {

/// A client without manners: sends exactly the bytes it is given. Waits 10 s at most for anything;
/// what did not come by then fails the expectation on the text.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open(&address, sizeof address);
  }

  explicit RawClient(const std::string& unix_path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, unix_path.c_str(), unix_path.size() + 1);
    open(&address, sizeof address);
  }

  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() { hang_up(); }

  bool connected() const { return connected_; }

  void hang_up() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

  /// False when the server no longer listens.
  bool say(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Everything up to and with `marker`, or what came before the end.
  std::string hear(std::string_view marker) {
    std::size_t found = heard_.find(marker);
    while (found == std::string::npos && more()) found = heard_.find(marker);
    const std::size_t size = found == std::string::npos ? heard_.size() : found + marker.size();
    std::string text = heard_.substr(0, size);
    heard_.erase(0, size);
    return text;
  }

  /// Everything until the server closes, then "[closed]" ("[reset]" if it broke off, "[silent]" if
  /// it did neither for 10 s).
  std::string hear_all() {
    while (more()) {
    }
    return std::exchange(heard_, {}) + ending_;
  }

  /// Waits for the server to say something; true when it did not within `ms`.
  bool silent_for(int ms) const {
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, ms) == 0;
  }

 private:
  void open(const void* address, socklen_t size) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connected_ = ::connect(socket_, static_cast<const sockaddr*>(address), size) == 0;
  }

  bool more() {
    char bytes[4096];
    const auto received = ::recv(socket_, bytes, sizeof bytes, 0);
    if (received > 0) {
      heard_.append(bytes, static_cast<std::size_t>(received));
      return true;
    }
    ending_ = received == 0 ? "[closed]" : errno == ECONNRESET ? "[reset]" : "[silent]";
    return false;
  }

  int socket_;
  bool connected_ = false;
  std::string heard_;
  std::string ending_;
};

/// The status of each answer in a text of whole answers: "200 404 [closed]".
inline std::string statuses(std::string_view text) {
  std::string all;
  std::size_t at = 0;
  while ((at = text.find("HTTP/1.1 ", at)) != std::string_view::npos) {
    if (!all.empty()) all += ' ';
    all += text.substr(at + 9, 3);
    at += 9;
  }
  if (const std::size_t end = text.rfind('['); text.ends_with(']') && end != text.npos) {
    if (!all.empty()) all += ' ';
    all += text.substr(end);
  }
  return all;
}

}  // namespace fabrica::net
