#include "sbatch/match.h"

#include <fmt/format.h>

#include <string>

#include "base/limits.h"

namespace fabrica::sbatch {
namespace {

std::string list(std::span<const std::string_view> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += fmt::format("--{}", names[i]);
  }
  return text;
}

class Matcher {
 public:
  Matcher(std::span<const Token> tokens, Findings& findings)
      : tokens_(tokens), findings_(findings) {}

  std::vector<Match> match() {
    while (at_ < tokens_.size() && !findings_.full()) {
      if (matches_.size() >= limits::sbatch_options_max) {
        findings_.error(here().place, "",
                        fmt::format("More than {} options are given.", limits::sbatch_options_max));
        break;
      }
      const std::size_t first = at_;
      const std::size_t found = matches_.size();
      const std::string_view text = here().text;
      if (text == "--") {
        read_after_end();
      } else if (text.starts_with("--")) {
        read_long();
      } else if (text.starts_with('-') && text.size() > 1) {
        read_short();
      } else {
        refuse_stray();
      }
      for (std::size_t i = found; i < matches_.size(); ++i) {
        matches_[i].first = first;
        matches_[i].last = at_;
      }
      ++at_;
    }
    return std::move(matches_);
  }

 private:
  const Token& here() const { return tokens_[at_]; }

  /// The place of a part of the current token.
  Place place_in(std::size_t offset) const {
    Place place = here().place;
    if (here().plain && place.origin == Origin::directive) {
      place.column += static_cast<std::uint32_t>(offset);
    }
    return place;
  }

  /// Adds an option whose value is the next token, if there is one.
  void add_with_next(const OptionRow& row, std::string_view written) {
    const Place place = here().place;
    if (at_ + 1 == tokens_.size()) {
      findings_.error(place, fmt::format("--{}", row.name),
                      fmt::format("{} needs a value.", written),
                      row.form.empty() ? std::string{} : fmt::format("Write it as {}.", row.form));
      return;
    }
    ++at_;
    if (here().text.starts_with("--")) {
      findings_.warning(here().place, fmt::format("--{}", row.name),
                        fmt::format("\"{}\" is taken as the value of {}.", here().text, written),
                        "Give the option a value of its own.");
    }
    matches_.push_back({&row, here().text, place, here().place});
  }

  void read_long() {
    const std::string_view text = here().text;
    const std::size_t equals = text.find('=');
    const bool valued = equals != std::string_view::npos;
    const std::string_view name = text.substr(2, valued ? equals - 2 : equals);
    const LongMatch found = match_long(name);
    if (found.row == nullptr) return refuse_long(name, found, valued);
    const OptionRow& row = *found.row;
    if (valued && row.argument == Argument::none) {
      findings_.error(here().place, fmt::format("--{}", row.name),
                      fmt::format("--{} takes no value.", row.name),
                      fmt::format("Write just --{}.", row.name));
    } else if (valued) {
      matches_.push_back({&row, text.substr(equals + 1), here().place, place_in(equals + 1)});
    } else if (row.argument == Argument::required) {
      add_with_next(row, text);
    } else {
      matches_.push_back({&row, {}, here().place, here().place});
    }
  }

  void refuse_long(std::string_view name, const LongMatch& found, bool valued) {
    if (!found.candidates.empty()) {
      findings_.error(here().place, fmt::format("--{}", name),
                      fmt::format("--{} may be {}.", name, list(found.candidates)),
                      "Write the whole name.");
    } else {
      const auto nearest = nearest_options(name);
      findings_.error(
          here().place, fmt::format("--{}", name), fmt::format("sbatch has no option --{}.", name),
          nearest.empty() ? std::string{} : fmt::format("Did you mean {}?", list(nearest)));
    }
    skip_value(valued);
  }

  /// After an option that is none, a following word is its value and no mistake of its own.
  void skip_value(bool valued) {
    if (!valued && at_ + 1 < tokens_.size() && tokens_[at_ + 1].place.line == here().place.line &&
        !tokens_[at_ + 1].text.starts_with('-')) {
      ++at_;
    }
  }

  void read_short() {
    const std::string_view text = here().text;
    const std::string_view long_name = text.substr(
        1, text.find('=') == std::string_view::npos ? std::string_view::npos : text.find('=') - 1);
    if (long_name.size() > 1 && find_option(long_name) != nullptr) {
      findings_.error(here().place, fmt::format("--{}", long_name),
                      fmt::format("With one dash, \"{}\" is read letter by letter.", text),
                      fmt::format("Write --{}.", long_name));
      return skip_value(long_name.size() + 1 < text.size());
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
      const OptionRow* row = find_letter(text[i]);
      if (row == nullptr) {
        findings_.error(place_in(i), fmt::format("-{}", text[i]),
                        fmt::format("sbatch has no option -{}.", text[i]),
                        text.size() > 2 ? "A long name needs two dashes." : "");
        return skip_value(false);
      }
      if (row->argument == Argument::none) {
        matches_.push_back({row, {}, place_in(i == 1 ? 0 : i), place_in(i)});
        continue;
      }
      return read_short_value(*row, i);
    }
  }

  /// The value of the option whose letter is the `i`th of the token.
  void read_short_value(const OptionRow& row, std::size_t i) {
    const std::string_view value = here().text.substr(i + 1);
    const Place place = place_in(i == 1 ? 0 : i);
    if (value.empty() && row.argument == Argument::required) {
      return add_with_next(row, fmt::format("-{}", row.letter));
    }
    if (value.starts_with('=')) {
      findings_.error(
          place_in(i + 1), fmt::format("--{}", row.name),
          fmt::format("The value of -{} would be \"{}\", with the equals sign.", row.letter, value),
          fmt::format("Write -{0} {1} or --{2}={1}.", row.letter, value.substr(1), row.name));
      return;
    }
    matches_.push_back({&row, value, place, value.empty() ? place : place_in(i + 1)});
  }

  void refuse_stray() {
    const Token& token = here();
    std::string hint = "An option begins with - or --.";
    if (token.place.origin == Origin::command_line && token.text == ":") {
      findings_.error(token.place, "", "Heterogeneous jobs (\":\" between options) are not taken.",
                      "Submit one job for each part, or ask for the same on every node.");
      return;
    }
    if (at_ > 0 && !matches_.empty() && tokens_[at_ - 1].place.line == token.place.line) {
      const Match& last = matches_.back();
      if (last.value.empty() && last.row->argument != Argument::none) {
        hint = fmt::format("For a value of --{0} write --{0}={1}, without blanks.", last.row->name,
                           token.text);
      } else if (last.row->argument == Argument::required) {
        hint = "A value with blanks in it needs quotes.";
      }
    }
    findings_.error(token.place, "", fmt::format("\"{}\" is no option.", token.text),
                    std::move(hint));
  }

  /// After "--" nothing is an option.
  void read_after_end() {
    while (at_ + 1 < tokens_.size()) {
      ++at_;
      findings_.error(
          here().place, "",
          fmt::format("\"{}\" stands after \"--\", which ends the options.", here().text),
          "Remove the \"--\".");
    }
  }

  std::span<const Token> tokens_;
  Findings& findings_;
  std::vector<Match> matches_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Match> match_options(std::span<const Token> tokens, Findings& findings) {
  return Matcher(tokens, findings).match();
}

}  // namespace fabrica::sbatch
