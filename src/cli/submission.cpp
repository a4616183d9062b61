#include "cli/submission.h"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>

#include "base/check.h"
#include "base/limits.h"
#include "sbatch/option_table.h"
#include "sbatch/parse.h"

namespace fabrica::cli {

namespace {

/// Walks through the words.
class Splitter {
 public:
  Splitter(std::span<const std::string> words, GlobalOptions& global)
      : words_(words), global_(global) {}

  Outcome<SubmitWords> split();
  SubmitWords split_as_sbatch();

 private:
  // Options up to the script's name; `own` takes a word that is ours.
  Outcome<void> take_options(const std::function<Outcome<bool>(const std::string&)>& own);
  // Each takes one word, and its value, when it is theirs.
  Outcome<bool> take_own_anywhere(const std::string& word);
  Outcome<bool> take_own_before_script(const std::string& word);
  void take_long(const std::string& word);
  void take_letters(const std::string& word);

  Outcome<std::string> value_of(const std::string& word, std::string_view name);
  void keep_with_next(const std::string& word, bool wants_next);
  bool at_end() const { return at_ == words_.size(); }

  std::span<const std::string> words_;
  GlobalOptions& global_;
  std::size_t at_ = 0;
  SubmitWords found_;
};

// "--project" and "--project=3", not "--project-name".
bool is_option(std::string_view word, std::string_view name) {
  return word == name || (word.starts_with(name) && word.substr(name.size()).starts_with('='));
}

Outcome<std::string> Splitter::value_of(const std::string& word, std::string_view name) {
  if (word.size() > name.size()) return word.substr(name.size() + 1);
  if (at_end()) return usage_failure(fmt::format("{} needs a value.", name));
  return words_[at_++];
}

Outcome<bool> Splitter::take_own_anywhere(const std::string& word) {
  if (word == "--follow") {
    found_.follow = true;
  } else if (word == "--wait" || word == "-W") {
    found_.wait = true;
  } else if (word == "--dry-run") {
    found_.dry_run = true;
  } else if (is_option(word, "--project")) {
    TRY(found_.project, value_of(word, "--project"));
  } else {
    return false;
  }
  return true;
}

Outcome<bool> Splitter::take_own_before_script(const std::string& word) {
  TRY(const bool taken, take_own_anywhere(word));
  if (taken) return true;
  if (word == "--json") {
    global_.json = true;
  } else if (word == "--no-color") {
    global_.no_colour = true;
  } else if (word == "--quiet" || word == "-Q") {
    global_.quiet = true;
  } else if (word == "--parsable") {
    found_.parsable = true;
  } else if (word == "--diff") {
    found_.diff = true;
  } else if (is_option(word, "--server")) {
    TRY(global_.server, value_of(word, "--server"));
  } else if (is_option(word, "--data")) {
    TRY(global_.data, value_of(word, "--data"));
  } else if (is_option(word, "--token-file")) {
    TRY(global_.token_file, value_of(word, "--token-file"));
  } else {
    return false;
  }
  return true;
}

void Splitter::keep_with_next(const std::string& word, bool wants_next) {
  found_.options.push_back(word);
  if (wants_next && !at_end()) found_.options.push_back(words_[at_++]);
}

void Splitter::take_long(const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::string_view name =
      std::string_view(word).substr(2, equals == std::string::npos ? equals : equals - 2);
  const sbatch::OptionRow* row = sbatch::match_long(name).row;
  if (row != nullptr && row->name == "wrap") found_.wrap = true;
  const bool wants_value = row != nullptr && row->argument == sbatch::Argument::required;
  keep_with_next(word, wants_value && equals == std::string::npos);
}

// "-N2", "-N 2", "-HN 2": a letter that takes a value has the rest of the word, or the next one.
void Splitter::take_letters(const std::string& word) {
  for (std::size_t at = 1; at < word.size(); ++at) {
    const sbatch::OptionRow* row = sbatch::find_letter(word[at]);
    if (row == nullptr || row->argument == sbatch::Argument::optional) break;
    if (row->argument == sbatch::Argument::required)
      return keep_with_next(word, at + 1 == word.size());
  }
  keep_with_next(word, false);
}

Outcome<void> Splitter::take_options(const std::function<Outcome<bool>(const std::string&)>& own) {
  while (!at_end()) {
    const std::string& word = words_[at_++];
    TRY(const bool taken, own(word));
    if (taken) continue;
    if (word == "--") {
      if (!at_end()) found_.script = words_[at_++];
      break;
    }
    if (word.size() < 2 || !word.starts_with('-')) {
      found_.script = word;
      break;
    }
    if (word.starts_with("--")) {
      take_long(word);
    } else {
      take_letters(word);
    }
  }
  return {};
}

SubmitWords Splitter::split_as_sbatch() {
  const Outcome<void> taken = take_options([](const std::string&) { return false; });
  CHECK(taken.has_value(), "sbatch's options are told apart without judging them");
  found_.arguments.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
  return std::move(found_);
}

Outcome<SubmitWords> Splitter::split() {
  TRY_DONE(take_options([this](const std::string& word) { return take_own_before_script(word); }));
  while (!at_end()) {
    const std::size_t here = at_;
    TRY(const bool own, take_own_anywhere(words_[at_++]));
    if (own) continue;
    at_ = here;
    break;
  }
  if (!at_end() && words_[at_] == "--") at_ += 1;
  for (; !at_end(); ++at_) found_.arguments.push_back(words_[at_]);
  if (found_.wrap && found_.script) {
    return usage_failure("--wrap takes the place of a script, so there can be no script beside it.",
                         "Leave one of them out.");
  }
  return std::move(found_);
}

std::unexpected<Failure> unreadable(const std::string& file) {
  return usage_failure(fmt::format("The script {} cannot be read: {}.", file,
                                   std::generic_category().message(errno)));
}

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

Outcome<std::string> read_script(const std::optional<std::string>& name) {
  const std::string shown = name.value_or("on standard input");
  const std::unique_ptr<std::FILE, CloseFile> file(name ? std::fopen(name->c_str(), "rbe") : stdin);
  if (!file) return unreadable(shown);
  std::string text;
  std::array<char, 65'536> piece;
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get())) {
    text.append(piece.data(), size);
    if (text.size() > limits::script_bytes_max) {
      return usage_failure(
          fmt::format("The script {} is longer than {} bytes.", shown, limits::script_bytes_max),
          "Keep data in files that the script reads.");
    }
  }
  if (std::ferror(file.get()) != 0) return unreadable(shown);
  return text;
}

