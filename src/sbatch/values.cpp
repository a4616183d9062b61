#include "sbatch/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "base/limits.h"
#include "sbatch/amounts.h"
#include "sbatch/text.h"

namespace fabrica::sbatch {
namespace {

std::unexpected<Refusal> not_one_of(std::string_view text, std::string_view words) {
  return invalid(fmt::format("\"{}\" is not one of {}.", text, words));
}

/// Sets `value` to the enumerator of this name, in either case.
template <DescribedEnum E>
bool read_word(std::string_view text, E& value) {
  bool found = false;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
    if (!found && equal_in_any_case(text, enumerator.name)) {
      value = enumerator.value;
      found = true;
    }
  });
  return found;
}

bool is_one_of(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(words,
                             [&](std::string_view word) { return equal_in_any_case(text, word); });
}

/// Signals that sbatch knows by name, with Linux's numbers.
constexpr std::array<std::pair<std::string_view, std::uint32_t>, 16> signals{{{"HUP", 1},
                                                                              {"INT", 2},
                                                                              {"QUIT", 3},
                                                                              {"ABRT", 6},
                                                                              {"KILL", 9},
                                                                              {"USR1", 10},
                                                                              {"USR2", 12},
                                                                              {"ALRM", 14},
                                                                              {"TERM", 15},
                                                                              {"CONT", 18},
                                                                              {"STOP", 19},
                                                                              {"TSTP", 20},
                                                                              {"TTIN", 21},
                                                                              {"TTOU", 22},
                                                                              {"URG", 23},
                                                                              {"XCPU", 24}}};
constexpr std::uint64_t signal_number_max = 64;
constexpr std::uint64_t signal_seconds_max = 65'535;

std::optional<std::uint32_t> signal_number(std::string_view text) {
  if (const auto number = parse_digits(text, signal_number_max); number && *number != 0) {
    return static_cast<std::uint32_t>(*number);
  }
  if (text.size() > 3 && equal_in_any_case(text.substr(0, 3), "SIG")) text.remove_prefix(3);
  for (const auto& [name, number] : signals) {
    if (equal_in_any_case(text, name)) return number;
  }
  return std::nullopt;
}

/// Cuts a comma list in which quotes keep commas, and takes the quotes away.
bool cut_quoted(std::string_view& rest, std::string& part) {
  char quote = '\0';
  part.clear();
  std::size_t at = 0;
  for (; at < rest.size() && (quote != '\0' || rest[at] != ','); ++at) {
    const char c = rest[at];
    if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else {
      part += c;
    }
  }
  const bool more = at < rest.size();
  rest.remove_prefix(more ? at + 1 : at);
  return more;
}

bool is_variable_name(std::string_view text) {
  if (text.empty() || is_digit(text.front())) return false;
  return std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

/// A number, a range whose lower end counts, or "*".
Result<std::optional<std::uint32_t>> read_layout_part(std::string_view text) {
  if (text == "*" || text.empty()) return std::optional<std::uint32_t>{};
  bool range = false;
  std::string_view high = text;
  TRY(const std::uint32_t low, parse_count(cut(high, '-', range)));
  if (range) {
    TRY(const std::uint32_t most, parse_count(high));
    if (most < low) return invalid(fmt::format("\"{}\" ends below its beginning.", text));
  }
  return std::optional(low);
}

}  // namespace

Result<SignalRequest> parse_signal(std::string_view text) {
  const std::string_view whole = text;
  SignalRequest request;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    for (const char flag : text.substr(0, colon)) {
      if (flag != 'B' && flag != 'R') {
        return invalid(fmt::format("\"{}\" before the colon is neither B nor R.", flag));
      }
      (flag == 'B' ? request.batch_shell_only : request.reservation) = true;
    }
    text.remove_prefix(colon + 1);
  }
  bool timed = false;
  std::string_view seconds = text;
  const auto number = signal_number(cut(seconds, '@', timed));
  if (!number) return invalid(fmt::format("\"{}\" names no signal that sbatch knows.", whole));
  request.number = *number;
  if (timed) {
    const auto before = parse_digits(seconds, signal_seconds_max);
    if (!before) {
      return invalid(
          fmt::format("\"{}\" is not a number of seconds up to {}.", seconds, signal_seconds_max));
    }
    request.seconds_before = static_cast<std::uint32_t>(*before);
  }
  return request;
}

