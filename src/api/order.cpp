#include "api/order.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/digest.h"
#include "base/limits.h"
#include "net/oneshot.h"
#include "store/chain.h"

namespace fabrica::api {

namespace {

CommandId command_id_of(const Sha256& hash) {
  CommandId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = id.high << 8U | std::to_integer<std::uint64_t>(hash.bytes[i]);
    id.low = id.low << 8U | std::to_integer<std::uint64_t>(hash.bytes[8 + i]);
  }
  return id;
}

Answer<CommandId> id_from_key(const Call& call) {
  const std::optional<std::string_view> key = call.request.headers.find("Idempotency-Key");
  if (!key) return CommandId{};
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (key->empty() || key->size() > limits::name_bytes_max || !std::ranges::all_of(*key, visible)) {
    return refuse(refusal::invalid, "Idempotency-Key",
                  fmt::format("A key is 1 to {} visible ASCII characters, such as a UUID.",
                              limits::name_bytes_max));
  }
  return command_id_of(store::sha256(fmt::format("{}\n{}", call.person().value, *key)));
}

// The person is part of it: nobody gets the reply to another's request, whatever the key.
Digest fingerprint_of(const Call& call) {
  Hasher hasher;
  hasher.add(call.person().value);
  hasher.add(net::to_string(call.request.method));
  for (const std::string& segment : call.request.path) hasher.add(std::string_view(segment));
  hasher.add(std::string_view(call.request.body));
  return hasher.finish();
}

}  // namespace

Answer<Envelope> envelope_of(const Call& call, Order order) {
  Envelope envelope;
  envelope.id = order.id;
  if (!envelope.id) {
    TRY(envelope.id, id_from_key(call));
  }
  if (envelope.id) envelope.fingerprint = fingerprint_of(call);
  envelope.actor = call.person();
  envelope.command = std::move(order.command);
  envelope.documents = std::move(order.documents);
  return envelope;
}

CommandId nth_of(CommandId id, std::size_t place) {
  return command_id_of(store::sha256(fmt::format("{:016x}{:016x}\n{}", id.high, id.low, place)));
}

net::Awaitable<Done> submit(live::Writer* writer, Envelope envelope) {
  const bool named = bool(envelope.id);
  const Seq before = named ? writer->counts().last : Seq{};
  const net::Oneshot<Result<Reply>> answered;
  writer->submit(std::move(envelope),
                 [answered](Result<Reply> reply) { answered.complete(std::move(reply)); });
  Done done{co_await answered.wait()};
  // What was done before this request was known is older; a new reply that made something is newer.
  if (named && done.reply) {
    done.replayed = done.reply->seq < before || (done.reply->seq == before && done.reply->id != 0);
  }
  co_return done;
}

void mark_replayed(net::Response& response, const Done& done) {
  if (done.replayed) response.headers.add("Idempotency-Replayed", "true");
}

}  // namespace fabrica::api
