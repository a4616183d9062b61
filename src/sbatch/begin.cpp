#include "sbatch/begin.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "sbatch/amounts.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

constexpr std::uint64_t offset_seconds_max = std::uint64_t{3660} * 86'400;

/// Reads a moment from left to right. Each part says whether it was there; a part that is there but
/// wrong makes the whole wrong, since nothing else begins alike.
class MomentReader {
 public:
  explicit MomentReader(std::string_view text) : rest_(text) {}

  bool read(Moment& moment) {
    skip_spaces();
    if (rest_.empty()) return false;
    if (take_word("now")) return read_offset(moment) && at_end();
    while (!at_end()) {
      if (!day_ && read_day(moment)) {
        day_ = true;
      } else if (!clock_ && read_clock(moment)) {
        clock_ = true;
      } else {
        return false;
      }
      skip_separator();
    }
    if (!day_) moment.form = BeginForm::clock;
    return true;
  }

 private:
  bool at_end() {
    skip_spaces();
    return rest_.empty();
  }

  void skip_spaces() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }

  /// Between a day and a time of day: "T", "-" or spaces.
  void skip_separator() {
    skip_spaces();
    if (day_ && !clock_ && (rest_.starts_with('T') || rest_.starts_with('-'))) {
      rest_.remove_prefix(1);
    }
  }

  /// Takes a word in either case that no letter or digit follows, but "T" may.
  bool take_word(std::string_view word) {
    if (!equal_in_any_case(rest_.substr(0, word.size()), word)) return false;
    const std::string_view after = rest_.substr(word.size());
    if (!after.empty() && after.front() != 'T' &&
        (is_letter(after.front()) || is_digit(after.front())))
      return false;
    rest_ = after;
    return true;
  }

  /// Takes between `least` and `most` digits.
  bool take_number(std::size_t least, std::size_t most, std::uint64_t& number) {
    std::size_t digits = 0;
    while (digits < rest_.size() && digits <= most && is_digit(rest_[digits])) ++digits;
    if (digits < least || digits > most) return false;
    number = parse_digits(rest_.substr(0, digits), offset_seconds_max * 1000).value_or(0);
    rest_.remove_prefix(digits);
    return true;
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// "", "+60", "-60", "+2hours".
  bool read_offset(Moment& moment) {
    moment.form = BeginForm::now;
    if (at_end()) return true;
    const bool back = rest_.front() == '-';
    if (!take('+') && !take('-')) return false;
    skip_spaces();
    std::uint64_t count = 0;
    if (!take_number(1, 10, count)) return false;
    skip_spaces();
    const std::uint64_t seconds = count * take_unit();
    if (seconds > offset_seconds_max) return false;
    const auto ms = static_cast<std::int64_t>(seconds) * 1000;
    moment.offset = Duration{back ? -ms : ms};
    return true;
  }

  /// The seconds of the unit that follows, of a second when none does.
  std::uint64_t take_unit() {
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> units{
        {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86'400}, {"week", 604'800}}};
    for (const auto& [name, seconds] : units) {
      if (take_word(name)) return seconds;
      if (equal_in_any_case(rest_.substr(0, name.size()), name) &&
          to_lower(rest_.substr(name.size()).empty() ? '\0' : rest_[name.size()]) == 's') {
        rest_.remove_prefix(name.size() + 1);
        return seconds;
      }
    }
    return 1;
  }

  bool read_day(Moment& moment) {
    if (take_word("today")) {
      moment.form = BeginForm::today;
      return true;
    }
    if (take_word("tomorrow")) {
      moment.form = BeginForm::tomorrow;
      return true;
    }
    using Form = bool (MomentReader::*)(Moment&);
    constexpr std::array<Form, 3> forms{&MomentReader::read_iso_day,
                                        &MomentReader::read_american_day,
                                        &MomentReader::read_packed_day};
    const std::string_view start = rest_;
    for (const Form read_form : forms) {
      if ((this->*read_form)(moment)) return is_day(moment);
      rest_ = start;
    }
    return false;
  }

  /// "2030-01-20".
  bool read_iso_day(Moment& moment) {
    std::uint64_t year = 0;
    std::uint64_t month = 0;
    std::uint64_t day = 0;
    if (!take_number(4, 4, year) || !take('-') || !take_number(2, 2, month) || !take('-') ||
        !take_number(2, 2, day)) {
      return false;
    }
    return set_day(moment, year, month, day);
  }

  /// "01/20", "1/20/30", "01.20.30".
  bool read_american_day(Moment& moment) {
    std::uint64_t month = 0;
    std::uint64_t day = 0;
    std::uint64_t year = 0;
    if (!take_number(1, 2, month) || (!rest_.starts_with('/') && !rest_.starts_with('.')))
      return false;
    const char separator = rest_.front();
    if (!take(separator) || !take_number(1, 2, day)) return false;
    if (take(separator)) {
      if (!take_number(2, 2, year)) return false;
      year += 2000;
    }
    return set_day(moment, year, month, day);
  }

  /// "0120", "012030".
  bool read_packed_day(Moment& moment) {
    std::uint64_t number = 0;
    const std::size_t before = rest_.size();
    if (!take_number(4, 6, number)) return false;
    const std::size_t digits = before - rest_.size();
    if (digits == 5 || rest_.starts_with(':')) return false;
    const std::uint64_t year = digits == 6 ? 2000 + number % 100 : 0;
    if (digits == 6) number /= 100;
    return set_day(moment, year, number / 100, number % 100);
  }

  static bool set_day(Moment& moment, std::uint64_t year, std::uint64_t month, std::uint64_t day) {
    moment.form = year == 0 ? BeginForm::day_of_year : BeginForm::date;
    moment.year = static_cast<std::uint32_t>(year);
    moment.month = static_cast<std::uint32_t>(month);
    moment.day = static_cast<std::uint32_t>(day);
    return true;
  }

  /// Without a year the 29th of February may be meant.
  static bool is_day(const Moment& moment) {
    const auto year = static_cast<int>(moment.year == 0 ? 2000 : moment.year);
    return std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(moment.month),
                                       std::chrono::day(moment.day))
        .ok();
  }

  bool read_clock(Moment& moment) {
    constexpr std::array<std::pair<std::string_view, std::uint32_t>, 4> names{
        {{"midnight", 0}, {"noon", 12}, {"fika", 15}, {"teatime", 16}}};
    for (const auto& [name, hour] : names) {
      if (take_word(name)) {
        moment.second_of_day = hour * 3600;
        return true;
      }
    }
    std::uint64_t hour = 0;
    std::uint64_t minute = 0;
    std::uint64_t second = 0;
    if (!take_number(1, 2, hour) || !take(':') || !take_number(2, 2, minute)) return false;
    if (take(':') && !take_number(2, 2, second)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    skip_spaces();
    const bool morning = take_word("am");
    const bool evening = !morning && take_word("pm");
    if ((morning || evening) && hour > 12) return false;
    if (morning && hour == 12) hour = 0;
    if (evening && hour < 12) hour += 12;
    moment.second_of_day = static_cast<std::uint32_t>(hour * 3600 + minute * 60 + second);
    return true;
  }

  std::string_view rest_;
  bool day_ = false;
  bool clock_ = false;
};

