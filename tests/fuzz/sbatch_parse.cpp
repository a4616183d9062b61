// Any bytes as a script: the parser ends, and every place that it names is inside the script.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "sbatch/parse.h"
#include "sbatch/pattern.h"
#include "sbatch/rewrite.h"

namespace {

using namespace fabrica;
using sbatch::Origin;
using sbatch::Parsed;
using sbatch::Place;

void check_place(std::string_view script, std::size_t variables, std::size_t arguments,
                 Place place) {
  if (place.origin == Origin::environment) {
    CHECK(place.line == 0 && place.column >= 1 && place.column <= variables,
          "a place of the environment");
  } else if (place.origin == Origin::command_line) {
    CHECK(place.line == 0 && place.column >= 1 && place.column <= arguments,
          "a place of the command line");
  } else {
    for (std::uint32_t line = 1; line < place.line; ++line) {
      const std::size_t end = script.find('\n');
      CHECK(end != std::string_view::npos, "a line of the script");
      script.remove_prefix(end + 1);
    }
    const std::size_t end = std::min(script.find('\n'), script.size());
    CHECK(place.line >= 1 && place.column >= 1 && place.column <= end + 1, "a column of the line");
  }
}

void check_shape(const sbatch::Shape& shape) {
  CHECK(shape.nodes_min >= 1 && shape.nodes_min <= shape.nodes_max, "a range of nodes");
  CHECK(shape.nodes_max <= limits::nodes_max && shape.tasks <= limits::tasks_max,
        "within the limits");
  for (const std::uint32_t nodes : {shape.nodes_min, shape.nodes_max}) {
    const sbatch::Shape fixed = sbatch::on_nodes(shape, nodes);
    CHECK(fixed.tasks_per_node >= 1 && sbatch::cpus_per_node(fixed) >= 1, "a node does something");
    CHECK(std::uint64_t{fixed.gpus_per_node} * nodes >= fixed.gpus, "the nodes hold the GPUs");
    (void)sbatch::memory_mib_per_node(fixed);
  }
}

void check_parsed(std::string_view script, const sbatch::Input& input) {
  const Parsed parsed = sbatch::parse(input);
  CHECK(parsed.diagnostics.size() <= limits::sbatch_diagnostics_max, "a bound on diagnostics");
  for (const auto& diagnostic : parsed.diagnostics) {
    check_place(script, input.environment.size(), input.arguments.size(), diagnostic.place);
    CHECK(!diagnostic.text.empty(), "a diagnostic says something");
  }
  for (const auto& given : parsed.options.given) {
    check_place(script, input.environment.size(), input.arguments.size(), given.place);
  }
  if (!parsed.ok()) return;
  check_shape(parsed.shape);
  if (parsed.options.timing.array) {
    CHECK(sbatch::tasks_of(*parsed.options.timing.array).size() <= limits::array_tasks_max,
          "a bound on tasks");
  }
  if (parsed.options.files.output) (void)sbatch::expand_pattern(*parsed.options.files.output, {});
  if (parsed.options.timing.begin)
    (void)sbatch::resolve(*parsed.options.timing.begin, Time{0}, hours(1));
}

/// What parses can be rewritten, parses again, and says what the site says; twice is once.
void check_rewritten(std::string_view script) {
  if (!sbatch::parse({script, {}, {}}).ok()) return;
  const sbatch::WordsThere there{"fab", "gpu", "a\\b \"c\"#", "", "r", "h100"};
  const Result<sbatch::Rewritten> rewritten = sbatch::rewrite(script, there);
  CHECK(rewritten.has_value(), "what parses is rewritten");
  const std::string text = text_of(*rewritten);
  const sbatch::Parsed again = sbatch::parse({text, {}, {}});
  CHECK(again.ok(), "what is rewritten parses");
  const sbatch::SiteWords& words = again.options.words;
  CHECK(words.account == there.account && words.partition == there.partition &&
            words.qos == there.qos && words.reservation == there.reservation,
        "the site's words stand in it");
  CHECK(!words.constraint && !words.nodelist && !words.exclude, "and no others");
  CHECK(again.shape.gpus == 0 || again.shape.gpu_type == there.gpu_type, "with its GPUs");
  CHECK(unified_diff(*rewritten, "a", "b").empty() == (text == script), "a diff shows changes");
  CHECK(text_of(*sbatch::rewrite(text, there)) == text, "twice is once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(bytes, bytes + size);
  check_parsed(text, {text, {}, {}});
  check_rewritten(text);
  // The same words as arguments and as variables, so that these ways see more than scripts.
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n\t", at), text.size());
    if (end > at) arguments.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  for (const std::string& word : arguments) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos && word.starts_with("SBATCH_")) {
      environment.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
  }
  const std::string_view plain = "#!/bin/sh\nhostname\n";
  check_parsed(plain, {plain, environment, arguments});
  return 0;
}
