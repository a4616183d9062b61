#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fabrica::json {

/// Appends to a string through a cursor into its spare room, so that the many small pieces of a
/// JSON text cost one comparison each. The string has its right length again when the sink is gone;
/// until then nobody else may use it.
class Sink {
 public:
  explicit Sink(std::string& out) : out_(out), at_(out.data() + out.size()), end_(at_) {}
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink() { out_.resize(offset()); }

  /// Room for `size` bytes from here; advance() says how many were used.
  char* need(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) [[unlikely]] {
      grow(size);
    }
    return at_;
  }
  void advance(char* end) { at_ = end; }

  void put(char c) {
    need(1);
    *at_++ = c;
  }
  void put(std::string_view text) {
    need(text.size());
    std::char_traits<char>::copy(at_, text.data(), text.size());
    at_ += text.size();
  }

  /// Bytes in the string so far, and a byte that was written.
  std::size_t offset() const { return static_cast<std::size_t>(at_ - out_.data()); }
  char& written(std::size_t offset) { return out_.data()[offset]; }

 private:
  void grow(std::size_t size);

  std::string& out_;
  char* at_;
  char* end_;
};

}  // namespace fabrica::json
