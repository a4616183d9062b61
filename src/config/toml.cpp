#include "config/toml.h"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "config/nearest.h"
#include "config/toml_nesting.h"
#include "json/utf8.h"
#include "json/write.h"

namespace fabrica::config {

namespace {

constexpr std::size_t shown_bytes_max = 200;

/// How something in a text cannot be told as JSON, and where.
struct Trouble {
  toml::source_region where;
  std::string text;
};

std::string two_digits(const toml::date& date) {
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string two_digits(const toml::time& time) {
  std::string text = fmt::format("{:02}:{:02}:{:02}", time.hour, time.minute, time.second);
  if (time.nanosecond != 0) text += fmt::format(".{:09}", time.nanosecond);
  return text;
}

std::string offset(int minutes) {
  if (minutes == 0) return "Z";
  const int size = std::abs(minutes);
  return fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

std::string iso(const toml::date_time& moment) {
  return two_digits(moment.date) + "T" + two_digits(moment.time) +
         (moment.offset ? offset(moment.offset->minutes) : "");
}

/// Writes a tree as JSON. Its depth is bounded, so the recursion is too.
class Writer {
 public:
  explicit Writer(json::Sink& sink) : sink_(sink) {}

  // False when there is trouble.
  bool write(const toml::node& node, std::size_t depth) {
    if (depth > limits::toml_depth_max) {
      return fail(node.source(), fmt::format("At most {} tables and lists lie within each other.",
                                             limits::toml_depth_max));
    }
    if (const toml::table* table = node.as_table()) return write_table(*table, depth);
    if (const toml::array* array = node.as_array()) return write_array(*array, depth);
    return write_scalar(node);
  }

  const Trouble& trouble() const { return trouble_; }

 private:
  bool fail(const toml::source_region& where, std::string text) {
    trouble_ = {where, std::move(text)};
    return false;
  }

  bool write_table(const toml::table& table, std::size_t depth) {
    bool is_first = true;
    sink_.put('{');
    for (const auto& [key, value] : table) {
      if (key.str().size() > limits::toml_key_bytes_max) {
        return fail(key.source(),
                    fmt::format("A key has at most {} bytes.", limits::toml_key_bytes_max));
      }
      if (!std::exchange(is_first, false)) sink_.put(',');
      json::write_value(sink_, key.str());
      sink_.put(':');
      if (!write(value, depth + 1)) return false;
    }
    sink_.put('}');
    return true;
  }

  bool write_array(const toml::array& array, std::size_t depth) {
    bool is_first = true;
    sink_.put('[');
    for (const toml::node& value : array) {
      if (!std::exchange(is_first, false)) sink_.put(',');
      if (!write(value, depth + 1)) return false;
    }
    sink_.put(']');
    return true;
  }

  bool write_scalar(const toml::node& node) {
    if (const auto* string = node.as_string()) {
      json::write_value(sink_, string->get());
    } else if (const auto* integer = node.as_integer()) {
      json::write_value(sink_, integer->get());
    } else if (const auto* boolean = node.as_boolean()) {
      json::write_value(sink_, boolean->get());
    } else if (const auto* date = node.as_date()) {
      json::write_value(sink_, two_digits(date->get()));
    } else if (const auto* time = node.as_time()) {
      json::write_value(sink_, two_digits(time->get()));
    } else if (const auto* moment = node.as_date_time()) {
      json::write_value(sink_, iso(moment->get()));
    } else {
      return write_real(node);
    }
    return true;
  }

  // A number with a fraction stays one, so that no whole number is read from it.
  bool write_real(const toml::node& node) {
    const auto* real = node.as_floating_point();
    CHECK(real != nullptr, "a TOML value has one of eight kinds");
    if (!std::isfinite(real->get())) {
      return fail(node.source(), "Give a finite number, not inf or nan.");
    }
    std::string text;
    json::write(text, real->get());
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    sink_.put(text);
    return true;
  }

  json::Sink& sink_;
  Trouble trouble_;
};

// One step of a JSON pointer, unescaped; `pointer` loses it.
std::string next_step(std::string_view& pointer) {
  pointer.remove_prefix(1);
  const std::string_view step = pointer.substr(0, pointer.find('/'));
  pointer.remove_prefix(step.size());
  std::string name;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] == '~' && i + 1 < step.size()) {
      name += step[++i] == '0' ? '~' : '/';
    } else {
      name += step[i];
    }
  }
  return name;
}

const toml::node* child_of(const toml::node& node, const std::string& name) {
  if (const toml::table* table = node.as_table()) return table->get(name);
  const toml::array* array = node.as_array();
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (array == nullptr || error != std::errc{} || end != name.data() + name.size()) return nullptr;
  return array->get(index);
}

// "site.name" for "/site/3/name": which of the sites it is, the line says.
std::string key_of(std::string_view pointer) {
  std::string key;
  while (!pointer.empty()) {
    const std::string step = next_step(pointer);
    const bool is_index = step.find_first_not_of("0123456789") == std::string::npos;
    if (!is_index) key += (key.empty() ? "" : ".") + step;
  }
  return key;
}

void erase_once(std::string& text, const std::string& part) {
  if (const std::size_t at = text.find(part); at != std::string::npos) text.erase(at, part.size());
}

void replace_once(std::string& text, std::string_view old_part, std::string_view part) {
  if (const std::size_t at = text.find(old_part); at != std::string::npos) {
    text.replace(at, old_part.size(), part);
  }
}

/// The first unknown key of a tree.
struct UnknownKey {
  std::string path;  // of the table it is in: "listen"
  std::string name;
  toml::source_region where;
  const std::vector<Key>* known = nullptr;  // in that table
};

bool find_unknown(const toml::node& node, const std::vector<Key>& known, const std::string& path,
                  UnknownKey& found) {
  if (known.empty()) return false;
  if (const toml::array* array = node.as_array()) {
    return std::ranges::any_of(
        *array, [&](const toml::node& one) { return find_unknown(one, known, path, found); });
  }
  const toml::table* table = node.as_table();
  if (table == nullptr) return false;
  for (const auto& [key, value] : *table) {
    const auto one = std::ranges::find(known, key.str(), &Key::name);
    if (one == known.end()) {
      found = {path, std::string(key.str()), key.source(), &known};
      return true;
    }
    const std::string within =
        path.empty() ? std::string(one->name) : fmt::format("{}.{}", path, one->name);
    if (find_unknown(value, one->within, within, found)) return true;
  }
  return false;
}

// The table that knows a key of this name: "listen" for "port"; nothing when none does.
std::string table_with(std::string_view name, const std::vector<Key>& known,
                       const std::string& path) {
  for (const Key& key : known) {
    if (key.name == name && !path.empty()) return path;
    const std::string within =
        path.empty() ? std::string(key.name) : fmt::format("{}.{}", path, key.name);
    if (std::string found = table_with(name, key.within, within); !found.empty()) return found;
  }
  return "";
}

std::string text_about(const UnknownKey& unknown, const std::vector<Key>& all) {
  const std::string_view name = json::cut_utf8(unknown.name, shown_bytes_max);
  const std::string where = unknown.path.empty() ? "" : fmt::format(" in [{}]", unknown.path);
  std::string text = fmt::format("There is no key \"{}\"{}.", name, where);
  std::vector<std::string_view> names;
  for (const Key& key : *unknown.known) names.push_back(key.name);
  if (nearest(unknown.name, names).empty()) {
    if (const std::string table = table_with(unknown.name, all, ""); !table.empty()) {
      return text + fmt::format(" It belongs into [{}].", table);
    }
  }
  return text + hint(unknown.name, names);
}

}  // namespace

