#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "api/problem.h"
#include "base/describe.h"
#include "json/read.h"
#include "json/write.h"
#include "net/http.h"

namespace fabrica::api {

/// Where in a path a "{name}" stood, and how much of that segment comes after it (":drain").
struct Capture {
  std::size_t segment = 0;
  std::size_t suffix_bytes = 0;
};

/// One request on its way through its route.
struct Call {
  Context* context = nullptr;
  net::Request request;
  std::string request_id;
  std::array<Capture, 2> captures{};
  std::optional<store::TokenView> token;  // there unless the route is open to all

  /// Whose token it is.
  federation::PersonId person() const { return token->person; }
  /// What stands in the path for the `place`th "{name}".
  std::string_view argument(std::size_t place = 0) const;
};

/// The path as it was asked for.
std::string path_of(const net::Request& request);

/// "job-7" or "7" in the path. Refused as not_found, so that a word that is no id is answered as an
/// id that is not there.
template <AnId I>
Answer<I> id_in_path(const Call& call, std::size_t place = 0) {
  const std::string_view text = call.argument(place);
  if (const std::optional<I> id = parse_id<I>(text)) return *id;
  return []<class Tag>(std::string_view word, Id<Tag>*) { return no_such(Tag::prefix, word); }(
             text, static_cast<I*>(nullptr));
}

/// The request's body as a T.
template <class T>
Answer<T> body_of(const Call& call) {
  TRY(T body, json::read<T>(call.request.body));
  return body;
}

// Parameters of the query. Refused as invalid, with the parameter as the field.
Answer<std::uint64_t> number_in_query(const Call& call, std::string_view name,
                                      std::uint64_t otherwise, std::uint64_t most);
Answer<bool> flag_in_query(const Call& call, std::string_view name);
std::string text_in_query(const Call& call, std::string_view name);
/// RFC 3339; none when it is absent.
Answer<std::optional<Time>> time_in_query(const Call& call, std::string_view name);

template <AnId I>
Answer<std::optional<I>> id_in_query(const Call& call, std::string_view name) {
  const std::optional<std::string_view> text = call.request.query.find(name);
  if (!text) return std::nullopt;
  const std::optional<I> id = parse_id<I>(*text);
  if (!id)
    return refuse(refusal::invalid, std::string(name), "Give the number of one thing, such as 7.");
  return id;
}

template <DescribedEnum E>
Answer<std::optional<E>> word_in_query(const Call& call, std::string_view name) {
  const std::optional<std::string_view> text = call.request.query.find(name);
  if (!text) return std::nullopt;
  E value{};
  if (value_of(*text, value)) return value;
  return refuse(refusal::invalid, std::string(name), "Give " + json::expected<E>() + ".");
}

/// Refused unless the text has 1 to limits::name_bytes_max bytes on one line.
Answer<void> need_line(std::string_view field, std::string_view text);

/// Hours with an optional "-" before them, as in parse_hours(); `field` is that of the refusal.
Answer<ComputeTime> signed_hours(std::string_view field, std::string_view text);
Answer<ComputeTime> hours_above_zero(std::string_view field, std::string_view text);

/// A view out of a read table. Throws when it is not of its form, which is a bug or a broken disk.
template <class View>
View stored(std::string_view text) {
  Result<View> view = json::read<View>(text, json::Missing::defaulted);
  if (!view)
    throw std::runtime_error("a read table holds what it should not: " + view.error().text);
  return *std::move(view);
}

net::Response json_text(std::uint16_t status, std::string body);

template <class T>
net::Response json_answer(std::uint16_t status, const T& value) {
  return json_text(status, json::to_json(value));
}

net::Response no_content();

}  // namespace fabrica::api
