#include "json/write.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "json/utf8.h"

namespace fabrica::json {

void Sink::grow(std::size_t size) {
  const std::size_t used = offset();
  // Doubling what this sink could hold so far keeps the zeroing that resize() does in proportion.
  const std::size_t room = std::max({size, std::size_t{512}, out_.size() / 2});
  out_.resize(used + room);
  at_ = out_.data() + used;
  end_ = out_.data() + out_.size();
}

namespace detail {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

// True where a byte of the word is a control character, '"', '\\' or not ASCII. A byte above such a
// one may be reported too; the careful loop then sorts it out.
bool has_special(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high = 0x8080808080808080U;
  const std::uint64_t quote = word ^ (ones * '"');
  const std::uint64_t backslash = word ^ (ones * '\\');
  return (((word - ones * 0x20) | (quote - ones) | (backslash - ones) | word) & high) != 0;
}

bool is_plain(std::string_view text) {
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    if (has_special(word)) return false;
  }
  for (; left > 0; ++at, --left) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') return false;
  }
  return true;
}

void write_escape(Sink& sink, char c) {
  sink.put('\\');
  switch (c) {
    case '"':
    case '\\':
      return sink.put(c);
    case '\n':
      return sink.put('n');
    case '\t':
      return sink.put('t');
    case '\r':
      return sink.put('r');
    case '\b':
      return sink.put('b');
    case '\f':
      return sink.put('f');
    default:
      const auto byte = static_cast<unsigned char>(c);
      sink.put("u00");
      sink.put(hex_digits[byte >> 4U]);
      sink.put(hex_digits[byte & 15U]);
  }
}

// Copies runs that need nothing, and stops at each byte that needs something.
void write_careful(Sink& sink, std::string_view text) {
  std::size_t run = 0;
  std::size_t at = 0;
  const auto flush = [&] { sink.put(text.substr(run, at - run)); };
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80) {
      const Utf8 next = decode_utf8(text.substr(at));
      if (!next.valid) {
        flush();
        sink.put("\xEF\xBF\xBD");
        run = at + next.size;
      }
      at += next.size;
    } else if (byte < 0x20 || byte == '"' || byte == '\\') {
      flush();
      write_escape(sink, text[at]);
      run = ++at;
    } else {
      ++at;
    }
  }
  flush();
}

char* put_hex(char* at, std::uint64_t word) {
  for (int shift = 60; shift >= 0; shift -= 4) *at++ = hex_digits[(word >> shift) & 15U];
  return at;
}

char* put_digits(char* at, std::int64_t number, int width) {
  for (int i = width - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  return at + width;
}

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t first_ms = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
constexpr std::int64_t last_ms = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z

}  // namespace

void write_string(Sink& sink, std::string_view text) {
  if (is_plain(text)) {
    char* at = sink.need(text.size() + 2);
    *at++ = '"';
    std::char_traits<char>::copy(at, text.data(), text.size());
    at += text.size();
    *at++ = '"';
    sink.advance(at);
    return;
  }
  sink.put('"');
  write_careful(sink, text);
  sink.put('"');
}

void write_double(Sink& sink, double value) {
  CHECK(std::isfinite(value), "JSON has no infinity and no NaN");
  // "-0" would be read as the integer 0.
  if (value == 0 && std::signbit(value)) return sink.put("-0.0");
  sink.advance(fmt::format_to(sink.need(32), "{}", value));
}

void write_time(Sink& sink, Time time) {
  const std::int64_t ms = time == never ? last_ms : time.ms;
  CHECK(ms >= first_ms && ms <= last_ms, "a time outside the years 0000 to 9999");
  // Times that are written together are mostly of one day, so its text is kept.
  struct Day {
    std::int64_t number = -1'000'000'000;
    std::array<char, 11> text{};  // "2026-11-22T"
  };
  thread_local Day day;
  const std::int64_t number = (ms - first_ms) / day_ms;
  const std::int64_t rest = (ms - first_ms) % day_ms;
  if (number != day.number) {
    const std::string text = to_string(Time{ms});
    std::copy_n(text.begin(), day.text.size(), day.text.begin());
    day.number = number;
  }
  char* at = sink.need(26);
  *at++ = '"';
  at = std::copy(day.text.begin(), day.text.end(), at);
  at = put_digits(at, rest / 3'600'000, 2);
  *at++ = ':';
  at = put_digits(at, rest / 60'000 % 60, 2);
  *at++ = ':';
  at = put_digits(at, rest / 1000 % 60, 2);
  *at++ = '.';
  at = put_digits(at, rest % 1000, 3);
  *at++ = 'Z';
  *at++ = '"';
  sink.advance(at);
}

void write_hex(Sink& sink, std::uint64_t high, std::uint64_t low) {
  char* at = sink.need(34);
  *at++ = '"';
  at = put_hex(put_hex(at, high), low);
  *at++ = '"';
  sink.advance(at);
}

void write_hex(Sink& sink, const Sha256& digest) {
  char* at = sink.need(66);
  *at++ = '"';
  for (const std::byte one : digest.bytes) {
    const auto byte = std::to_integer<unsigned>(one);
    *at++ = hex_digits[byte >> 4U];
    *at++ = hex_digits[byte & 15U];
  }
  *at++ = '"';
  sink.advance(at);
}

}  // namespace detail

}  // namespace fabrica::json
