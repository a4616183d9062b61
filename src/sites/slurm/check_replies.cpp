#include "sites/slurm/check_replies.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "json/document.h"
#include "sites/slurm/shape_values.h"

namespace fabrica::sites::slurm {

using json::Document;
using json::Element;
using shape::member;

namespace {

constexpr std::size_t listed_max = 100'000;
constexpr std::size_t hostlist_bytes_max = std::size_t{64} * 1024;

std::string word_in(std::optional<Element> object, std::string_view name) {
  return shape::text(member(object, name), limits::text_bytes_max);
}

template <class Read>
void each_entry(std::optional<Element> list, Read&& read) {
  if (!list || !list->is_array()) return;
  std::size_t count = 0;
  for (Element::Cursor at = list->items(); !at.done() && count < listed_max; at.next(), ++count) {
    read(at.value());
  }
}

// Slurm's words of a state: one, or a list of them.
std::vector<std::string> words_of(std::optional<Element> value) {
  std::vector<std::string> words;
  if (value && value->is_string()) words.push_back(shape::text(value, limits::text_bytes_max));
  each_entry(value,
             [&](Element one) { words.push_back(shape::text(one, limits::text_bytes_max)); });
  return words;
}

bool same_word(std::string_view a, std::string_view b) {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, low, low);
}

bool has_word(const std::vector<std::string>& words, std::string_view wanted) {
  return std::ranges::any_of(words,
                             [&](const std::string& word) { return same_word(word, wanted); });
}

ReplyHead head_of(std::string_view body, Element root) {
  ReplyHead head;
  // shapes.cpp reads errors for us, so that all know the same ones.
  if (auto reply = read_reply(body)) head.errors = std::move(reply->errors);
  auto slurm = member(member(root, "meta"), "slurm");
  if (!slurm) slurm = member(member(root, "meta"), "Slurm");
  head.release = word_in(slurm, "release");
  head.cluster = word_in(slurm, "cluster");
  return head;
}

template <class T, class Read>
Result<T> read_as(std::string_view body, Read&& read) {
  TRY(const Document document, Document::parse(body));
  const Element root = document.root();
  if (!root.is_object()) return refuse(refusal::malformed, "", "The reply is no JSON object.");
  T value;
  value.head = head_of(body, root);
  read(root, value);
  return value;
}

SeenNode read_node(Element node) {
  SeenNode seen;
  seen.name = word_in(node, "name");
  seen.partitions = words_of(member(node, "partitions"));
  seen.cpus = shape::number32(member(node, "cpus")).value_or(0);
  seen.memory_mib = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, shape::number(member(node, "real_memory")).value_or(0)));
  seen.gres = word_in(node, "gres");
  for (const std::string_view field : {"state", "state_flags"}) {
    const std::vector<std::string> words = words_of(member(node, field));
    for (const std::string_view bad :
         {"down", "drain", "fail", "not_responding", "error", "future", "invalid_reg"}) {
      if (has_word(words, bad)) seen.usable = false;
    }
  }
  return seen;
}

// A list of {type, name, count}: "gres" and "gpu" are what sacctmgr calls gres/gpu.
std::vector<SeenAccount::Limit> limits_in(std::optional<Element> list) {
  std::vector<SeenAccount::Limit> limits;
  each_entry(list, [&](Element one) {
    const std::string name = word_in(one, "name");
    const std::string type = word_in(one, "type");
    const auto count = shape::number(member(one, "count"));
    if (!count || *count < 0) return;
    limits.push_back({name.empty() ? type : type + "/" + name, static_cast<std::uint64_t>(*count)});
  });
  return limits;
}

// v0.0.38 has a word at "state"; later versions a list at "partition"/"state".
bool partition_is_up(Element partition) {
  std::vector<std::string> words = words_of(member(partition, "state"));
  if (words.empty()) words = words_of(member(member(partition, "partition"), "state"));
  return has_word(words, "up");
}

}  // namespace

