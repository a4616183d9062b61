#include "shims/command_line.h"

#include <fmt/format.h>

#include <algorithm>

namespace fabrica::shims {

namespace {

constexpr std::string_view as_it_is = "as_it_is";

struct NameMatch {
  const OptionRow* row = nullptr;
  bool ambiguous = false;
};

NameMatch match_name(std::span<const OptionRow> table, std::string_view name) {
  NameMatch match;
  for (const OptionRow& row : table) {
    if (row.name == name) return {&row, false};
    if (!row.name.starts_with(name)) continue;
    match.ambiguous = match.row != nullptr;
    match.row = &row;
  }
  return match;
}

bool wants_value(const OptionRow& row) {
  return row.takes == Takes::value || row.takes == Takes::ignored_value;
}

/// Walks through the words.
class WordReader {
 public:
  WordReader(std::string_view program, std::span<const OptionRow> table,
             std::span<const std::string> words)
      : program_(program), table_(table), words_(words) {}

  Outcome<Words> read() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (word == "--") break;
      if (word.size() < 2 || !word.starts_with('-')) {
        found_.operands.push_back(word);
      } else if (word.starts_with("--")) {
        TRY_DONE(take_name(word));
      } else {
        TRY_DONE(take_letters(word));
      }
    }
    for (; at_ < words_.size(); ++at_) found_.operands.push_back(words_[at_]);
    return std::move(found_);
  }

 private:
  std::unexpected<Failure> wrong(std::string_view what) const {
    return in_these_words(
        fmt::format("{0}: {1}\nTry \"{0} --help\" for more information", program_, what));
  }

  Outcome<void> keep(const OptionRow& row, std::string value) {
    if (row.takes == Takes::refused) {
      return cli::usage_failure(
          fmt::format("--{} is not supported: {} asks Fabrica, not one cluster.", row.name,
                      program_),
          "Leave it out.");
    }
    found_.options.emplace_back(row.name, std::move(value));
    return {};
  }

  Outcome<void> take_name(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const NameMatch match = match_name(table_, name);
    if (match.ambiguous) return wrong(fmt::format("option '--{}' is ambiguous", name));
    if (match.row == nullptr) return wrong(fmt::format("unrecognized option '{}'", word));
    if (equals != std::string::npos) {
      if (wants_value(*match.row) || match.row->takes == Takes::refused)
        return keep(*match.row, word.substr(equals + 1));
      return wrong(fmt::format("option '--{}' doesn't allow an argument", match.row->name));
    }
    if (!wants_value(*match.row)) return keep(*match.row, {});
    if (at_ == words_.size())
      return wrong(fmt::format("option '--{}' requires an argument", match.row->name));
    return keep(*match.row, words_[at_++]);
  }

  Outcome<void> take_letters(const std::string& word) {
    for (std::size_t at = 1; at < word.size(); ++at) {
      const auto row = std::ranges::find(table_, word[at], &OptionRow::letter);
      if (row == table_.end()) return wrong(fmt::format("invalid option -- '{}'", word[at]));
      if (!wants_value(*row)) {
        TRY_DONE(keep(*row, {}));
        continue;
      }
      if (at + 1 < word.size()) return keep(*row, word.substr(at + 1));
      if (at_ == words_.size())
        return wrong(fmt::format("option requires an argument -- '{}'", word[at]));
      return keep(*row, words_[at_++]);
    }
    return {};
  }

  std::string_view program_;
  std::span<const OptionRow> table_;
  std::span<const std::string> words_;
  std::size_t at_ = 0;
  Words found_;
};

}  // namespace

bool Words::has(std::string_view name) const {
  return std::ranges::any_of(options, [&](const auto& one) { return one.first == name; });
}

std::optional<std::string> Words::value(std::string_view name) const {
  std::optional<std::string> last;
  for (const auto& [option, value] : options) {
    if (option == name) last = value;
  }
  return last;
}

std::vector<std::string> Words::list(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& [option, value] : options) {
    if (option != name) continue;
    for (std::string& part : split_at_commas(value)) all.push_back(std::move(part));
  }
  return all;
}

Outcome<Words> read_words(std::string_view program, std::span<const OptionRow> table,
                          std::span<const std::string> words) {
  return WordReader(program, table, words).read();
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::unexpected<Failure> in_these_words(std::string text, int exit_code) {
  Failure failure(exit_code, std::move(text));
  failure.code = as_it_is;
  return std::unexpected(std::move(failure));
}

bool stands_as_it_is(const Failure& failure) { return failure.code == as_it_is; }

}  // namespace fabrica::shims
