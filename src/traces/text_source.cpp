#include "traces/text_source.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace fabrica::traces {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

constexpr std::size_t chunk_bytes = std::size_t{64} * 1024;
constexpr int window_bits_of_gzip = 15 + 16;

}  // namespace

struct TextSource::Open {
  Open() = default;
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  ~Open() {
    if (compressed) inflateEnd(&stream);
  }

  Result<void> refill();
  Result<std::size_t> copy(std::span<char> room);
  Result<std::size_t> inflate_into(std::span<char> room);
  Result<bool> begin_member();

  std::unique_ptr<std::FILE, CloseFile> file;
  std::string name;
  std::vector<unsigned char> chunk = std::vector<unsigned char>(chunk_bytes);
  std::span<unsigned char> unread;  // of the chunk
  bool file_ended = false;
  bool compressed = false;
  bool member_ended = false;
  std::uint64_t given = 0;
  z_stream stream{};
};

// What is in the chunk stays, so that the first bytes can be looked at before they are read.
Result<void> TextSource::Open::refill() {
  if (!unread.empty() || file_ended) return {};
  const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get());
  if (count < chunk.size()) {
    if (std::ferror(file.get()) != 0) {
      return refuse(refusal::unavailable, "",
                    fmt::format("{} cannot be read: {}.", name, std::strerror(errno)));
    }
    file_ended = true;
  }
  unread = std::span(chunk).first(count);
  return {};
}

Result<std::size_t> TextSource::Open::copy(std::span<char> room) {
  std::size_t count = 0;
  while (count < room.size()) {
    TRY_DONE(refill());
    if (unread.empty()) break;
    const std::size_t some = std::min(unread.size(), room.size() - count);
    std::memcpy(room.data() + count, unread.data(), some);
    unread = unread.subspan(some);
    count += some;
  }
  return count;
}

// Whether another member follows the one that has ended. gzip allows zeros as padding.
Result<bool> TextSource::Open::begin_member() {
  for (;;) {
    TRY_DONE(refill());
    if (unread.empty()) return false;
    if (unread.front() != 0) break;
    unread = unread.subspan(1);
  }
  inflateReset(&stream);
  member_ended = false;
  return true;
}

Result<std::size_t> TextSource::Open::inflate_into(std::span<char> room) {
  std::size_t count = 0;
  while (count < room.size()) {
    if (member_ended) {
      TRY(const bool another, begin_member());
      if (!another) break;
    }
    TRY_DONE(refill());
    stream.next_in = unread.data();
    stream.avail_in = static_cast<unsigned>(unread.size());
    stream.next_out = reinterpret_cast<unsigned char*>(room.data() + count);
    stream.avail_out = static_cast<unsigned>(room.size() - count);
    const int answer = inflate(&stream, Z_NO_FLUSH);
    count = room.size() - stream.avail_out;
    unread = unread.last(stream.avail_in);
    if (answer == Z_STREAM_END) {
      member_ended = true;
    } else if (answer == Z_BUF_ERROR && unread.empty() && file_ended) {
      return refuse(refusal::malformed, "",
                    name + " ends in the middle of its compressed text: copy it again.");
    } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
      return refuse(refusal::malformed, "",
                    fmt::format("{} is damaged ({}): copy it again.", name,
                                stream.msg != nullptr ? stream.msg : "not gzip"));
    }
  }
  return count;
}

TextSource::TextSource(std::unique_ptr<Open> file) : file_(std::move(file)) {}
TextSource::TextSource(TextSource&&) noexcept = default;
TextSource& TextSource::operator=(TextSource&&) noexcept = default;
TextSource::~TextSource() = default;

Result<TextSource> TextSource::open(const std::filesystem::path& path) {
  auto open = std::make_unique<Open>();
  open->name = path.string();
  open->file.reset(std::fopen(path.c_str(), "rb"));
  if (!open->file) {
    return refuse(errno == ENOENT ? refusal::not_found : refusal::unavailable, "",
                  fmt::format("{} cannot be opened: {}.", open->name, std::strerror(errno)));
  }
  TRY_DONE(open->refill());
  if (open->unread.size() >= 2 && open->unread[0] == 0x1f && open->unread[1] == 0x8b) {
    if (inflateInit2(&open->stream, window_bits_of_gzip) != Z_OK) {
      return refuse(refusal::unavailable, "", "There is no memory left to read " + open->name);
    }
    open->compressed = true;
  }
  return TextSource(std::move(open));
}

Result<std::size_t> TextSource::read(std::span<char> room) {
  TRY(const std::size_t count, file_->compressed ? file_->inflate_into(room) : file_->copy(room));
  file_->given += count;
  if (file_->given > limits::trace_text_bytes_max) {
    return refuse(refusal::too_large, "",
                  fmt::format("{} has more than {} bytes of text: split it.", file_->name,
                              limits::trace_text_bytes_max));
  }
  return count;
}

}  // namespace fabrica::traces
