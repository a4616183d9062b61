#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/document.h"
#include "json/reading.h"

namespace fabrica::json {

/// A JSON value whose form is not known when compiling: a look into a reply, to print it. Copies
/// share the parsed text. A value that is not there can be asked further and is not there again, so
/// that `reply.at("/job/site/slug").text()` needs no steps between.
class Value {
 public:
  /// A value that is not there.
  Value() = default;

  /// Refuses what Document::parse refuses.
  static Result<Value> parse(std::string_view text);

  bool exists() const { return document_ != nullptr; }
  /// null also for a value that is not there.
  Kind kind() const { return exists() ? element_.kind() : Kind::null; }

  /// The member of an object; the first one where a name is there twice.
  Value get(std::string_view name) const;
  /// By JSON pointer (RFC 6901): "/jobs/0/id", "" for the value itself.
  Value at(std::string_view pointer) const;

  /// The value when it is of that kind, and exact.
  std::optional<std::string> as_string() const;
  std::optional<std::int64_t> as_int() const;
  std::optional<double> as_double() const;
  std::optional<bool> as_bool() const;

  /// The entries of an array, the members of an object in the order of the text; otherwise none.
  std::vector<Value> items() const;
  std::vector<std::pair<std::string, Value>> members() const;

  /// For people: a string as it is, nothing for null and what is not there, other values as JSON.
  std::string text() const;

 private:
  Value(std::shared_ptr<const Document> document, Element element)
      : document_(std::move(document)), element_(element) {}

  std::shared_ptr<const Document> document_;
  Element element_;
};

}  // namespace fabrica::json