std::chrono::year_month_day date_of(const Moment& moment, int year) {
  return {std::chrono::year(year), std::chrono::month(moment.month), std::chrono::day(moment.day)};
}

}  // namespace

Result<Moment> parse_moment(std::string_view text) {
  Moment moment;
  if (MomentReader(text).read(moment)) return moment;
  return refuse(refusal::invalid, "", fmt::format("\"{}\" is not a moment.", text));
}

Time resolve(const Moment& moment, Time now, Duration utc_offset) {
  using std::chrono::days;
  using std::chrono::milliseconds;
  using std::chrono::sys_days;
  if (moment.form == BeginForm::now) return now + moment.offset;
  const Time local = now + utc_offset;
  const sys_days today{std::chrono::floor<days>(milliseconds(local.ms))};
  const auto at = [&](sys_days day) {
    const auto ms = milliseconds(day.time_since_epoch()).count();
    return Time{ms} + Duration{std::int64_t{moment.second_of_day} * 1000} - utc_offset;
  };
  switch (moment.form) {
    case BeginForm::clock:
      return at(today) < now ? at(today + days(1)) : at(today);
    case BeginForm::tomorrow:
      return at(today + days(1));
    case BeginForm::date:
      return at(sys_days(date_of(moment, static_cast<int>(moment.year))));
    case BeginForm::day_of_year: {
      const int year = static_cast<int>(std::chrono::year_month_day(today).year());
      const Time this_year = at(sys_days(date_of(moment, year)));
      return this_year < now ? at(sys_days(date_of(moment, year + 1))) : this_year;
    }
    default:
      return at(today);
  }
}

}  // namespace fabrica::sbatch
