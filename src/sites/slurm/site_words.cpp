#include "sites/slurm/site_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/result.h"

namespace fabrica::sites::slurm {

namespace {

// So many words are listed in a hint.
constexpr std::size_t listed_words_max = 12;

std::vector<std::string> split_at(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    if (end != 0 && !text.empty()) parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// Alternatives, counts and brackets have no words that could be replaced one by one.
bool is_plain(std::string_view constraint) {
  return constraint.find_first_of("|[]()*") == std::string_view::npos;
}

/// Answers for one partition.
class Translator {
 public:
  Translator(const PartitionDictionary& dictionary, const sbatch::AskedWords& asked)
      : dictionary_(dictionary), own_(dictionary.own), asked_(asked) {}

  sbatch::SiteAnswer answer() {
    answer_.rewrites = dictionary_.slurm;
    answer_.there = {own_.account,    own_.partition,   own_.qos,
                     own_.constraint, own_.reservation, own_.gpu_kind};
    translate_partition();
    translate_name("qos", asked_.words.qos, WordKind::qos, answer_.there.qos);
    translate_name("reservation", asked_.words.reservation, WordKind::reservation,
                   answer_.there.reservation);
    translate_constraint();
    refuse_nodes("nodelist", asked_.words.nodelist);
    refuse_nodes("exclude", asked_.words.exclude);
    answer_.knows_gpu_type = !asked_.gpu_type.empty() && names_gpus(asked_.gpu_type);
    return std::move(answer_);
  }

 private:
  const KnownWord* find(WordKind kind, std::string_view word) const {
    const auto found = std::ranges::find_if(dictionary_.known, [&](const KnownWord& one) {
      return one.kind == kind && one.word == word;
    });
    return found == dictionary_.known.end() ? nullptr : &*found;
  }

  // The type is the cluster's own word for the partition's GPUs, or the federation's.
  bool is_type_here(std::string_view type) const {
    if (type.empty()) return false;
    return type == own_.gpu_kind || type == dictionary_.gpu_kind ||
           dictionary_.gpu_kind.starts_with(fmt::format("{}-", type));
  }

  bool names_gpus(std::string_view type) const {
    if (is_type_here(type)) return true;
    const KnownWord* known = find(WordKind::gpu_type, type);
    return known != nullptr && (known->here.empty() || is_type_here(known->here));
  }

  std::string hint_for(WordKind kind, const std::string& own) const {
    std::vector<std::string> words = split_at(own, kind == WordKind::constraint ? "&," : "");
    for (const KnownWord& known : dictionary_.known) {
      if (known.kind == kind && !contains(words, known.word)) words.push_back(known.word);
    }
    if (words.empty()) return "Leave it out.";
    const bool more = words.size() > listed_words_max;
    if (more) words.resize(listed_words_max);
    return fmt::format("Leave it out, or take one that is known there: {}{}.",
                       fmt::join(words, ", "), more ? ", …" : "");
  }

  void refuse_word(std::string_view option, std::string text, std::string hint) {
    answer_.refused.push_back({std::string(option), std::move(text), std::move(hint)});
  }

  void translate_partition() {
    if (!asked_.words.partition) return;
    const std::vector<std::string> wanted = split_at(*asked_.words.partition, ",");
    answer_.knows_partition = !own_.partition.empty() && contains(wanted, own_.partition);
    if (answer_.knows_partition) return;
    for (const auto& [slug, name] : dictionary_.partitions) {
      if (name.empty() || !contains(wanted, name)) continue;
      return refuse_word("partition", fmt::format("At this site --partition={} is {}.", name, slug),
                         "Leave it out to let the partition be chosen.");
    }
  }

  void translate_name(std::string_view option, const std::optional<std::string>& asked,
                      WordKind kind, std::string& there) {
    if (!asked || asked->empty() || *asked == there) return;
    const KnownWord* known = find(kind, *asked);
    if (known == nullptr) {
      return refuse_word(option, fmt::format("This site knows no {} \"{}\".", option, *asked),
                         hint_for(kind, there));
    }
    if (!known->here.empty()) there = known->here;
  }

  void translate_constraint() {
    const auto& asked = asked_.words.constraint;
    if (!asked || asked->empty() || *asked == own_.constraint) return;
    std::vector<std::string> words;
    if (const KnownWord* whole = find(WordKind::constraint, *asked)) {
      if (!whole->here.empty()) words.push_back(whole->here);
    } else if (!is_plain(*asked)) {
      return refuse_constraint(*asked);
    } else {
      for (const std::string& word : split_at(*asked, "&,")) {
        if (!take_feature(word, words)) return refuse_constraint(word);
      }
    }
    if (!words.empty()) join_constraint(words);
  }

  void refuse_constraint(std::string_view word) {
    refuse_word("constraint", fmt::format("This site knows no constraint \"{}\".", word),
                hint_for(WordKind::constraint, own_.constraint));
  }

  // False when the partition does not know the feature.
  bool take_feature(const std::string& word, std::vector<std::string>& words) {
    if (const KnownWord* known = find(WordKind::constraint, word)) {
      if (!known->here.empty() && !contains(words, known->here)) words.push_back(known->here);
      return true;
    }
    if (is_plain(own_.constraint) && contains(split_at(own_.constraint, "&,"), word)) return true;
    if (!names_gpus(word)) return false;
    answer_.remarks.push_back(fmt::format("--constraint={} is met by the partition's GPUs.", word));
    return true;
  }

  void join_constraint(std::vector<std::string> words) {
    if (own_.constraint.empty()) {
      answer_.there.constraint = fmt::format("{}", fmt::join(words, "&"));
      return;
    }
    const bool plain = is_plain(own_.constraint) && std::ranges::all_of(words, is_plain);
    if (!plain) {
      return refuse_word("constraint", "This partition has a constraint of its own already.",
                         "Leave it out.");
    }
    std::vector<std::string> all = split_at(own_.constraint, "&,");
    for (std::string& word : words) {
      if (!contains(all, word)) all.push_back(std::move(word));
    }
    answer_.there.constraint = fmt::format("{}", fmt::join(all, "&"));
  }

  void refuse_nodes(std::string_view option, const std::optional<std::string>& asked) {
    if (!asked || asked->empty()) return;
    refuse_word(option, fmt::format("--{} names nodes of one cluster.", option),
                "Leave it out; ask for what the nodes must have, such as --gpus-per-node.");
  }

  const PartitionDictionary& dictionary_;
  const PartitionWords& own_;
  const sbatch::AskedWords& asked_;
  sbatch::SiteAnswer answer_;
};

}  // namespace

sbatch::SiteAnswer answer_of(const PartitionDictionary& dictionary,
                             const sbatch::AskedWords& asked) {
  return Translator(dictionary, asked).answer();
}

sbatch::AskedWords words_asked(const jobs::JobDocument& document) {
  sbatch::AskedWords asked;
  const std::array<std::pair<std::string_view, std::optional<std::string>*>, 3> members{
      {{"qos=", &asked.words.qos},
       {"constraint=", &asked.words.constraint},
       {"reservation=", &asked.words.reservation}}};
  for (const std::string& option : document.options) {
    for (const auto& [name, word] : members) {
      if (option.starts_with(name)) *word = option.substr(name.size());
    }
  }
  return asked;
}

Result<PartitionWords> words_for_job(const PartitionDictionary& dictionary,
                                     const jobs::JobDocument& document) {
  const sbatch::SiteAnswer answer = answer_of(dictionary, words_asked(document));
  if (!answer.refused.empty()) {
    const sbatch::RefusedWord& first = answer.refused.front();
    return refuse(refusal::invalid, first.option, fmt::format("{} {}", first.text, first.hint));
  }
  PartitionWords words = dictionary.own;
  words.qos = answer.there.qos;
  words.constraint = answer.there.constraint;
  words.reservation = answer.there.reservation;
  return words;
}

}  // namespace fabrica::sites::slurm
