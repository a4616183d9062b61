#include "simulate/acknowledged.h"

#include <fmt/core.h>

namespace fabrica::simulate {

std::string Acknowledged::note(const Envelope& envelope, const Reply& reply, bool& is_new) {
  const auto [place, added] = told_.try_emplace(envelope.id, Told{envelope, reply});
  is_new = added;
  if (added) order_.push_back(envelope.id);
  if (place->second.reply == reply) return {};
  return fmt::format(
      "command {} was answered with event {} and id {}, and then with event {} and id {}",
      to_string(envelope.id), place->second.reply.seq.value, place->second.reply.id,
      reply.seq.value, reply.id);
}

const Envelope& Acknowledged::any(Random& random) const {
  return told_.at(order_[random.below(order_.size())]).envelope;
}

std::string Acknowledged::what_is_lost(EventLog& log, Seq last) const {
  for (const auto& [id, told] : told_) {
    const std::optional<KeptReply> kept = log.reply_to(id);
    if (!kept || kept->reply != told.reply)
      return fmt::format("the reply to command {} is lost", to_string(id));
    if (told.reply.seq > last)
      return fmt::format("the events of command {} are lost", to_string(id));
  }
  return {};
}

}  // namespace fabrica::simulate
