#include "api/site_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "api/context.h"
#include "net/oneshot.h"
#include "sbatch/lint.h"
#include "sbatch/rewrite.h"

namespace fabrica::api {

namespace {

// So many partitions are named in one warning.
constexpr std::size_t named_partitions_max = 6;

std::vector<PartitionAnswer> ask_each(const State& state, const WordsAt& words_at,
                                      const sbatch::AskedWords& asked) {
  std::vector<PartitionAnswer> answers;
  state.federation.partitions.for_each(
      [&](federation::PartitionId id, const federation::Partition& partition) {
        const federation::Site& site = state.federation.sites.at(partition.site);
        if (site.connection == federation::Connection::none) return;
        answers.push_back({id, partition.site, partition.slug, partition.gpu_kind,
                           words_at(site.slug, partition, asked)});
      });
  return answers;
}

sbatch::Findings directories_of(const Draft& draft) {
  sbatch::Findings findings;
  sbatch::remark_on_directories(draft.options, findings);
  return findings;
}

/// Sorts partitions into those that can take the draft's words and those that cannot.
class Settling {
 public:
  Settling(Draft& draft, const std::vector<PartitionAnswer>& answers)
      : draft_(draft), answers_(answers) {}

  Answer<void> settle() {
    TRY_DONE(need_known_partition());
    const bool by_own_names = settle_gpu_type();
    for (const PartitionAnswer& one : answers_) {
      if (!is_named(one)) draft_.request.unsuitable.push_back(one.id);
      if (!is_considered(one)) continue;
      if (one.answer.refused.empty() && (!by_own_names || has_gpus(one))) {
        ++left_;
        slurm_left_ |= one.answer.rewrites;
      } else {
        leave_out(one, by_own_names);
      }
    }
    tell_refused();
    if (slurm_left_) add_diagnostics(draft_.diagnostics, directories_of(draft_).take());
    if (left_ == 0 && !refused_.empty()) {
      return std::unexpected(script_problem(draft_.diagnostics));
    }
    return {};
  }

 private:
  bool is_named(const PartitionAnswer& one) const {
    return draft_.among.empty() || std::ranges::find(draft_.among, one.id) != draft_.among.end();
  }

  bool is_considered(const PartitionAnswer& one) const {
    const jobs::JobRequest& request = draft_.request;
    return is_named(one) && (!request.site || request.site == one.site) &&
           (!request.partition || request.partition == one.id);
  }

  // The federation's kinds begin with the type that is asked for ("a100" for "a100-64"), or the
  // site's own name for its GPUs does.
  bool has_gpus(const PartitionAnswer& one) const {
    return one.answer.knows_gpu_type || one.gpu_kind.starts_with(gpu_type_);
  }

  Answer<void> need_known_partition() {
    const auto& partition = draft_.options.words.partition;
    if (!draft_.among.empty() || draft_.request.partition || !partition) return {};
    const auto knows = [](const PartitionAnswer& one) { return one.answer.knows_partition; };
    if (std::ranges::any_of(answers_, knows)) return {};
    if (!draft_.partition) return {};
    const Word& word = *draft_.partition;
    const std::string text =
        fmt::format("There is no partition \"{}\" here.", word.text.substr(0, 60));
    if (word.place && word.place->origin == sbatch::Origin::command_line) {
      return std::unexpected(unknown_word(word, "partition", text,
                                          "Name one of those that /v1/partitions lists, or none."));
    }
    sbatch::Findings findings;
    findings.warning(word.place.value_or(sbatch::Place{}), "--partition", text,
                     "Another one takes its place; name one of this federation to choose it.");
    add_diagnostics(draft_.diagnostics, findings.take());
    return {};
  }

