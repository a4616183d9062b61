#pragma once

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "base/result.h"
#include "base/time.h"

/// One stream of bytes: TCP, a unix socket, or TLS over TCP.
namespace fabrica::net {

/// For co_await: the error is part of the result instead of an exception.
inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Longer than any connection lives, and still far from the clock's end.
inline constexpr Duration forever = days(10'000);

using ErrorCode = boost::system::error_code;
using Socket = boost::asio::generic::stream_protocol::socket;
using TlsContext = boost::asio::ssl::context;

/// The address and port behind an endpoint of TCP; nothing where it is another kind.
std::optional<boost::asio::ip::tcp::endpoint> tcp_endpoint(
    const boost::asio::generic::stream_protocol::endpoint& endpoint);

/// An error, and how many bytes went through before it.
using IoResult = std::tuple<ErrorCode, std::size_t>;

/// What one write sends, in order; unused parts are empty.
using Parts = std::array<boost::asio::const_buffer, 3>;

/// Refused when a file is missing or no key fits the certificate.
Result<std::shared_ptr<TlsContext>> server_tls(const std::string& certificate_file,
                                               const std::string& key_file);

/// Trusts the system's authorities, or those of `ca_file` alone where it is not empty.
Result<std::shared_ptr<TlsContext>> client_tls(const std::string& ca_file);

/// At most one read and one write at a time, on one thread. No timeouts: the owner cancels.
class Transport {
 public:
  /// `tls` may be null: plain bytes then.
  Transport(Socket socket, std::shared_ptr<TlsContext> tls);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  Socket& socket() { return socket_; }
  bool secure() const { return tls_ != nullptr; }

  /// Both do nothing over plain bytes. A client says the host whose name the certificate must bear.
  boost::asio::awaitable<ErrorCode> accept_tls();
  boost::asio::awaitable<ErrorCode> connect_tls(std::string host);

  boost::asio::awaitable<IoResult> read_some(std::span<char> into);

  /// Sends all of it, unless there is an error.
  boost::asio::awaitable<IoResult> write(Parts parts);

  /// Says the end of TLS where there is one, then that no more will be sent.
  boost::asio::awaitable<void> finish();

  /// Reads past TLS and throws it away.
  boost::asio::awaitable<IoResult> discard(std::span<char> scratch);

  /// Ends what is waiting with operation_aborted.
  void cancel();
  void close();

  /// Why the other side's certificate was not taken; empty if that was not the trouble.
  std::string certificate_trouble() const;

 private:
  Socket socket_;
  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace fabrica::net
