#include "api/settled_draft.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/sight.h"
#include "store/chain.h"

namespace fabrica::api {

namespace {

using federation::PartitionId;

// A partition of ours, or several as sbatch lists them; what else is named is for sites to know.
void look_up_partitions(Context& context, Draft& draft) {
  draft.request.partition = context.partition(draft.partition->text).value_or(PartitionId{});
  if (draft.request.partition || !draft.partition->place) return;
  std::string_view rest = draft.partition->text;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto found = context.partition(std::string(rest.substr(0, comma)));
    if (found) draft.among.push_back(*found);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
}

Answer<void> look_up_words(const Call& call, Draft& draft) {
  if (draft.site) {
    const auto site = call.context->site(draft.site->text);
    if (!site) {
      return std::unexpected(
          unknown_word(*draft.site, "clusters",
                       fmt::format("There is no site \"{}\".", draft.site->text.substr(0, 60)),
                       "Name one of those that /v1/sites lists, or none."));
    }
    draft.request.site = *site;
  }
  if (!draft.partition) return {};
  look_up_partitions(*call.context, draft);
  if (!draft.partition->place && !draft.request.partition) {
    return std::unexpected(unknown_word(
        *draft.partition, "partition",
        fmt::format("There is no partition \"{}\".", draft.partition->text.substr(0, 60)), ""));
  }
  return {};
}

}  // namespace

Answer<SettledDraft> read_draft(const Call& call, Submission submission, Purpose purpose) {
  const federation::ProjectId project = submission.project;
  TRY(Draft draft, draft_of(std::move(submission), purpose));
  TRY_DONE(look_up_words(call, draft));
  TRY_DONE(need_project(call, *call.context->reader(), project));
  return SettledDraft{project, std::move(draft), {}};
}

net::Awaitable<Answer<void>> settle(Context* context, SettledDraft* settled, Purpose purpose) {
  if (purpose == Purpose::submit && !has_site_words(settled->draft)) co_return Answer<void>{};
  std::optional<std::vector<PartitionAnswer>> answers =
      co_await ask_sites(context, asked_words(settled->draft));
  if (!answers) {
    co_return refuse(refusal::unavailable, "", "The server is busy; try again in a moment.");
  }
  settled->answers = *std::move(answers);
  co_return settle_words(settled->draft, settled->answers);
}

Order order_of(SettledDraft settled, CommandId id) {
  Draft& draft = settled.draft;
  std::string document = json::to_json(draft.document);
  draft.request.script = store::sha256(draft.script);
  draft.request.document = store::sha256(document);
  std::vector<Document> documents;
  documents.reserve(2);
  documents.push_back({draft.request.script, std::move(draft.script)});
  documents.push_back({draft.request.document, std::move(document)});
  return {jobs::Command{jobs::SubmitJob{settled.project, std::move(draft.request)}},
          std::move(documents), id};
}

}  // namespace fabrica::api
