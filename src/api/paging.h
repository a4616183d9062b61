#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "base/describe.h"

namespace fabrica::api {

/// One page of a list. There are more rows when next_page_token is there.
template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next_page_token;

  BOOST_DESCRIBE_CLASS(Page, (), (items, next_page_token), (), ())
};

/// Which page is asked for: at most `limit` rows after the row of number `after`.
struct PageRequest {
  std::size_t limit = 100;
  std::uint64_t after = 0;
};

inline constexpr std::size_t page_rows_default = 100;

/// From the query's limit and page_token. A token is good for the list that gave it only: the same
/// path, the same filters.
Answer<PageRequest> page_request(const Call& call);

/// The token for the rows after `last`.
std::string page_token(const Call& call, std::uint64_t last);

/// Rows were read with a limit one above the page's, so that the last row tells whether there are
/// more: drops it and answers with the page. `number_of` says where a row stands.
template <class T, class NumberOf>
net::Response page_answer(const Call& call, const PageRequest& request, std::vector<T> rows,
                          NumberOf number_of) {
  Page<T> page;
  const bool more = rows.size() > request.limit;
  if (more) rows.resize(request.limit);
  page.items = std::move(rows);
  if (more) page.next_page_token = page_token(call, number_of(page.items.back()));
  return json_answer(200, page);
}

/// The same for views as the read tables have them, which begin with their id.
net::Response views_page(const Call& call, const PageRequest& request,
                         std::vector<std::string> views);

/// One view as it stands in its table.
Answer<net::Response> view_answer(const Call& call, std::uint16_t status, std::string_view kind,
                                  std::uint64_t id);

}  // namespace fabrica::api
