#include "api/paging.h"

#include <fmt/core.h>

#include <charconv>
#include <stdexcept>

#include "base/digest.h"
#include "base/limits.h"
#include "json/value.h"

namespace fabrica::api {

namespace {

constexpr std::size_t page_token_bytes = 32;

// Of the list that a token belongs to. No secret: who makes up a token sees what they may see
// anyway.
std::uint64_t mark_of(const Call& call) {
  Hasher hasher;
  for (const std::string& segment : call.request.path) hasher.add(std::string_view(segment));
  for (const auto& [name, value] : call.request.query.pairs) {
    if (name == "limit" || name == "page_token" || name == "wait") continue;
    hasher.add(std::string_view(name));
    hasher.add(std::string_view(value));
  }
  return hasher.finish().low;
}

std::optional<std::uint64_t> read_hex(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Answer<PageRequest> page_request(const Call& call) {
  PageRequest request;
  TRY(const std::uint64_t limit,
      number_in_query(call, "limit", page_rows_default, limits::page_rows_max));
  if (limit == 0) return refuse(refusal::invalid, "limit", "Ask for at least one row.");
  // The reader gives at most page_rows_max rows, one of which only says whether there are more.
  request.limit = std::min<std::size_t>(limit, limits::page_rows_max - 1);
  const std::optional<std::string_view> token = call.request.query.find("page_token");
  if (!token) return request;
  const auto refusal = refuse(fabrica::refusal::invalid, "page_token",
                              "Give the next_page_token of this very list, as it came, or none.");
  if (token->size() != page_token_bytes) return refusal;
  const auto after = read_hex(token->substr(0, 16));
  const auto mark = read_hex(token->substr(16));
  if (!after || mark != mark_of(call)) return refusal;
  request.after = *after;
  return request;
}

std::string page_token(const Call& call, std::uint64_t last) {
  return fmt::format("{:016x}{:016x}", last, mark_of(call));
}

net::Response views_page(const Call& call, const PageRequest& request,
                         std::vector<std::string> views) {
  Page<json::Raw> page;
  const bool more = views.size() > request.limit;
  if (more) {
    views.resize(request.limit);
    const Result<json::Value> last = json::Value::parse(views.back());
    const auto id = last ? last->at("/id").as_int() : std::nullopt;
    if (!id) throw std::runtime_error("a view in a read table has no id");
    page.next_page_token = page_token(call, static_cast<std::uint64_t>(*id));
  }
  page.items.reserve(views.size());
  for (std::string& view : views) page.items.push_back(json::Raw{std::move(view)});
  return json_answer(200, page);
}

Answer<net::Response> view_answer(const Call& call, std::uint16_t status, std::string_view kind,
                                  std::uint64_t id) {
  std::optional<std::string> view = call.context->reader()->thing(kind, id);
  if (!view) return no_such(kind, call.argument());
  return json_text(status, *std::move(view));
}

}  // namespace fabrica::api