Result<Diagnosis> read_diagnosis(std::string_view body) {
  return read_as<Diagnosis>(body, [](Element root, Diagnosis& diagnosis) {
    diagnosis.cluster_time = shape::time(member(member(root, "statistics"), "req_time"));
  });
}

Result<Controllers> read_controllers(std::string_view body) {
  return read_as<Controllers>(body, [](Element root, Controllers& all) {
    each_entry(member(root, "pings"), [&](Element ping) {
      const bool up = word_in(ping, "ping") == "UP" || word_in(ping, "pinged") == "UP" ||
                      shape::flag(member(ping, "responding"));
      const bool primary =
          same_word(word_in(ping, "mode"), "primary") || shape::flag(member(ping, "primary"));
      all.controllers.push_back({.host = word_in(ping, "hostname"), .primary = primary, .up = up});
    });
  });
}

Result<SeenPartitions> read_partitions(std::string_view body) {
  return read_as<SeenPartitions>(body, [](Element root, SeenPartitions& all) {
    each_entry(member(root, "partitions"), [&](Element partition) {
      all.partitions.push_back(
          {.name = word_in(partition, "name"), .up = partition_is_up(partition)});
    });
  });
}

Result<SeenNodes> read_nodes(std::string_view body) {
  return read_as<SeenNodes>(body, [](Element root, SeenNodes& all) {
    each_entry(member(root, "nodes"), [&](Element node) { all.nodes.push_back(read_node(node)); });
  });
}

Result<SeenClusters> read_clusters(std::string_view body) {
  return read_as<SeenClusters>(body, [](Element root, SeenClusters& all) {
    each_entry(member(root, "clusters"), [&](Element cluster) {
      all.clusters.push_back({.name = word_in(cluster, "name"),
                              .nodes = shape::text(member(cluster, "nodes"), hostlist_bytes_max)});
    });
  });
}

Result<Associations> read_associations(std::string_view body) {
  return read_as<Associations>(body, [](Element root, Associations& all) {
    each_entry(member(root, "associations"), [&](Element one) {
      const auto limits = member(one, "max");
      all.associations.push_back(
          {.cluster = word_in(one, "cluster"),
           .account = word_in(one, "account"),
           .user = word_in(one, "user"),
           .partition = word_in(one, "partition"),
           .limits = limits_in(member(member(member(limits, "tres"), "group"), "minutes")),
           .submitted = shape::number(member(member(member(limits, "jobs"), "per"), "submitted"))});
    });
  });
}

// Entries are "name[:type][:count][(more)]", with commas also within "(S:0,1)".
std::uint32_t gpus_in(std::string_view gres, std::string_view type) {
  std::uint32_t gpus = 0;
  std::size_t start = 0;
  std::size_t depth = 0;
  for (std::size_t at = 0; at <= gres.size(); ++at) {
    if (at < gres.size() && gres[at] == '(') ++depth;
    if (at < gres.size() && gres[at] == ')' && depth > 0) --depth;
    if (at < gres.size() && (gres[at] != ',' || depth > 0)) continue;
    std::string_view entry = gres.substr(start, at - start);
    start = at + 1;
    entry = entry.substr(0, entry.find('('));
    const std::size_t first = entry.find(':');
    if (entry.substr(0, first) != "gpu") continue;
    const std::size_t last = entry.rfind(':');
    std::uint32_t count = 1;
    bool counted = false;
    if (last != std::string_view::npos) {
      const char* const end = entry.data() + entry.size();
      const auto read = std::from_chars(entry.data() + last + 1, end, count);
      counted = read.ec == std::errc{} && read.ptr == end;
      if (!counted) count = 1;
    }
    std::string_view named = first == std::string_view::npos ? "" : entry.substr(first + 1);
    if (counted) named = last == first ? "" : named.substr(0, last - first - 1);
    if (type.empty() || named == type) gpus += count;
  }
  return gpus;
}

}  // namespace fabrica::sites::slurm