  // The kernel compares types with the federation's kinds only. Where a site has another name for
  // its GPUs, the comparison is done here, and the kernel does not ask again.
  bool settle_gpu_type() {
    gpu_type_ = draft_.request.gpu_kind;
    if (gpu_type_.empty()) return false;
    const bool by_own_names = std::ranges::any_of(answers_, [&](const PartitionAnswer& one) {
      return is_considered(one) && one.answer.knows_gpu_type &&
             !one.gpu_kind.starts_with(gpu_type_);
    });
    if (by_own_names) draft_.request.gpu_kind.clear();
    return by_own_names;
  }

  void leave_out(const PartitionAnswer& one, bool by_own_names) {
    draft_.request.unsuitable.push_back(one.id);
    for (const sbatch::RefusedWord& word : one.answer.refused) note(one, word);
    if (one.answer.refused.empty() && by_own_names) {
      note(one, {"gres", fmt::format("It has no GPUs of type \"{}\".", gpu_type_),
                 "Ask for a number of GPUs without a type."});
    }
  }

  void note(const PartitionAnswer& one, const sbatch::RefusedWord& word) {
    refused_[{word.option, word.text, word.hint}].push_back(one.slug);
  }

  void tell_refused() {
    sbatch::Findings findings;
    for (auto& [word, slugs] : refused_) {
      const auto& [option, text, hint] = word;
      const bool more = slugs.size() > named_partitions_max;
      if (more) slugs.resize(named_partitions_max);
      const std::string said =
          fmt::format("Not on {}{}: {}", fmt::join(slugs, ", "), more ? ", …" : "", text);
      const sbatch::Place place = place_of(draft_.options, option);
      if (left_ == 0) {
        findings.error(place, "--" + option, said, hint);
      } else {
        findings.remark(place, "--" + option, said, hint);
      }
    }
    add_diagnostics(draft_.diagnostics, findings.take());
  }

  Draft& draft_;
  const std::vector<PartitionAnswer>& answers_;
  std::string gpu_type_;
  std::size_t left_ = 0;
  bool slurm_left_ = false;
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<std::string>> refused_;
};

}  // namespace

bool has_site_words(const Draft& draft) {
  const sbatch::SiteWords& words = draft.options.words;
  return (draft.partition && !draft.request.partition) || words.qos || words.reservation ||
         words.constraint || words.nodelist || words.exclude || !draft.request.gpu_kind.empty() ||
         !directories_of(draft).take().empty();
}

sbatch::AskedWords asked_words(const Draft& draft) {
  sbatch::AskedWords asked{draft.options.words, draft.request.gpu_kind};
  // A partition of ours is where the job goes, whatever it is called there.
  if (draft.request.partition || !draft.among.empty()) asked.words.partition.reset();
  return asked;
}

net::Awaitable<std::optional<std::vector<PartitionAnswer>>> ask_sites(Context* context,
                                                                      sbatch::AskedWords asked) {
  const net::Oneshot<std::vector<PartitionAnswer>> answered;
  const bool taken =
      context->writer().ask([answered, context, asked = std::move(asked)](const State& state) {
        answered.complete(ask_each(state, context->words_at(), asked));
      });
  if (!taken) co_return std::nullopt;
  co_return co_await answered.wait();
}

Answer<void> settle_words(Draft& draft, const std::vector<PartitionAnswer>& answers) {
  return Settling(draft, answers).settle();
}

std::string refusal_text(const sbatch::SiteAnswer& answer) {
  std::string text;
  for (const sbatch::RefusedWord& word : answer.refused) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", word.text, word.hint);
  }
  return text;
}

std::string diff_for(const Draft& draft, const PartitionAnswer& answer) {
  if (!answer.answer.rewrites) return {};
  const Result<sbatch::Rewritten> rewritten = sbatch::rewrite(draft.script, answer.answer.there);
  if (!rewritten) return {};
  const std::string& name = draft.request.name;
  return sbatch::unified_diff(*rewritten, name, fmt::format("{} on {}", name, answer.slug));
}

}  // namespace fabrica::api
