#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/job_request.h"
#include "federation/types.h"
#include "net/http.h"
#include "sbatch/site_words.h"

/// A submission's own words, and the partitions that know them.
namespace fabrica::api {

class Context;

/// What a site, by its slug, makes of a script's own words on one of its partitions. Called on the
/// writer's thread.
using WordsAt = std::function<sbatch::SiteAnswer(const std::string& site,
                                                 const federation::Partition& partition,
                                                 const sbatch::AskedWords& asked)>;

/// One partition of a connected site, and its answer.
struct PartitionAnswer {
  federation::PartitionId id;
  federation::SiteId site;
  std::string slug;
  std::string gpu_kind;
  sbatch::SiteAnswer answer;
};

/// True when sites have to be asked before the draft can be submitted.
bool has_site_words(const Draft& draft);

/// Every partition of the connected sites, in the order of ids. Nothing when the writer takes no
/// questions any more.
net::Awaitable<std::optional<std::vector<PartitionAnswer>>> ask_sites(Context* context,
                                                                      sbatch::AskedWords asked);

sbatch::AskedWords asked_words(const Draft& draft);

/// Leaves out the partitions that do not know a word, with a remark that says which and why.
/// Refused as bad_script with what each would take when none is left, and when a partition is named
/// on the command line that nobody knows: in a script it may be another site's.
Answer<void> settle_words(Draft& draft, const std::vector<PartitionAnswer>& answers);

/// Why a partition cannot take the words: all of it, as one text.
std::string refusal_text(const sbatch::SiteAnswer& answer);

/// The draft's script as this site gets it, as a unified diff; empty when it stays as it is.
std::string diff_for(const Draft& draft, const PartitionAnswer& answer);

}  // namespace fabrica::api
