#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fabrica::net {

/// Finds a body among the bytes after a head, in pieces of any size, by its length, its chunks or
/// the end of the connection (RFC 9112, section 6).
class BodyReader {
 public:
  enum class State : std::uint8_t { more, done, too_large, malformed };

  static BodyReader of_length(std::uint64_t bytes, std::uint64_t bytes_max);
  static BodyReader of_chunks(std::uint64_t bytes_max);
  static BodyReader until_end(std::uint64_t bytes_max);

  struct Step {
    std::size_t used = 0;    // of `bytes`, from the front
    std::string_view piece;  // body among them; a view into `bytes`
  };

  /// Goes on as far as the next piece. Call again with the rest until it uses nothing or the state
  /// is no longer `more`.
  Step step(std::string_view bytes);

  /// The other side closed. Only a body without a length or chunks is complete then.
  void end();

  State state() const { return state_; }

 private:
  enum class Place : std::uint8_t {
    counted,       // in a body of known length
    open_ended,    // in a body that ends with the connection
    size,          // in a chunk's size
    extension,     // between size and line end
    size_end,      // at the "\n" after the size
    chunk,         // in a chunk's bytes
    chunk_cr,      // at the "\r" after them
    chunk_lf,      // at the "\n" after them
    trailer,       // at the start of a trailer line, or of the last line
    trailer_line,  // within a trailer line
    trailer_end,   // at its "\n"
    last_end,      // at the "\n" that ends the message
  };

  BodyReader(Place place, std::uint64_t left, std::uint64_t bytes_max)
      : place_(place), left_(left), bytes_max_(bytes_max) {}

  Step take_bytes(std::string_view bytes);
  void take_control(char c);
  void take_size(char c);
  void expect(char c, char wanted, Place next);

  Place place_;
  State state_ = State::more;
  std::uint64_t left_;       // of the body or the chunk; a chunk's size while it is read
  std::uint64_t bytes_max_;  // how much more body is allowed
  std::uint32_t digits_ = 0;
  std::uint32_t line_bytes_ = 0;  // of extensions and trailers, so that they cannot go on for ever
};

}  // namespace fabrica::net
