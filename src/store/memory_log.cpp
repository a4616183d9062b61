#include "store/memory_log.h"

#include <algorithm>

namespace fabrica::store {

Appended MemoryLog::append(const Append& group) {
  if (group.expected.value != records_.size()) return Appended::behind;
  records_.insert(records_.end(), group.records.begin(), group.records.end());
  for (const KeptReply& reply : group.replies) replies_.emplace(reply.id, reply);
  for (const Document& document : group.documents)
    documents_.emplace(document.hash, document.bytes);
  return Appended::yes;
}

std::vector<Recorded> MemoryLog::read(Seq after, std::size_t limit) {
  if (after.value >= records_.size()) return {};
  const auto first = records_.begin() + static_cast<std::ptrdiff_t>(after.value);
  const auto left = static_cast<std::size_t>(records_.end() - first);
  return {first, first + static_cast<std::ptrdiff_t>(std::min(limit, left))};
}

std::optional<KeptReply> MemoryLog::reply_to(CommandId id) {
  const auto found = replies_.find(id);
  if (found == replies_.end()) return std::nullopt;
  return found->second;
}

}  // namespace fabrica::store