Result<std::vector<MailEvent>> parse_mail_events(std::string_view text) {
  constexpr std::array all{MailEvent::begin,          MailEvent::end,
                           MailEvent::fail,           MailEvent::requeue,
                           MailEvent::invalid_depend, MailEvent::stage_out};
  std::uint32_t bits = 0;
  bool none = false;
  std::string unknown;
  const bool read = for_each_part(text, ',', [&](std::string_view part) {
    MailEvent event{};
    if (equal_in_any_case(part, "none")) {
      none = true;
    } else if (equal_in_any_case(part, "all")) {
      for (const MailEvent one : all) bits |= 1U << static_cast<std::uint32_t>(one);
    } else if (read_word(part, event)) {
      bits |= 1U << static_cast<std::uint32_t>(event);
    } else if (!part.empty()) {
      unknown = part;
      return false;
    }
    return true;
  });
  if (!read) return invalid(fmt::format("\"{}\" is no event that mail is sent for.", unknown));
  std::vector<MailEvent> events;
  if (none) return events;
  if (bits == 0) return invalid("No event is named.");
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<MailEvent>>([&](auto event) {
    if ((bits & (1U << static_cast<std::uint32_t>(event.value))) != 0)
      events.push_back(event.value);
  });
  return events;
}

Result<ExportRequest> parse_export(std::string_view text) {
  ExportRequest request;
  if (equal_in_any_case(text, "all")) return request;
  request.mode = ExportMode::listed;
  std::string part;
  bool none = false;
  for (bool more = true; more;) {
    more = cut_quoted(text, part);
    if (part.empty()) continue;
    if (equal_in_any_case(part, "all")) {
      request.mode = ExportMode::all;
      continue;
    }
    if (equal_in_any_case(part, "none")) {
      none = true;
      continue;
    }
    const std::size_t equals = part.find('=');
    ExportedVariable variable{part.substr(0, equals), std::nullopt};
    if (equals != std::string::npos) variable.value = part.substr(equals + 1);
    if (!is_variable_name(variable.name)) {
      return invalid(fmt::format("\"{}\" is not a variable's name.", variable.name));
    }
    request.variables.push_back(std::move(variable));
  }
  if (!none) return request;
  if (!request.variables.empty() || request.mode == ExportMode::all) {
    return invalid("NONE cannot be listed with anything else.");
  }
  request.mode = ExportMode::none;
  return request;
}

Result<OpenMode> parse_open_mode(std::string_view text) {
  // Slurm looks at the first letter only; a whole word or the letter is what people write.
  if (text.size() == 1 || equal_in_any_case(text, "append") ||
      equal_in_any_case(text, "truncate")) {
    if (to_lower(text.front()) == 'a') return OpenMode::append;
    if (to_lower(text.front()) == 't') return OpenMode::truncate;
  }
  return not_one_of(text, "append, truncate");
}

Result<Exclusive> parse_exclusive(std::string_view text) {
  if (text.empty() || equal_in_any_case(text, "exclusive")) return Exclusive::node;
  if (equal_in_any_case(text, "user")) return Exclusive::user;
  if (equal_in_any_case(text, "mcs")) return Exclusive::mcs;
  return not_one_of(text, "user, mcs");
}

Result<std::vector<Hint>> parse_hints(std::string_view text) {
  std::vector<Hint> hints;
  std::string_view rest = text;
  for (bool more = true; more;) {
    const std::string_view part = cut(rest, ',', more);
    Hint hint{};
    if (!read_word(part, hint)) {
      return not_one_of(part, "compute_bound, memory_bound, multithread, nomultithread");
    }
    if (std::ranges::find(hints, hint) == hints.end()) hints.push_back(hint);
  }
  return hints;
}

Result<NodeLayout> parse_node_layout(std::string_view text) {
  NodeLayout layout;
  std::array<std::optional<std::uint32_t>*, 3> parts{&layout.sockets, &layout.cores,
                                                     &layout.threads};
  std::size_t at = 0;
  std::string_view rest = text;
  for (bool more = true; more; ++at) {
    if (at == parts.size()) return invalid(fmt::format("\"{}\" has more than three parts.", text));
    TRY(*parts[at], read_layout_part(cut(rest, ':', more)));
  }
  if (text.empty()) return invalid("No number of sockets is given.");
  return layout;
}

Result<std::int32_t> parse_nice(std::string_view text) {
  constexpr std::uint64_t most = 2'147'483'645;
  if (text.empty()) return 100;
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  const auto number = parse_digits(digits, most);
  if (!number) return invalid(fmt::format("\"{}\" is not a number within ±{}.", text, most));
  const auto nice = static_cast<std::int32_t>(*number);
  return negative ? -nice : nice;
}

Result<bool> parse_yes_no(std::string_view text) {
  if (equal_in_any_case(text, "yes")) return true;
  if (equal_in_any_case(text, "no")) return false;
  return not_one_of(text, "yes, no");
}

