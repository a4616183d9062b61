#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

/// Reading the heads of messages. Beast's parser does the grammar; nobody else sees Beast.
namespace fabrica::net {

enum class HeadState : std::uint8_t { more, done, refused };

/// What a head says about the body after it.
struct Framing {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = false;
};

/// Why a request is answered before a handler sees it.
struct HeadRefusal {
  std::uint16_t status = 400;
  std::string text;
};

/// One request head after another, in pieces of any size.
class RequestHead {
 public:
  explicit RequestHead(std::size_t bytes_max);
  ~RequestHead();
  RequestHead(const RequestHead&) = delete;
  RequestHead& operator=(const RequestHead&) = delete;

  void restart();

  /// Takes what it can from the front of `bytes` and says how much that was.
  std::size_t read(std::string_view bytes);

  HeadState state() const;
  const HeadRefusal& refusal() const;
  const Framing& framing() const;

  /// Without body and peer. To be moved from, once.
  Request& request();

  /// The path as it was sent, for messages.
  std::string_view raw_path() const;

  bool http_1_0() const;
  bool expects_continue() const;

 private:
  struct Parser;
  std::size_t bytes_max_;
  std::unique_ptr<Parser> parser_;  // made anew in the same place for each request
};

/// The head of one answer, for the client.
class ResponseHead {
 public:
  explicit ResponseHead(std::size_t bytes_max);
  ~ResponseHead();
  ResponseHead(const ResponseHead&) = delete;
  ResponseHead& operator=(const ResponseHead&) = delete;

  std::size_t read(std::string_view bytes);

  /// `refused` when it is no HTTP or too long.
  HeadState state() const;
  const Framing& framing() const;
  Response& response();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace fabrica::net
