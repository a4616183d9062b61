#pragma once

#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/amount.h"
#include "base/digest.h"
#include "base/time.h"
#include "json/expected.h"
#include "json/types.h"

namespace fabrica::json {

namespace detail {
std::string number_schema(std::int64_t low, std::uint64_t high);
std::string id_schema(std::string_view prefix);
std::string hex_schema(std::size_t digits);
std::string enum_schema(const std::vector<std::string_view>& names);
std::string map_schema(std::string_view items, const std::vector<std::string_view>& names);
std::string list_schema(std::string_view items, std::string_view more);
/// "Page<fabrica::api::Job>" becomes "Page_Job": components may hold only [A-Za-z0-9._-].
std::string component_name(std::string_view qualified);
}  // namespace detail

/// JSON Schemas (2020-12, as in OpenAPI 3.1) of the types that write.h writes and read.h reads.
/// Described structs and enums become components under their C++ name; two types of one name end
/// the process, for they could not be told apart. The texts depend on the types alone.
class Schemas {
 public:
  /// The schema of T: a "$ref" to its component, or the schema itself for a type without a name.
  /// Adds what it refers to.
  template <class T>
  std::string reference();

  /// The components so far by name: the value of "components": {"schemas": …}.
  std::string components() const;

 private:
  struct Component {
    std::string type;  // with its namespaces
    std::string schema;
  };
  struct Property {
    std::string_view name;
    std::string schema;
    bool required;
  };

  // True when the component is new and has to be defined.
  bool claim(const std::string& name, std::string_view type);
  void define(const std::string& name, std::string schema);
  // An alternative of a variant: the struct and its "type".
  std::string alternative(std::string_view name);
  static std::string object(const std::vector<Property>& properties);
  static std::string one_of(const std::vector<std::string_view>& names);

  template <DescribedStruct T>
  std::string struct_schema();
  template <class V>
  std::string variant_schema();
  template <class T>
  std::string named();
  template <class T>
  std::string unnamed();
  template <class Map>
  std::string map_schema();

  std::map<std::string, Component> components_;
};

template <class T>
std::string Schemas::reference() {
  if constexpr (DescribedEnum<T> || DescribedStruct<T>) {
    return named<T>();
  } else if constexpr (is_shared<T>) {
    return reference<typename T::value_type>();
  } else if constexpr (is_optional<T>) {
    return R"({"anyOf":[)" + reference<typename T::value_type>() + R"(,{"type":"null"}]})";
  } else if constexpr (is_list<T>) {
    return detail::list_schema(reference<typename T::value_type>(), "");
  } else if constexpr (is_set<T>) {
    return detail::list_schema(reference<typename T::value_type>(), R"(,"uniqueItems":true)");
  } else if constexpr (is_array<T>) {
    const std::string size = std::to_string(std::tuple_size_v<T>);
    return detail::list_schema(reference<typename T::value_type>(),
                               R"(,"minItems":)" + size + R"(,"maxItems":)" + size);
  } else if constexpr (is_map<T>) {
    return map_schema<T>();
  } else if constexpr (is_variant<T>) {
    return variant_schema<T>();
  } else {
    return unnamed<T>();
  }
}

template <class T>
std::string Schemas::unnamed() {
  if constexpr (std::same_as<T, bool>) {
    return R"({"type":"boolean"})";
  } else if constexpr (Integer<T>) {
    using Limits = std::numeric_limits<T>;
    return detail::number_schema(static_cast<std::int64_t>(Limits::min()),
                                 static_cast<std::uint64_t>(Limits::max()));
  } else if constexpr (std::same_as<T, double>) {
    return R"({"type":"number","format":"double"})";
  } else if constexpr (std::same_as<T, std::string>) {
    return R"({"type":"string"})";
  } else if constexpr (AnId<T>) {
    return []<class Tag>(Id<Tag>) { return detail::id_schema(Tag::prefix); }(T{});
  } else if constexpr (std::same_as<T, Time>) {
    return R"({"type":"string","format":"date-time"})";
  } else if constexpr (std::same_as<T, Duration>) {
    return R"({"type":"integer","format":"int64","description":"milliseconds"})";
  } else if constexpr (std::same_as<T, ComputeTime>) {
    return R"({"type":"integer","format":"int64",)"
           R"("description":"milliseconds of one billing unit"})";
  } else if constexpr (std::same_as<T, CommandId> || std::same_as<T, Digest>) {
    return detail::hex_schema(32);
  } else if constexpr (std::same_as<T, Sha256>) {
    return detail::hex_schema(64);
  } else if constexpr (std::same_as<T, Raw>) {
    return "{}";
  } else {
    static_assert(no_json_form<T>, "this type has no JSON form: describe it");
  }
}

template <class T>
std::string Schemas::named() {
  const std::string name = detail::component_name(qualified_type_name<T>());
  // Claimed before it is defined, so that a type that holds itself comes to an end.
  if (claim(name, qualified_type_name<T>())) {
    if constexpr (DescribedEnum<T>) {
      define(name, detail::enum_schema(names_of<T>()));
    } else {
      define(name, struct_schema<T>());
    }
  }
  return R"({"$ref":"#/components/schemas/)" + name + "\"}";
}

template <DescribedStruct T>
std::string Schemas::struct_schema() {
  std::vector<Property> properties;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    using Member = decltype(member);
    using Type = MemberType<T, Member>;
    if constexpr (is_optional<Type>) {
      properties.push_back({member_name<Member>, reference<typename Type::value_type>(), false});
    } else {
      properties.push_back({member_name<Member>, reference<Type>(), !may_be_absent<Type>});
    }
  });
  return object(properties);
}

template <class V>
std::string Schemas::variant_schema() {
  std::vector<std::string_view> names;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, Alternatives<V>>>(
      [&]<class T>(std::type_identity<T>) {
        named<T>();
        names.push_back(type_name<T>());
        alternative(type_name<T>());
      });
  return one_of(names);
}

template <class Map>
std::string Schemas::map_schema() {
  const std::string items = reference<typename Map::mapped_type>();
  if constexpr (DescribedEnum<typename Map::key_type>) {
    return detail::map_schema(items, names_of<typename Map::key_type>());
  } else {
    return detail::map_schema(items, {});
  }
}

}  // namespace fabrica::json
