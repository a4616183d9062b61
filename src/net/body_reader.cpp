#include "net/body_reader.h"

#include <algorithm>

namespace fabrica::net {

namespace {

constexpr std::uint32_t size_digits_max = 15;  // keeps a chunk's size far from overflow
constexpr std::uint32_t control_bytes_max = 8'192;

}  // namespace

BodyReader BodyReader::of_length(std::uint64_t bytes, std::uint64_t bytes_max) {
  BodyReader reader(Place::counted, bytes, bytes_max);
  if (bytes > bytes_max) {
    reader.state_ = State::too_large;
  } else if (bytes == 0) {
    reader.state_ = State::done;
  }
  return reader;
}

BodyReader BodyReader::of_chunks(std::uint64_t bytes_max) { return {Place::size, 0, bytes_max}; }

BodyReader BodyReader::until_end(std::uint64_t bytes_max) {
  return {Place::open_ended, bytes_max, bytes_max};
}

BodyReader::Step BodyReader::step(std::string_view bytes) {
  Step step;
  while (state_ == State::more && step.used < bytes.size()) {
    const bool in_body =
        place_ == Place::counted || place_ == Place::open_ended || place_ == Place::chunk;
    if (in_body) {
      const Step body = take_bytes(bytes.substr(step.used));
      return {.used = step.used + body.used, .piece = body.piece};
    }
    take_control(bytes[step.used]);
    ++step.used;
  }
  return step;
}

void BodyReader::end() {
  if (state_ != State::more) return;
  state_ = place_ == Place::open_ended ? State::done : State::malformed;
}

BodyReader::Step BodyReader::take_bytes(std::string_view bytes) {
  if (place_ == Place::open_ended && bytes.size() > left_) {
    state_ = State::too_large;
    return {};
  }
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  left_ -= size;
  if (left_ == 0 && place_ == Place::counted) state_ = State::done;
  if (left_ == 0 && place_ == Place::chunk) place_ = Place::chunk_cr;
  return {.used = size, .piece = bytes.substr(0, size)};
}

void BodyReader::take_control(char c) {
  switch (place_) {
    case Place::size:
      return take_size(c);
    case Place::extension:
      if (c == '\r') place_ = Place::size_end;
      break;
    case Place::size_end:
      digits_ = 0;
      return expect(c, '\n', left_ > 0 ? Place::chunk : Place::trailer);
    case Place::chunk_cr:
      return expect(c, '\r', Place::chunk_lf);
    case Place::chunk_lf:
      return expect(c, '\n', Place::size);
    case Place::trailer:
      place_ = c == '\r' ? Place::last_end : Place::trailer_line;
      break;
    case Place::trailer_line:
      if (c == '\r') place_ = Place::trailer_end;
      break;
    case Place::trailer_end:
      return expect(c, '\n', Place::trailer);
    case Place::last_end:
      expect(c, '\n', Place::last_end);
      if (state_ == State::more) state_ = State::done;
      return;
    case Place::counted:
    case Place::open_ended:
    case Place::chunk:
      break;
  }
  // Extensions and trailers are read over; a bare "\n" in them is how messages are smuggled.
  if (c == '\n' || ++line_bytes_ > control_bytes_max) state_ = State::malformed;
}

void BodyReader::take_size(char c) {
  int digit = -1;
  if (c >= '0' && c <= '9') digit = c - '0';
  if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
  if (digit >= 0) {
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    if (++digits_ > size_digits_max) state_ = State::malformed;
    return;
  }
  const bool ends = c == '\r' || c == ';' || c == ' ' || c == '\t';
  if (digits_ == 0 || !ends) {
    state_ = State::malformed;
  } else if (left_ > bytes_max_) {
    state_ = State::too_large;
  } else {
    bytes_max_ -= left_;
    place_ = c == '\r' ? Place::size_end : Place::extension;
  }
}

void BodyReader::expect(char c, char wanted, Place next) {
  if (c == wanted) {
    place_ = next;
  } else {
    state_ = State::malformed;
  }
}

}  // namespace fabrica::net
