#include "store/head_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

#include "base/digest.h"

namespace fabrica::store {

namespace {

// "seq chain checksum\n" of fixed width: 20 digits, 64 and 32 hexadecimal digits.
constexpr std::size_t file_bytes = 20 + 1 + 64 + 1 + 32 + 1;

std::string checksum(std::string_view text) {
  Hasher hasher;
  hasher.add(text);
  return to_string(hasher.finish());
}

}  // namespace

HeadFile::HeadFile(const std::filesystem::path& path)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (file_ < 0) throw std::system_error(errno, std::generic_category(), path.string());
}

HeadFile::~HeadFile() { ::close(file_); }

std::optional<Head> HeadFile::read() const {
  std::array<char, file_bytes> bytes{};
  if (::pread(file_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return std::nullopt;
  const std::string_view text(bytes.data(), bytes.size());
  if (checksum(text.substr(0, 85)) != text.substr(86, 32)) return std::nullopt;
  Head head;
  const std::string_view digits = text.substr(0, 20);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), head.seq.value);
  if (read.ec != std::errc{} || !parse_sha256(text.substr(21, 64), head.chain)) return std::nullopt;
  return head;
}

void HeadFile::write(const Head& head) {
  std::string text = fmt::format("{:020} {}", head.seq.value, to_string(head.chain));
  text += fmt::format(" {}\n", checksum(text));
  // A short write shows in the checksum; the log itself does not depend on this file.
  [[maybe_unused]] const ssize_t written = ::pwrite(file_, text.data(), text.size(), 0);
}

}  // namespace fabrica::store
