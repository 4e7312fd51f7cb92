#include "spectrum.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace collapse_stats {
namespace {

constexpr std::uint64_t dense_vocabulary = 1 << 18;

}  // namespace

void check_masks(const Layout& layout, std::span<const Masks> masks) {
  for (const Masks& pair : masks)
    if ((pair.first | pair.second) >> layout.labels != 0)
      throw std::invalid_argument(
          "masks must be below 2**labels = " + std::to_string(1U << layout.labels) + ", got (" +
          std::to_string(pair.first) + ", " + std::to_string(pair.second) + ")");
}

// Nearly every n-gram falls into the dense cells. Only the first of them are used often, so these
// stay in cache.
JointHistogram::JointHistogram(const Masks& masks)
    : width_(masks.second == 0 ? 1024 : 64),
      height_(masks.second == 0 ? 1 : 64),
      dense_(width_ * height_, 0) {}

void JointHistogram::add(const JointHistogram& other) {
  other.each([this](Count a, Count b, Count types) { add(a, b, types); });
}

void JointHistogram::add_large(Count a, Count b, Count types) {
  if (2 * used_ >= large_.size()) grow();
  Cell& cell = large_cell(a, b);
  if ((cell.a | cell.b) == 0) {
    cell = {a, b, 0};
    ++used_;
  }
  cell.types += types;
}

JointHistogram::Cell& JointHistogram::large_cell(Count a, Count b) {
  const std::uint64_t hash = (a * 0x9E3779B97F4A7C15 + b) * 0xD6E8FEB86659FD93;
  std::size_t at = static_cast<std::size_t>(hash >> 32) & (large_.size() - 1);
  while ((large_[at].a | large_[at].b) != 0 && (large_[at].a != a || large_[at].b != b))
    at = (at + 1) & (large_.size() - 1);
  return large_[at];
}

void JointHistogram::grow() {
  const std::vector<Cell> cells =
      std::exchange(large_, std::vector<Cell>(std::max<std::size_t>(64, 2 * large_.size())));
  for (const Cell& cell : cells)
    if ((cell.a | cell.b) != 0) large_cell(cell.a, cell.b) = cell;
}

JointSpectrum JointHistogram::spectrum() const {
  std::vector<Cell> rows;
  each([&](Count a, Count b, Count types) {
    if ((a | b) != 0 && types != 0) rows.push_back({a, b, types});
  });
  std::sort(rows.begin(), rows.end(), [](const Cell& left, const Cell& right) {
    return left.a != right.a ? left.a < right.a : left.b < right.b;
  });

  JointSpectrum spectrum;
  for (const Cell& row : rows) {
    spectrum.a.push_back(row.a);
    spectrum.b.push_back(row.b);
    spectrum.types.push_back(row.types);
  }
  return spectrum;
}

Unigrams::Unigrams(std::uint64_t vocab_size, std::size_t columns)
    : vocab_size_(vocab_size),
      last_(vocab_size <= dense_vocabulary ? vocab_size : 0),
      columns_(columns),
      dense_(vocab_size <= dense_vocabulary) {
  if (!dense_) return;
  seen_.resize((last_ + 1) * columns);
  ended_.resize((last_ + 1) * columns);
}

void Unigrams::check() const {
  const auto is_outside = [&](const auto& slot) { return slot.first >= vocab_size_; };
  const auto is_seen = [](Count seen) { return seen != 0; };
  const bool outside =
      dense_ ? std::any_of(seen_.begin() + static_cast<std::ptrdiff_t>(vocab_size_ * columns_),
                           seen_.end(), is_seen)
             : std::any_of(slots_.begin(), slots_.end(), is_outside);
  if (outside)
    throw std::invalid_argument(
        "a table has an n-gram that begins with a token outside its vocabulary: it is damaged, or "
        "of another vocabulary; count it again");
}

std::size_t Unigrams::sparse_slot(std::uint64_t token) {
  const auto [entry, inserted] = slots_.try_emplace(token, seen_.size());
  if (inserted) {
    seen_.resize(seen_.size() + columns_);
    ended_.resize(seen_.size());
  }
  return entry->second;
}

void Unigrams::add(const Unigrams& other) {
  const auto add_slot = [&](std::size_t to, std::size_t from) {
    for (std::size_t column = 0; column < columns_; ++column) {
      seen_[to + column] += other.seen_[from + column];
      ended_[to + column] += other.ended_[from + column];
    }
  };
  if (dense_) {
    for (std::size_t at = 0; at < seen_.size(); at += columns_) add_slot(at, at);
  } else {
    for (const auto& [token, at] : other.slots_) add_slot(slot(token), at);
  }
}

}  // namespace collapse_stats