struct TomlText::Tree {
  toml::table root;
};

TomlText::TomlText(std::string file) : file_(std::move(file)), tree_(std::make_unique<Tree>()) {}
TomlText::TomlText(TomlText&&) noexcept = default;
TomlText& TomlText::operator=(TomlText&&) noexcept = default;
TomlText::~TomlText() = default;

Result<void> TomlText::write_json() {
  json::Sink sink(json_);
  Writer writer(sink);
  if (writer.write(tree_->root, 0)) return {};
  return refuse(
      refusal::invalid, "",
      fmt::format("{}:{}: {}", file_, writer.trouble().where.begin.line, writer.trouble().text));
}

Result<TomlText> TomlText::parse(std::string file, std::string_view text) {
  if (text.size() > limits::toml_bytes_max) {
    return refuse(refusal::too_large, "",
                  fmt::format("{}: A TOML file has at most {} bytes, this one has more.", file,
                              limits::toml_bytes_max));
  }
  if (const NestingTrouble trouble = check_nesting(text); !trouble.text.empty()) {
    return refuse(refusal::malformed, "",
                  fmt::format("{}:{}: {}", file, trouble.line, trouble.text));
  }
  TomlText result(std::move(file));
  try {
    result.tree_->root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return refuse(refusal::malformed, "",
                  fmt::format("{}:{}:{}: Correct the TOML here: {}", result.file_,
                              error.source().begin.line, error.source().begin.column,
                              json::cut_utf8(error.description(), shown_bytes_max)));
  }
  TRY_DONE(result.write_json());
  return result;
}

std::string TomlText::at(std::string_view pointer) const {
  const toml::node* node = &tree_->root;
  toml::source_index line = 1;
  while (!pointer.empty()) {
    node = child_of(*node, next_step(pointer));
    if (node == nullptr) break;
    if (node->source().begin.line != 0) line = node->source().begin.line;
  }
  return fmt::format("{}:{}", file_, line);
}

Result<void> TomlText::check_keys(const std::vector<Key>& known) const {
  UnknownKey unknown;
  if (!find_unknown(tree_->root, known, "", unknown)) return {};
  const std::string key = unknown.path.empty() ? unknown.name : unknown.path + "." + unknown.name;
  return refuse(
      refusal::invalid, key,
      fmt::format("{}:{}: {}", file_, unknown.where.begin.line, text_about(unknown, known)));
}

Refusal TomlText::placed(Refusal refusal) const {
  const std::string pointer = std::move(refusal.field);
  std::string text = std::move(refusal.text);
  if (!pointer.empty()) erase_once(text, " at " + pointer);
  if (const std::size_t last = pointer.rfind('/'); last != std::string::npos && last != 0) {
    erase_once(text, " to " + pointer.substr(0, last));
  }
  replace_once(text, "an object", "a table");
  refusal.field = key_of(pointer);
  refusal.text = fmt::format("{}: {}{}{}", at(pointer), refusal.field,
                             refusal.field.empty() ? "" : ": ", text);
  return refusal;
}

std::unexpected<Refusal> TomlText::refuse_at(std::string_view pointer, std::string text) const {
  return std::unexpected(placed({refusal::invalid, std::string(pointer), std::move(text)}));
}

}  // namespace fabrica::config
