#include "net/transport.h"

#include <fmt/core.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

namespace fabrica::net {

namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;

void drop_front(Parts& parts, std::size_t bytes) {
  for (asio::const_buffer& part : parts) {
    const std::size_t dropped = std::min(bytes, part.size());
    part += dropped;
    bytes -= dropped;
  }
}

// HTTP/1.1 is all we speak; a client that offers only something else learns so in the handshake.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned offered_bytes, void*) {
  static constexpr unsigned char http_1_1[] = "\x08http/1.1";
  // OpenSSL's interface is not const-correct: it writes a pointer into one of the two lists.
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_bytes, http_1_1, sizeof http_1_1 - 1, offered,
                            offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

std::shared_ptr<TlsContext> new_context(ssl::context::method method) {
  auto context = std::make_shared<TlsContext>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

std::optional<asio::ip::tcp::endpoint> tcp_endpoint(
    const asio::generic::stream_protocol::endpoint& endpoint) {
  const int family = endpoint.protocol().family();
  asio::ip::tcp::endpoint tcp;
  if ((family != AF_INET && family != AF_INET6) || endpoint.size() > tcp.capacity()) {
    return std::nullopt;
  }
  std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
  return tcp;
}

Result<std::shared_ptr<TlsContext>> server_tls(const std::string& certificate_file,
                                               const std::string& key_file) {
  std::shared_ptr<TlsContext> context = new_context(ssl::context::tls_server);
  ErrorCode error;
  context->use_certificate_chain_file(certificate_file, error);
  if (error) {
    return refuse(refusal::invalid, "certificate_file",
                  fmt::format("The certificate {} cannot be used ({}). Give a PEM file with the "
                              "server's certificate first.",
                              certificate_file, error.message()));
  }
  context->use_private_key_file(key_file, ssl::context::pem, error);
  if (error) {
    return refuse(refusal::invalid, "key_file",
                  fmt::format("The key {} cannot be used ({}). Give the PEM file of the key that "
                              "belongs to the certificate.",
                              key_file, error.message()));
  }
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  return context;
}

Result<std::shared_ptr<TlsContext>> client_tls(const std::string& ca_file) {
  std::shared_ptr<TlsContext> context = new_context(ssl::context::tls_client);
  context->set_verify_mode(ssl::verify_peer);
  ErrorCode error;
  if (ca_file.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(ca_file, error);
  }
  if (error) {
    return refuse(
        refusal::invalid, "ca_file",
        fmt::format("The certificate authority {} cannot be read ({}). Give a PEM file.",
                    ca_file.empty() ? "store of this machine" : ca_file, error.message()));
  }
  return context;
}

Transport::Transport(Socket socket, std::shared_ptr<TlsContext> tls)
    : socket_(std::move(socket)), context_(std::move(tls)) {
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);
  if (context_) tls_ = std::make_unique<ssl::stream<Socket&>>(socket_, *context_);
}

asio::awaitable<ErrorCode> Transport::accept_tls() {
  if (!tls_) co_return ErrorCode{};
  const auto [error] = co_await tls_->async_handshake(ssl::stream_base::server, as_result);
  co_return error;
}

asio::awaitable<ErrorCode> Transport::connect_tls(std::string host) {
  if (!tls_) co_return ErrorCode{};
  // Server name indication is for names alone (RFC 6066, section 3).
  const bool name = !host.contains(':') && host.find_first_not_of("0123456789.") != host.npos;
  if (name) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
  tls_->set_verify_callback(ssl::host_name_verification(host));
  const auto [error] = co_await tls_->async_handshake(ssl::stream_base::client, as_result);
  co_return error;
}

asio::awaitable<IoResult> Transport::read_some(std::span<char> into) {
  const asio::mutable_buffer buffer(into.data(), into.size());
  if (tls_) return tls_->async_read_some(buffer, as_result);
  return socket_.async_read_some(buffer, as_result);
}

asio::awaitable<IoResult> Transport::write(Parts parts) {
  if (tls_) co_return co_await asio::async_write(*tls_, parts, as_result);
  // Nearly always the kernel takes an answer at once; then nothing needs to be waited for.
  const std::size_t wanted = asio::buffer_size(parts);
  ErrorCode error;
  const std::size_t sent = socket_.write_some(parts, error);
  if (sent == wanted) co_return IoResult{ErrorCode{}, sent};
  if (error && error != asio::error::would_block) co_return IoResult{error, sent};
  drop_front(parts, sent);
  const auto [late_error, rest] = co_await asio::async_write(socket_, parts, as_result);
  co_return IoResult{late_error, sent + rest};
}

asio::awaitable<void> Transport::finish() {
  if (tls_) co_await tls_->async_shutdown(as_result);
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

asio::awaitable<IoResult> Transport::discard(std::span<char> scratch) {
  return socket_.async_read_some(asio::mutable_buffer(scratch.data(), scratch.size()), as_result);
}

void Transport::cancel() {
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Transport::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

std::string Transport::certificate_trouble() const {
  if (!tls_) return {};
  const long verdict = SSL_get_verify_result(tls_->native_handle());
  return verdict == X509_V_OK ? std::string() : X509_verify_cert_error_string(verdict);
}

}  // namespace fabrica::net
