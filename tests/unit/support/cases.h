#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/amount.h"
#include "base/result.h"
#include "base/type_name.h"

/// What the tests of the areas share: answers as words, so that a table's last column can say them.
namespace fabrica::test {

/// A copy of `thing` with some members set: with(train, &JobRequest::nodes, 2).
template <class T>
T with(T thing) {
  return thing;
}
template <class T, class Member, class Value, class... Rest>
T with(T thing, Member T::* member, Value&& value, Rest&&... rest) {
  if constexpr (std::is_arithmetic_v<Member>) {
    thing.*member = static_cast<Member>(value);
  } else {
    thing.*member = std::forward<Value>(value);
  }
  return with(std::move(thing), std::forward<Rest>(rest)...);
}

constexpr ComputeTime unit_hours(std::int64_t n) { return ComputeTime{n * 3'600'000}; }

/// "12" for whole hours, otherwise "12h+34ms".
inline std::string in_hours(ComputeTime amount) {
  const std::int64_t rest = amount.unit_ms() % 3'600'000;
  const std::int64_t whole = amount.unit_ms() / 3'600'000;
  return rest == 0 ? fmt::format("{}", whole) : fmt::format("{}h+{}ms", whole, rest);
}

/// The name of the event in a variant of variants: "JobPlaced".
template <class Event>
std::string_view name_of_event(const Event& event) {
  return std::visit(
      []<class One>(const One& one) {
        if constexpr (requires { one.index(); }) {
          return name_of_event(one);
        } else {
          return type_name<One>();
        }
      },
      event);
}

inline std::string answer_of(const Refusal& refusal) {
  return std::string(refusal.code.name) + (refusal.field.empty() ? "" : " " + refusal.field);
}

/// The names of the events in order, "nothing" for none, or the refusal's code and field.
template <class Event>
std::string answer_of(const Result<std::vector<Event>>& result) {
  if (!result) return answer_of(result.error());
  std::string answer;
  for (const Event& event : *result) {
    answer += fmt::format("{}{}", answer.empty() ? "" : " ", name_of_event(event));
  }
  return answer.empty() ? "nothing" : answer;
}

/// Fails the test at the line of a table's case.
template <class Answer, class Expected>
void expect_answer(const Answer& answer, const Expected& expected, std::string_view what,
                   std::source_location where) {
  if (answer == expected) return;
  ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
      << what << "\n  expected: " << expected << "\n  was:      " << answer;
}

}  // namespace fabrica::test
