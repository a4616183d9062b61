#include "json/document.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/limits.h"
#include "json/malformed.h"

namespace fabrica::json {

namespace {

// A thread keeps a few parsers for the usual small texts; one that was made for a large text is
// freed after it.
constexpr std::size_t kept_parsers_max = 4;
constexpr std::size_t kept_bytes_max = 1024 * 1024;
constexpr std::size_t first_bytes = 4096;

}  // namespace

class Document::Parser {
 public:
  explicit Parser(std::size_t capacity)
      : capacity_(capacity),
        padded_(std::make_unique_for_overwrite<char[]>(capacity + simdjson::SIMDJSON_PADDING)) {
    CHECK(parser_.allocate(capacity, depth_max + 1) == simdjson::SUCCESS, "out of memory");
    CHECK(parser_.doc.allocate(capacity) == simdjson::SUCCESS, "out of memory");
  }

  std::size_t capacity() const { return capacity_; }
  const Tape* tape() const { return &tape_; }

  simdjson::error_code parse(std::string_view text) {
    std::copy(text.begin(), text.end(), padded_.get());
    std::fill_n(padded_.get() + text.size(), simdjson::SIMDJSON_PADDING, ' ');
    const auto root = parser_.parse(padded_.get(), text.size(), false);
    tape_ = {parser_.doc.tape.get(), parser_.doc.string_buf.get()};
    return root.error();
  }

 private:
  std::size_t capacity_;
  std::unique_ptr<char[]> padded_;
  simdjson::dom::parser parser_;
  Tape tape_;
};

std::vector<std::unique_ptr<Document::Parser>>& Document::idle_parsers() {
  thread_local std::vector<std::unique_ptr<Parser>> idle;
  return idle;
}

Document::Borrowed Document::borrow(std::size_t bytes) {
  auto& idle = idle_parsers();
  if (!idle.empty() && idle.back()->capacity() >= bytes) {
    Borrowed parser(idle.back().release());
    idle.pop_back();
    return parser;
  }
  // The one that was too small makes room for its successor.
  if (!idle.empty()) idle.pop_back();
  return Borrowed(new Parser(std::max(first_bytes, std::bit_ceil(bytes))));
}

void Document::GiveBack::operator()(Parser* parser) const {
  std::unique_ptr<Parser> owned(parser);
  auto& idle = idle_parsers();
  if (owned->capacity() <= kept_bytes_max && idle.size() < kept_parsers_max) {
    idle.push_back(std::move(owned));
  }
}

Result<Document> Document::parse(std::string_view text) {
  if (text.size() > limits::document_bytes_max) {
    return refuse(refusal::too_large, "",
                  fmt::format("Send at most {} bytes of JSON: this text has {}.",
                              limits::document_bytes_max, text.size()));
  }
  Document document(borrow(text.size()));
  const simdjson::error_code error = document.parser_->parse(text);
  if (error == simdjson::SUCCESS) return document;
  return std::unexpected(explain_malformed(text, simdjson::error_message(error)));
}

Element Document::root() const { return {parser_->tape(), 1}; }

}  // namespace fabrica::json
