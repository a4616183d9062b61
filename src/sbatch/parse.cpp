#include "sbatch/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "sbatch/lint.h"
#include "sbatch/match.h"
#include "sbatch/option_table.h"
#include "sbatch/tokens.h"

namespace fabrica::sbatch {
namespace {

/// Collects options in the order of their weight.
class Reader {
 public:
  explicit Reader(Findings& findings) : findings_(findings) {
    latest_.fill(nobody);
    options_.given.reserve(16);
  }

  /// Takes one option in; a later one overrules it.
  void take(const Match& match) {
    const OptionRow& row = proper_row(*match.row);
    if (row.treatment == Treatment::refused) {
      findings_.error(match.place, fmt::format("--{}", row.name),
                      fmt::format("--{} cannot be used here.", row.name), std::string(row.form));
      return;
    }
    if (row.name == "wrap" && match.place.origin == Origin::directive) {
      findings_.error(match.place, "--wrap", "--wrap stands for a script, so it cannot be in one.",
                      "Write the command into the script.");
      return;
    }
    const bool literal = match.place.origin == Origin::directive;
    remark_on_value(row.name, match.value, match.value_place, literal, findings_);
    if (!literal && refuse_placeholder(row, match)) return;
    if (row.set != nullptr) {
      if (const Result<void> done = row.set(options_, match.value); !done) {
        findings_.error(
            match.value_place, fmt::format("--{}", row.name), done.error().text,
            row.form.empty() ? std::string{} : fmt::format("Write it as {}.", row.form));
        return;
      }
    }
    overrule(row);
    if (!row.rival.empty()) overrule(*find_option(row.rival));
    latest_[index_of(row)] = options_.given.size();
    from_environment_ |= match.place.origin == Origin::environment;
    options_.given.push_back({std::string(row.name), std::string(match.value), match.place, false});
  }

  /// Memory is asked for per node, per CPU or per GPU; a variable yields to whatever else was
  /// given. Likewise a --hint and the options that it stands for.
  void settle_families() {
    constexpr std::array<std::string_view, 3> memory{"mem", "mem-per-cpu", "mem-per-gpu"};
    constexpr std::array<std::string_view, 4> layout{"hint", "threads-per-core", "ntasks-per-core",
                                                     "extra-node-info"};
    if (from_environment_) {
      drop_environment(memory);
      drop_environment(layout);
    }
    if (!options_.resources.hints.empty()) settle_hint();
  }

  Options take_options() { return std::move(options_); }
  const Options& options() const { return options_; }

 private:
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

  Given* latest(std::string_view name) {
    const std::size_t at = latest_[index_of(*find_option(name))];
    return at == nobody ? nullptr : &options_.given[at];
  }

  void overrule(const OptionRow& row) {
    std::size_t& at = latest_[index_of(row)];
    if (at != nobody) options_.given[at].overruled = true;
    at = nobody;
  }

  bool refuse_placeholder(const OptionRow& row, const Match& match) {
    const std::string_view found = find_placeholder(match.value);
    if (found.empty() || row.name == "comment" || row.name == "wrap") return false;
    findings_.error(match.value_place, fmt::format("--{}", row.name),
                    fmt::format("\"{}\" is a placeholder that was not filled in.", found),
                    "Put the value in its place.");
    return true;
  }

  void drop_environment(std::span<const std::string_view> family) {
    const auto from_environment = [](const Given& given) {
      return given.place.origin == Origin::environment;
    };
    const bool stronger = std::ranges::any_of(family, [&](std::string_view name) {
      const Given* given = latest(name);
      return given != nullptr && !from_environment(*given);
    });
    if (!stronger) return;
    for (const std::string_view name : family) {
      if (const Given* given = latest(name); given != nullptr && from_environment(*given))
        drop(name);
    }
  }

  /// As if nobody had given it.
  void drop(std::string_view name) {
    overrule(*find_option(name));
    Resources& resources = options_.resources;
    if (name == "mem") resources.memory.reset();
    if (name == "mem-per-cpu") resources.memory_per_cpu.reset();
    if (name == "mem-per-gpu") resources.memory_per_gpu.reset();
    if (name == "hint") resources.hints.clear();
    if (name == "threads-per-core") resources.threads_per_core.reset();
    if (name == "ntasks-per-core") resources.ntasks_per_core.reset();
    if (name == "extra-node-info") resources.node_layout.reset();
  }

