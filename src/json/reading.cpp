#include "json/reading.h"

#include <fmt/format.h>

#include "json/utf8.h"
#include "json/write.h"

namespace fabrica::json {

namespace {

constexpr std::size_t shown_bytes_max = 40;

// RFC 6901: "~" and "/" within a name.
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

// Where something belongs, for a sentence; the document itself has the empty pointer.
std::string at(std::string_view pointer) {
  return pointer.empty() ? "" : fmt::format(" at {}", pointer);
}

void print(Sink& sink, Element element);

void print_array(Sink& sink, Element element) {
  const std::size_t start = sink.offset();
  for (auto items = element.items(); !items.done(); items.next()) {
    sink.put(',');
    print(sink, items.value());
  }
  detail::close(sink, start, '[', ']');
}

void print_object(Sink& sink, Element element) {
  const std::size_t start = sink.offset();
  for (auto fields = element.fields(); !fields.done(); fields.next()) {
    sink.put(',');
    detail::write_string(sink, fields.name());
    sink.put(':');
    print(sink, fields.value());
  }
  detail::close(sink, start, '{', '}');
}

// A number with a fraction or an exponent stays one that integers are not read from.
void print_real(Sink& sink, double value) {
  const std::size_t start = sink.offset();
  detail::write_double(sink, value);
  const std::string_view text(&sink.written(start), sink.offset() - start);
  if (text.find_first_of(".e") == std::string_view::npos) sink.put(".0");
}

// The depth of a Document is bounded, so this recursion is too.
void print(Sink& sink, Element element) {
  switch (element.kind()) {
    case Kind::null:
      return sink.put("null");
    case Kind::boolean:
      return write_value(sink, element.boolean());
    case Kind::integer:
      return write_value(sink, element.integer());
    case Kind::large_integer:
      return write_value(sink, element.large_integer());
    case Kind::real:
      return print_real(sink, element.real());
    case Kind::string:
      return detail::write_string(sink, element.string());
    case Kind::array:
      return print_array(sink, element);
    case Kind::object:
      return print_object(sink, element);
  }
}

}  // namespace

std::string to_json(Element element) {
  std::string out;
  {
    Sink sink(out);
    print(sink, element);
  }
  return out;
}

std::string shown(std::string_view text) {
  const std::string_view start = cut_utf8(text, shown_bytes_max);
  return to_json(std::string(start) + (start.size() < text.size() ? "…" : ""));
}

std::string shown(Element element) {
  switch (element.kind()) {
    case Kind::array:
      return "a list";
    case Kind::object:
      return "an object";
    case Kind::string:
      return shown(element.string());
    default:
      return to_json(element);
  }
}

bool Reading::mismatch(std::string expected, Element found) {
  expected_ = std::move(expected);
  found_ = shown(found);
  return false;
}

bool Reading::absent(std::string_view name, std::string expected) {
  missing_name_ = name;
  expected_ = std::move(expected);
  return false;
}

bool Reading::twice(std::string_view name) {
  text_ = fmt::format("Give {} once: it is there twice.", shown(name));
  return within(name);
}

bool Reading::wrong(std::string text) {
  text_ = std::move(text);
  return false;
}

bool Reading::within(std::string_view name) {
  pointer_.insert(0, "/" + escaped(name));
  return false;
}

bool Reading::within(std::size_t entry) { return within(std::to_string(entry)); }

Refusal Reading::refusal(std::string_view base) const {
  const std::string pointer = std::string(base) + pointer_;
  if (!text_.empty()) return {refusal::invalid, pointer, text_};
  if (!missing_name_.empty()) {
    return {refusal::invalid, pointer + "/" + escaped(missing_name_),
            fmt::format("Add \"{}\"{}, {}: it is missing.", missing_name_,
                        pointer.empty() ? "" : " to " + pointer, expected_)};
  }
  return {refusal::invalid, pointer,
          fmt::format("Give {}{}: found {}.", expected_, at(pointer), found_)};
}

}  // namespace fabrica::json
