#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/describe.h"
#include "jobs/document.h"
#include "sbatch/site_words.h"
#include "sites/slurm/words.h"

/// What becomes at one cluster of the words that a script brings from another.
namespace fabrica::sites::slurm {

enum class WordKind : std::uint8_t { constraint, qos, reservation, gpu_type };
FABRICA_DESCRIBE_ENUM(WordKind, constraint, qos, reservation, gpu_type)

/// A word that scripts may use, and what is said here instead. Empty `here`: nothing, because the
/// partition has it anyway.
struct KnownWord {
  WordKind kind = WordKind::constraint;
  std::string word;
  std::string here;
};

/// What one partition of ours knows. Without `slurm` it belongs to a site of another kind, which
/// has no such words at all.
struct PartitionDictionary {
  bool slurm = false;
  std::string slug;
  std::string gpu_kind;                                         // as the federation has it
  PartitionWords own;                                           // said of every job
  std::vector<KnownWord> known;                                 // said of jobs that ask for it
  std::vector<std::pair<std::string, std::string>> partitions;  // of the site: slug, Slurm's name
};

/// Never guesses: a word is the partition's own, is known by the dictionary, names the GPUs that
/// the partition has, or is refused with a list of what would be taken. Accounts of other sites
/// and partitions that this site does not have are replaced, because an award says who pays and
/// where.
sbatch::SiteAnswer answer_of(const PartitionDictionary& dictionary,
                             const sbatch::AskedWords& asked);

/// The words that a stored submission asked with.
sbatch::AskedWords words_asked(const jobs::JobDocument& document);

/// What is said of one job: the partition's own words with those that the job asked for. Refused
/// when the dictionary does not know them, as after a change of settings.
Result<PartitionWords> words_for_job(const PartitionDictionary& dictionary,
                                     const jobs::JobDocument& document);

}  // namespace fabrica::sites::slurm
