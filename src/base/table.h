#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/id.h"

namespace fabrica {

/// Things by id, for ids minted densely from 1 up. Look-up is two array steps, iteration is in the
/// order of ids on every machine, and memory follows the things alive: 32 ids share a block, which
/// goes when its last thing is erased. A pointer stays good until its own thing is erased.
template <AnId Key, class T>
class Table {
 public:
  Table() = default;
  Table(Table&&) noexcept = default;
  Table& operator=(Table&&) noexcept = default;
  ~Table() = default;
  Table(const Table& other) : size_(other.size_) {
    blocks_.reserve(other.blocks_.size());
    for (const auto& block : other.blocks_) {
      blocks_.push_back(block ? std::make_unique<Block>(*block) : nullptr);
    }
  }
  Table& operator=(const Table& other) {
    if (this != &other) *this = Table(other);
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Null when no thing has this id.
  T* find(Key key) { return const_cast<T*>(std::as_const(*this).find(key)); }
  const T* find(Key key) const {
    const std::size_t at = block_of(key);
    if (at >= blocks_.size() || !blocks_[at] || (blocks_[at]->used & bit_of(key)) == 0)
      return nullptr;
    return &blocks_[at]->things[slot_of(key)];
  }

  /// The thing of this id, which must be there.
  T& at(Key key) {
    T* found = find(key);
    CHECK(found != nullptr, "no thing of this id");
    return *found;
  }
  const T& at(Key key) const {
    const T* found = find(key);
    CHECK(found != nullptr, "no thing of this id");
    return *found;
  }

  /// Adds a thing under an id that must be free and not "none".
  T& insert(Key key, T thing) {
    CHECK(key.value != 0 && find(key) == nullptr, "an id is given once");
    const std::size_t at = block_of(key);
    if (at >= blocks_.size()) blocks_.resize(at + 1);
    if (!blocks_[at]) blocks_[at] = std::make_unique<Block>();
    blocks_[at]->used |= bit_of(key);
    size_ += 1;
    return blocks_[at]->things[slot_of(key)] = std::move(thing);
  }

  /// Removes the thing of this id, if there is one.
  void erase(Key key) {
    if (find(key) == nullptr) return;
    auto& block = blocks_[block_of(key)];
    block->things[slot_of(key)] = T{};
    block->used &= ~bit_of(key);
    size_ -= 1;
    if (block->used == 0) block.reset();
  }

  /// Calls `visit(key, thing)` for each thing in the order of ids.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t at = 0; at < blocks_.size(); ++at) {
      if (!blocks_[at]) continue;
      for (std::uint32_t left = blocks_[at]->used; left != 0; left &= left - 1) {
        const auto slot = static_cast<std::size_t>(std::countr_zero(left));
        visit(Key{at * slots + slot}, blocks_[at]->things[slot]);
      }
    }
  }

  friend bool operator==(const Table& a, const Table& b) {
    if (a.size_ != b.size_) return false;
    bool equal = true;
    a.for_each([&](Key key, const T& thing) {
      const T* other = b.find(key);
      equal = equal && other != nullptr && *other == thing;
    });
    return equal;
  }

 private:
  static constexpr std::size_t slots = 32;
  struct Block {
    std::uint32_t used = 0;
    std::array<T, slots> things{};
  };

  static std::size_t block_of(Key key) { return key.value / slots; }
  static std::size_t slot_of(Key key) { return key.value % slots; }
  static std::uint32_t bit_of(Key key) { return std::uint32_t{1} << slot_of(key); }

  std::vector<std::unique_ptr<Block>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace fabrica
