#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace fabrica::net {

/// Bytes that came in and were not yet used, in one piece.
class Inbox {
 public:
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {bytes_.data() + begin_, size()}; }

  void use(std::size_t bytes) {
    begin_ += bytes;
    if (empty()) begin_ = end_ = 0;
  }

  /// Room of at least `bytes` for more; views from before are void.
  std::span<char> room(std::size_t bytes) {
    if (bytes_.size() - end_ < bytes && begin_ > 0) {
      std::copy(bytes_.begin() + at(begin_), bytes_.begin() + at(end_), bytes_.begin());
      end_ = size();
      begin_ = 0;
    }
    if (bytes_.size() - end_ < bytes) bytes_.resize(end_ + bytes);
    return std::span(bytes_).subspan(end_);
  }

  /// So many bytes of the room were filled.
  void filled(std::size_t bytes) { end_ += bytes; }

  /// Gives memory back after a large request.
  void shrink(std::size_t bytes_kept) {
    if (bytes_.size() <= bytes_kept || size() > bytes_kept) return;
    std::vector<char> kept(view().begin(), view().end());
    end_ = kept.size();
    begin_ = 0;
    kept.resize(bytes_kept);
    bytes_ = std::move(kept);
  }

 private:
  static std::ptrdiff_t at(std::size_t index) { return static_cast<std::ptrdiff_t>(index); }

  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace fabrica::net