std::optional<std::string> login_name() {
  std::array<char, 4096> room;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return found->pw_name;
}

std::vector<std::pair<std::string, std::string>> whole_environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view variable = *at;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    variables.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return variables;
}

}  // namespace

Outcome<SubmitWords> split_submission(std::span<const std::string> words, GlobalOptions& global) {
  return Splitter(words, global).split();
}

SubmitWords split_sbatch(std::span<const std::string> words) {
  GlobalOptions none;
  return Splitter(words, none).split_as_sbatch();
}

std::map<std::string, std::string> environment_to_send(
    std::string_view script, const std::vector<std::string>& options,
    std::span<const std::pair<std::string, std::string>> environment) {
  std::map<std::string, std::string> sent;
  for (const auto& [name, value] : environment) {
    if (name.starts_with("SBATCH_")) sent.emplace(name, value);
  }
  // Mistakes are the server's to report; here only the names matter.
  const sbatch::Parsed parsed =
      sbatch::parse({.script = script, .environment = environment, .arguments = options});
  if (!parsed.options.environment) return sent;
  for (const sbatch::ExportedVariable& variable : parsed.options.environment->variables) {
    if (variable.value) continue;
    const auto found =
        std::ranges::find(environment, variable.name, &std::pair<std::string, std::string>::first);
    if (found != environment.end()) sent.emplace(found->first, found->second);
  }
  return sent;
}

Outcome<SubmissionBody> gather(const SubmitWords& words) {
  if (!words.script && !words.wrap && ::isatty(STDIN_FILENO) != 0) {
    return usage_failure("No script is named.",
                         "Write `fabrica submit train.sh`, or --wrap \"command\".");
  }
  SubmissionBody body;
  if (!words.wrap) {
    TRY(body.script, read_script(words.script));
    body.name = words.script;
  }
  body.arguments = words.arguments;
  body.options = words.options;
  body.environment = environment_to_send(body.script, body.options, whole_environment());
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (!error) body.working_directory = here.string();
  body.user = login_name();
  return body;
}

ScriptSource source_of(const SubmitWords& words, const SubmissionBody& body) {
  ScriptSource source{words.script.value_or("script"), body.script, body.options, {}};
  for (const auto& [name, value] : body.environment) source.variables.push_back(name);
  return source;
}

}  // namespace fabrica::cli
