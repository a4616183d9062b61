#pragma once

#include <vector>

#include "api/call.h"
#include "kernel/command.h"
#include "live/writer.h"
#include "net/http.h"

namespace fabrica::api {

/// What a request asks of the writer.
struct Order {
  Command command;
  std::vector<Document> documents;
  CommandId id;  // where the path names it; none: the Idempotency-Key decides
};

/// The order as this person's, under the name that makes it once: the id above, or the first 128
/// bits of the SHA-256 of person and Idempotency-Key. Refused when the key is no 1 to 200 visible
/// ASCII characters.
Answer<Envelope> envelope_of(const Call& call, Order order);

/// The name of the `place`th of several commands in the request of this name.
CommandId nth_of(CommandId id, std::size_t place);

/// `replayed`: this is the reply of an earlier request. It is told where it can be known: not when
/// that request came just before and changed nothing.
struct Done {
  Result<Reply> reply;
  bool replayed = false;
};

/// Hands the envelope to the writer and waits until it is durable or refused.
net::Awaitable<Done> submit(live::Writer* writer, Envelope envelope);

/// Says in the headers that the reply is an earlier one, if it is.
void mark_replayed(net::Response& response, const Done& done);

}  // namespace fabrica::api
