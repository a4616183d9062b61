#include "net/message_head.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace fabrica::net {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

bool same(BeastView text, std::string_view expected) {
  return boost::beast::iequals(text, BeastView(expected.data(), expected.size()));
}

std::optional<Method> method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::remove;
    case http::verb::options:
      return Method::options;
    default:
      return std::nullopt;
  }
}

// Beast stops after the head as long as it is not eager; the hooks for bodies are never called.
template <bool is_request>
struct HeadParser : http::basic_parser<is_request> {
  explicit HeadParser(std::size_t head_bytes_max) : bytes_max(head_bytes_max) {
    this->header_limit(static_cast<std::uint32_t>(head_bytes_max));
    this->body_limit(boost::none);
  }

  std::size_t bytes_max;
  std::size_t bytes_used = 0;
  HeadState state = HeadState::more;
  Framing framing;
  error_code error;

  std::size_t read_head(std::string_view bytes) {
    const std::size_t used = this->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    bytes_used += used;
    if (error == http::error::need_more) {
      if (bytes_used + bytes.size() - used >= bytes_max) error = http::error::header_limit;
    } else if (!error && bytes_used > bytes_max) {
      error = http::error::header_limit;
    }
    if (!error && this->is_header_done()) {
      state = HeadState::done;
    } else if (error && error != http::error::need_more) {
      state = HeadState::refused;
    }
    return used;
  }

  void on_header_impl(error_code&) override {
    if (const auto length = this->content_length()) framing.content_length = *length;
    framing.chunked = this->chunked();
    framing.keep_alive = this->keep_alive();
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView bytes, error_code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, error_code&) override {
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
};

}  // namespace

struct RequestHead::Parser final : HeadParser<true> {
  using HeadParser::HeadParser;

  Request request;
  std::string raw_target;
  bool http_1_0 = false;
  bool expects_continue = false;
  bool has_request_line = false;
  int hosts = 0;
  HeadRefusal refusal;

  // Any error stops the parser; which one does not matter, as the refusal says what is wrong.
  void refuse_with(std::uint16_t status, std::string text, error_code& stop) {
    refusal = {.status = status, .text = std::move(text)};
    stop = http::error::bad_value;
  }

  void on_request_impl(http::verb verb, BeastView method, BeastView target, int version,
                       error_code& stop) override {
    has_request_line = true;
    http_1_0 = version == 10;
    const std::optional<Method> known = method_of(verb);
    if (!known) {
      return refuse_with(501, fmt::format("The method {} is not known here.", view(method)), stop);
    }
    request.method = *known;
    raw_target = view(target);
    auto parsed = net::parse_target(raw_target);
    if (!parsed) return refuse_with(400, std::move(parsed.error().text), stop);
    request.path = std::move(parsed->path);
    request.query = std::move(parsed->query);
  }

  void on_response_impl(int, BeastView, int, error_code&) override {}

  void on_field_impl(http::field field, BeastView name, BeastView value,
                     error_code& stop) override {
    if (field == http::field::host) ++hosts;
    if (field == http::field::transfer_encoding) {
      // An encoding that is not understood hides where the body ends, which is how requests are
      // smuggled past a proxy.
      if (http_1_0 || !same(value, "chunked")) {
        return refuse_with(http_1_0 ? 400 : 501,
                           "The only transfer encoding taken is 'chunked', with HTTP/1.1.", stop);
      }
    }
    if (field == http::field::expect) {
      if (!same(value, "100-continue")) {
        return refuse_with(417, "The only expectation met is '100-continue'.", stop);
      }
      expects_continue = !http_1_0;
    }
    request.headers.add(view(name), view(value));
  }

  void on_header_impl(error_code& stop) override {
    if (hosts > 1 || (hosts == 0 && !http_1_0)) {
      return refuse_with(400, "The request must have one Host header.", stop);
    }
    HeadParser::on_header_impl(stop);
  }

  void explain() {
    if (state != HeadState::refused || !refusal.text.empty()) return;
    if (error != http::error::header_limit) {
      refusal.text =
          fmt::format("The request line or a header is malformed ({}).", error.message());
    } else if (has_request_line) {
      refusal = {
          .status = 431,
          .text = fmt::format("The headers are longer than {} bytes: send less.", bytes_max)};
    } else {
      refusal = {
          .status = 414,
          .text = fmt::format("The request line is longer than {} bytes: send less.", bytes_max)};
    }
  }
};

RequestHead::RequestHead(std::size_t bytes_max)
    : bytes_max_(bytes_max), parser_(std::make_unique<Parser>(bytes_max)) {}
RequestHead::~RequestHead() = default;

void RequestHead::restart() {
  std::destroy_at(parser_.get());
  std::construct_at(parser_.get(), bytes_max_);
}

std::size_t RequestHead::read(std::string_view bytes) {
  const std::size_t used = parser_->read_head(bytes);
  parser_->explain();
  return used;
}

HeadState RequestHead::state() const { return parser_->state; }
const HeadRefusal& RequestHead::refusal() const { return parser_->refusal; }
const Framing& RequestHead::framing() const { return parser_->framing; }
Request& RequestHead::request() { return parser_->request; }
bool RequestHead::http_1_0() const { return parser_->http_1_0; }
bool RequestHead::expects_continue() const { return parser_->expects_continue; }

std::string_view RequestHead::raw_path() const {
  const std::string_view target = parser_->raw_target;
  return target.substr(0, target.find('?'));
}

struct ResponseHead::Parser final : HeadParser<false> {
  using HeadParser::HeadParser;

  Response response;

  void on_request_impl(http::verb, BeastView, BeastView, int, error_code&) override {}

  void on_response_impl(int status, BeastView, int, error_code&) override {
    response.status = static_cast<std::uint16_t>(status);
  }

  void on_field_impl(http::field field, BeastView name, BeastView value,
                     error_code& stop) override {
    if (field == http::field::transfer_encoding && !same(value, "chunked")) {
      stop = http::error::bad_transfer_encoding;
      return;
    }
    if (field == http::field::content_type) response.content_type = view(value);
    response.headers.add(view(name), view(value));
  }
};

ResponseHead::ResponseHead(std::size_t bytes_max) : parser_(std::make_unique<Parser>(bytes_max)) {}
ResponseHead::~ResponseHead() = default;

std::size_t ResponseHead::read(std::string_view bytes) { return parser_->read_head(bytes); }
HeadState ResponseHead::state() const { return parser_->state; }
const Framing& ResponseHead::framing() const { return parser_->framing; }
Response& ResponseHead::response() { return parser_->response; }

}  // namespace fabrica::net