Result<bool> parse_zero_one(std::string_view text) {
  if (text == "1") return true;
  if (text == "0" || text.empty()) return false;
  return not_one_of(text, "0, 1");
}

Result<bool> parse_no_kill(std::string_view text) {
  if (text.empty()) return true;
  if (equal_in_any_case(text, "off") || equal_in_any_case(text, "no")) return false;
  return not_one_of(text, "off");
}

bool flag_is_set(std::string_view value) {
  if (value.empty() || equal_in_any_case(value, "yes")) return true;
  if (value.front() == '-' || value.front() == '+') value.remove_prefix(1);
  const auto number = parse_digits(value, std::numeric_limits<std::uint64_t>::max());
  return number && *number != 0;
}

Result<void> check_switches(std::string_view text) {
  bool timed = false;
  std::string_view wait = text;
  if (const auto count = parse_count(cut(wait, '@', timed)); !count) {
    return std::unexpected(count.error());
  }
  if (!timed) return {};
  if (const auto limit = parse_time_limit(wait); !limit) return std::unexpected(limit.error());
  return {};
}

Result<void> check_distribution(std::string_view text) {
  constexpr std::array<std::string_view, 3> nodes{"block", "cyclic", "arbitrary"};
  constexpr std::array<std::string_view, 3> within{"block", "cyclic", "fcyclic"};
  constexpr std::array<std::string_view, 2> packing{"pack", "nopack"};
  bool packed = false;
  std::string_view pack = text;
  std::string_view rest = cut(pack, ',', packed);
  if (packed && !is_one_of(pack, packing)) return not_one_of(pack, "Pack, NoPack");
  if (!packed && is_one_of(text, packing)) return {};
  bool more = false;
  const std::string_view first = cut(rest, ':', more);
  if (equal_in_any_case(first.substr(0, 6), "plane=")) {
    const auto size = parse_count(first.substr(6));
    if (!size) return std::unexpected(size.error());
  } else if (first != "*" && !is_one_of(first, nodes)) {
    return not_one_of(first, "block, cyclic, arbitrary, plane=SIZE, *");
  }
  for (int part = 0; more; ++part) {
    const std::string_view word = cut(rest, ':', more);
    if (part == 2) return invalid(fmt::format("\"{}\" has more than three parts.", text));
    if (word != "*" && !is_one_of(word, within))
      return not_one_of(word, "block, cyclic, fcyclic, *");
  }
  return {};
}

Result<void> check_gres_flags(std::string_view text) {
  constexpr std::array<std::string_view, 2> words{"disable-binding", "enforce-binding"};
  if (is_one_of(text, words)) return {};
  return not_one_of(text, "disable-binding, enforce-binding");
}

Result<void> check_profile(std::string_view text) {
  constexpr std::array<std::string_view, 6> words{"all",  "none",   "energy",
                                                  "task", "lustre", "network"};
  std::string_view wrong;
  const bool good = for_each_part(text, ',', [&](std::string_view part) {
    wrong = part;
    return is_one_of(part, words);
  });
  if (good) return {};
  return not_one_of(wrong, "all, none, energy, task, lustre, network");
}

Result<void> check_accounting_frequency(std::string_view text) {
  constexpr std::array<std::string_view, 4> kinds{"task", "energy", "network", "filesystem"};
  constexpr std::uint64_t seconds_max = 2'147'483'647;
  std::string_view wrong;
  const bool good = for_each_part(text, ',', [&](std::string_view part) {
    wrong = part;
    bool named = false;
    std::string_view seconds = part;
    const std::string_view kind = cut(seconds, '=', named);
    if (!named) return parse_digits(part, seconds_max).has_value();
    return is_one_of(kind, kinds) && parse_digits(seconds, seconds_max).has_value();
  });
  if (good) return {};
  return invalid(fmt::format("\"{}\" is not KIND=SECONDS.", wrong));
}

Result<void> check_priority(std::string_view text) {
  constexpr std::uint64_t most = 4'294'967'293;
  if (equal_in_any_case(text, "top") || parse_digits(text, most)) return {};
  return invalid(fmt::format("\"{}\" is neither TOP nor a number up to {}.", text, most));
}

Result<void> check_licenses(std::string_view text) {
  std::string_view wrong;
  const bool good = for_each_part(text, ',', [&](std::string_view part) {
    wrong = part;
    bool counted = false;
    std::string_view count = part;
    const std::string_view name = cut(count, ':', counted);
    return !name.empty() && (!counted || parse_count(count).has_value());
  });
  if (good) return {};
  return invalid(fmt::format("\"{}\" is not NAME or NAME:COUNT.", wrong));
}

}  // namespace fabrica::sbatch
