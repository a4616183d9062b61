#pragma once

#include <set>
#include <string>
#include <type_traits>

#include "base/archive.h"
#include "base/type_name.h"

namespace fabrica {

namespace detail {

template <class T>
void add_shape(std::string& text, std::set<std::string_view>& known);

// "(A,B)"
template <class... Ts>
void add_shapes(std::string& text, std::set<std::string_view>& known) {
  text += '(';
  ((add_shape<Ts>(text, known), text += ','), ...);
  text.back() = ')';
}

template <DescribedEnum E>
void add_enum_shape(std::string& text) {
  text += '{';
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
    text += enumerator.name;
    text += '=';
    text += std::to_string(static_cast<std::underlying_type_t<E>>(enumerator.value));
    text += ';';
  });
  text += '}';
}

template <DescribedStruct T>
void add_struct_shape(std::string& text, std::set<std::string_view>& known) {
  using Members = boost::describe::describe_members<T, boost::describe::mod_any_access>;
  text += '{';
  boost::mp11::mp_for_each<Members>([&](auto member) {
    text += member.name;
    text += ':';
    add_shape<std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>>(text, known);
    text += ';';
  });
  text += '}';
}

template <class T>
void add_number_shape(std::string& text) {
  text += std::signed_integral<T> ? 'i' : 'u';
  text += std::to_string(8 * sizeof(T));
}

template <class T>
struct ContainerShape;
template <class T>
struct ContainerShape<std::optional<T>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    text += "optional";
    add_shapes<T>(text, known);
  }
};
template <class T>
struct ContainerShape<Shared<T>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    add_shape<T>(text, known);
  }
};
template <class T>
struct ContainerShape<std::vector<T>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    text += "list";
    add_shapes<T>(text, known);
  }
};
template <class T>
struct ContainerShape<std::deque<T>> : ContainerShape<std::vector<T>> {};
template <class T>
struct ContainerShape<std::set<T>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    text += "set";
    add_shapes<T>(text, known);
  }
};
template <class T, std::size_t N>
struct ContainerShape<std::array<T, N>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    text += "array" + std::to_string(N);
    add_shapes<T>(text, known);
  }
};
template <class A, class B>
struct ContainerShape<std::pair<A, B>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    text += "pair";
    add_shapes<A, B>(text, known);
  }
};
template <class K, class V>
struct ContainerShape<std::map<K, V>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    text += "map";
    add_shapes<K, V>(text, known);
  }
};
template <class K, class T>
struct ContainerShape<Table<K, T>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    text += "table";
    add_shapes<K, T>(text, known);
  }
};
template <class... Ts>
struct ContainerShape<std::variant<Ts...>> {
  static void add(std::string& text, std::set<std::string_view>& known) {
    text += "one-of";
    add_shapes<Ts...>(text, known);
  }
};

template <class Tag>
std::string_view id_prefix(Id<Tag>*) {
  return Tag::prefix;
}

template <class T>
void add_shape(std::string& text, std::set<std::string_view>& known) {
  if constexpr (std::same_as<T, bool>) {
    text += "bool";
  } else if constexpr (std::integral<T>) {
    add_number_shape<T>(text);
  } else if constexpr (std::same_as<T, std::string>) {
    text += "text";
  } else if constexpr (AnId<T>) {
    text += "id-";
    text += id_prefix(static_cast<T*>(nullptr));
  } else if constexpr (DescribedEnum<T> || DescribedStruct<T>) {
    text += type_name<T>();
    // The second time the name is enough.
    if (!known.insert(qualified_type_name<T>()).second) return;
    if constexpr (DescribedEnum<T>) {
      add_enum_shape<T>(text);
    } else {
      add_struct_shape<T>(text, known);
    }
  } else if constexpr (std::same_as<T, Time> || std::same_as<T, Duration> ||
                       std::same_as<T, ComputeTime> || std::same_as<T, CommandId> ||
                       std::same_as<T, Digest> || std::same_as<T, Sha256>) {
    text += type_name<T>();
  } else {
    ContainerShape<T>::add(text, known);
  }
}

}  // namespace detail

/// Names all members and types within T: two programs with the same text read each other's bytes
/// (archive.h). Store its digest beside a snapshot; another one means: build the state anew.
template <class T>
std::string shape_of() {
  std::string text;
  std::set<std::string_view> known;
  detail::add_shape<T>(text, known);
  return text;
}

}  // namespace fabrica
