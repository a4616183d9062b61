#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fabrica::forecast {

/// A sorted list of values by key, in blocks of at most 32, each with a summary of its values, so
/// that a search passes over whole blocks and a change moves one block's entries only: for lists up
/// to some ten thousands this is faster than a balanced tree. A Summary is made by
/// `Summary::of(std::span<const Value>)`.
template <class Key, class Value, class Summary>
class Blocks {
 public:
  static constexpr std::uint32_t block_entries_max = 32;

  /// Where an entry is, or would be inserted. Good until the next change.
  struct Place {
    std::size_t block = 0;
    std::uint32_t slot = 0;
  };

  bool empty() const { return heads_.empty(); }
  void clear() {
    for (const Head& head : heads_) spare_.push_back(head.at);
    heads_.clear();
  }
  std::size_t blocks() const { return heads_.size(); }
  const Key& first(std::size_t block) const { return heads_[block].first; }
  std::span<const Key> keys(std::size_t block) const {
    return std::span(pool_[heads_[block].at].keys).first(heads_[block].count);
  }
  std::span<const Value> values(std::size_t block) const {
    return std::span(pool_[heads_[block].at].values).first(heads_[block].count);
  }

  /// Made when it is asked for: many changes come between two searches.
  const Summary& summary(std::size_t block) const {
    const Head& head = heads_[block];
    if (head.stale) {
      head.summary = Summary::of(values(block));
      head.stale = false;
    }
    return head.summary;
  }

  /// The first entry whose key is not less than this one; at the end of a block where it would be
  /// the next block's first.
  Place lower_bound(const Key& key) const {
    const auto after = std::partition_point(heads_.begin(), heads_.end(),
                                            [&](const Head& head) { return !(key < head.first); });
    if (after == heads_.begin()) return {};
    const auto block = static_cast<std::size_t>(after - heads_.begin()) - 1;
    const auto inside = keys(block);
    const auto found = std::lower_bound(inside.begin(), inside.end(), key);
    return {block, static_cast<std::uint32_t>(found - inside.begin())};
  }

  bool has(Place place, const Key& key) const {
    return place.block < heads_.size() && place.slot < heads_[place.block].count &&
           pool_[heads_[place.block].at].keys[place.slot] == key;
  }

  /// The value there, to be changed.
  Value& value(Place place) {
    heads_[place.block].stale = true;
    return pool_[heads_[place.block].at].values[place.slot];
  }

  /// Inserts before the place, which is where lower_bound() found that the key belongs.
  void insert(Place place, const Key& key, const Value& value) {
    if (heads_.empty()) heads_.push_back({key, {}, new_block(), 0, true});
    if (heads_[place.block].count == block_entries_max) {
      split(place.block);
      if (place.slot > block_entries_max / 2) {
        place = {place.block + 1, place.slot - block_entries_max / 2};
      }
    }
    Head& head = heads_[place.block];
    Block& block = pool_[head.at];
    const auto from = static_cast<std::ptrdiff_t>(place.slot);
    const auto end = static_cast<std::ptrdiff_t>(head.count);
    std::copy_backward(block.keys.begin() + from, block.keys.begin() + end,
                       block.keys.begin() + end + 1);
    std::copy_backward(block.values.begin() + from, block.values.begin() + end,
                       block.values.begin() + end + 1);
    block.keys[place.slot] = key;
    block.values[place.slot] = value;
    if (place.slot == 0) head.first = key;
    head.count += 1;
    head.stale = true;
  }

  /// Erases the entry there and so many behind it in the same block.
  void erase(Place place, std::uint32_t count = 1) {
    Head& head = heads_[place.block];
    Block& block = pool_[head.at];
    const auto from = static_cast<std::ptrdiff_t>(place.slot);
    const auto behind = from + static_cast<std::ptrdiff_t>(count);
    const auto end = static_cast<std::ptrdiff_t>(head.count);
    std::copy(block.keys.begin() + behind, block.keys.begin() + end, block.keys.begin() + from);
    std::copy(block.values.begin() + behind, block.values.begin() + end,
              block.values.begin() + from);
    head.count -= count;
    head.stale = true;
    if (head.count == 0) {
      spare_.push_back(head.at);
      heads_.erase(heads_.begin() + static_cast<std::ptrdiff_t>(place.block));
    } else if (place.slot == 0) {
      head.first = block.keys[0];
    }
  }

 private:
  struct Block {
    std::array<Key, block_entries_max> keys;
    std::array<Value, block_entries_max> values;
  };
  struct Head {
    Key first;
    mutable Summary summary;
    std::uint32_t at = 0;
    std::uint32_t count = 0;
    mutable bool stale = true;
  };

  std::uint32_t new_block() {
    if (spare_.empty()) {
      pool_.emplace_back();
      return static_cast<std::uint32_t>(pool_.size() - 1);
    }
    const std::uint32_t at = spare_.back();
    spare_.pop_back();
    return at;
  }

  void split(std::size_t full) {
    const std::uint32_t at = new_block();
    Block& from = pool_[heads_[full].at];
    Block& to = pool_[at];
    constexpr std::uint32_t half = block_entries_max / 2;
    std::copy(from.keys.begin() + half, from.keys.end(), to.keys.begin());
    std::copy(from.values.begin() + half, from.values.end(), to.values.begin());
    heads_[full].count = half;
    heads_[full].stale = true;
    heads_.insert(heads_.begin() + static_cast<std::ptrdiff_t>(full) + 1,
                  Head{to.keys[0], {}, at, half, true});
  }

  std::vector<Head> heads_;  // in the order of keys
  std::vector<Block> pool_;
  std::vector<std::uint32_t> spare_;
};

}  // namespace fabrica::forecast