  void settle_hint() {
    const Given* hint = latest("hint");
    if (hint == nullptr) return;
    constexpr std::array<std::string_view, 3> rivals{"threads-per-core", "ntasks-per-core",
                                                     "extra-node-info"};
    for (const std::string_view rival : rivals) {
      if (latest(rival) == nullptr) continue;
      findings_.warning(hint->place, "--hint", fmt::format("--hint is ignored beside --{}.", rival),
                        "Give only one of them.");
      return drop("hint");
    }
  }

  Findings& findings_;
  Options options_;
  std::array<std::size_t, option_rows_max> latest_{};  // by row of the option table
  bool from_environment_ = false;
};

void read_script(const Input& input, Reader& reader, Header& header, Findings& findings) {
  header = read_header(input.script, findings);
  for (const Match& match : match_options(header.tokens, findings)) reader.take(match);
}

void read_variable(const std::pair<std::string, std::string>& variable, Place place, Reader& reader,
                   Findings& findings) {
  const auto& [name, value] = variable;
  if (!name.starts_with("SBATCH_") || is_set_by_slurm(name)) return;
  const OptionRow* row = find_variable(name);
  if (row == nullptr) {
    findings.warning(place, "", fmt::format("sbatch reads no variable {}.", name),
                     "Unset it, or give the option it was meant for.");
  } else if (value.size() > limits::sbatch_line_bytes_max) {
    findings.error(place, fmt::format("--{}", row->name),
                   fmt::format("{} is longer than {} bytes.", name, limits::sbatch_line_bytes_max));
  } else if (row->argument != Argument::none || flag_is_set(value)) {
    reader.take({row, row->argument == Argument::none ? std::string_view{} : value, place, place});
  }
}

void read_environment(const Input& input, Reader& reader, Findings& findings) {
  std::uint32_t number = 0;
  for (const auto& variable : input.environment) {
    read_variable(variable, {Origin::environment, 0, ++number}, reader, findings);
  }
}

std::vector<Match> match_arguments(const Input& input, Findings& findings) {
  std::vector<Token> tokens;
  tokens.reserve(input.arguments.size());
  std::uint32_t number = 0;
  for (const std::string& argument : input.arguments) {
    const Place place{Origin::command_line, 0, ++number};
    if (argument.size() > limits::sbatch_line_bytes_max) {
      findings.error(
          place, "",
          fmt::format("This argument is longer than {} bytes.", limits::sbatch_line_bytes_max));
      return {};
    }
    tokens.push_back({argument, place, true});
  }
  return match_options(tokens, findings);
}

bool names_wrap(const Match& match) { return match.row->name == "wrap"; }

void refuse_foreign(const Header& header, const Options& options, Findings& findings) {
  for (const Place place : header.foreign) {
    if (options.client.ignore_pbs) {
      findings.remark(place, "", "This line is ignored, as --ignore-pbs asks.");
    } else {
      findings.error(place, "",
                     "#PBS and #BSUB lines are not read here, though sbatch would obey them.",
                     "Write them as #SBATCH lines, or give --ignore-pbs.");
    }
  }
}

}  // namespace

bool Parsed::ok() const {
  return std::ranges::none_of(
      diagnostics, [](const Diagnostic& one) { return one.severity == Severity::error; });
}

const Given* effective(const Options& options, std::string_view name) {
  for (auto given = options.given.rbegin(); given != options.given.rend(); ++given) {
    if (!given->overruled && given->name == name) return &*given;
  }
  return nullptr;
}

Place place_of(const Options& options, std::string_view name) {
  const Given* given = effective(options, name);
  return given != nullptr ? given->place : Place{Origin::directive, 1, 1};
}

Parsed parse(const Input& input) {
  Findings findings;
  Reader reader(findings);
  Header header;
  const std::vector<Match> arguments = match_arguments(input, findings);
  const bool wrapped = std::ranges::any_of(arguments, names_wrap);
  if (!wrapped || !input.script.empty()) read_script(input, reader, header, findings);
  read_environment(input, reader, findings);
  for (const Match& match : arguments) reader.take(match);
  reader.settle_families();
  if (wrapped && !input.script.empty()) {
    findings.error(place_of(reader.options(), "wrap"), "--wrap",
                   "A script and --wrap are both given.", "Give one of them.");
  }
  refuse_foreign(header, reader.options(), findings);
  Parsed parsed;
  parsed.options = reader.take_options();
  if (findings.ok()) parsed.shape = shape_of(parsed.options, findings);
  if (findings.ok()) remark_on_options(parsed.options, findings);
  parsed.diagnostics = findings.take();
  return parsed;
}

}  // namespace fabrica::sbatch
