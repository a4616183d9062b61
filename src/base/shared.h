#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace fabrica {

/// A value that its copies share instead of copying it. For what is large and goes unchanged from a
/// command into an event and on into the state. Blank until something is assigned.
template <class T>
class Shared {
 public:
  using value_type = T;

  Shared() = default;
  Shared(T value) : value_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return value_ ? *value_ : blank(); }
  const T* operator->() const { return &**this; }
  operator const T&() const { return **this; }

  /// The value to be written to, from now on its own; good until the next copy is taken.
  T& change() {
    value_ = std::make_shared<T>(**this);
    return *value_;
  }

  friend bool operator==(const Shared& a, const Shared& b)
    requires requires(const T& value) { value == value; }
  {
    return a.value_ == b.value_ || *a == *b;
  }

 private:
  static const T& blank() {
    static const T value{};
    return value;
  }

  std::shared_ptr<T> value_;
};

template <class T>
inline constexpr bool is_shared = false;
template <class T>
inline constexpr bool is_shared<Shared<T>> = true;

}  // namespace fabrica
