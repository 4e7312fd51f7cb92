#include "leaf_store.hpp"

#include <algorithm>

namespace collapse_stats::cpu {

void LeafStore::add(const Leaf& leaf, std::size_t rows, Arena& arena) {
  append(leaf.high, leaf.size, arena);
  if (leaf.low != nullptr) append(leaf.low, leaf.size, arena);
  extras_.insert(extras_.end(), leaf.extras.begin(), leaf.extras.end());
  leaves_.push_back({leaf.known, leaf.size, leaf.extras.size(), leaf.known_bits, leaf.high_size,
                     leaf.low != nullptr});
  rows_ += rows;
}

void LeafStore::give_to(LeafSink& sink, const RecordFormat& format, Columns& columns) const {
  Place place;
  auto extras = extras_.begin();
  for (const Kept& kept : leaves_) {
    std::uint64_t* const high = columns.high.reserve(kept.size + Leaf::padding);
    std::uint64_t* const low =
        kept.two_words ? columns.low.reserve(kept.size + Leaf::padding) : nullptr;
    read(place, high, kept.size);
    if (kept.two_words) read(place, low, kept.size);
    const auto next = extras + static_cast<std::ptrdiff_t>(kept.extras);
    sink.leaf({&format, kept.size, high, low, kept.high_size, kept.known_bits, kept.known,
               std::span(extras, next)});
    extras = next;
  }
}

void LeafStore::append(const std::uint64_t* words, std::size_t number, Arena& arena) {
  while (number > 0) {
    if (used_ == part_words) {
      parts_.push_back(nullptr);
      parts_.back() = reinterpret_cast<std::uint64_t*>(arena.take_part());
      used_ = 0;
    }
    const std::size_t taken = std::min(number, part_words - used_);
    std::copy_n(words, taken, parts_.back() + used_);
    used_ += taken;
    words += taken;
    number -= taken;
  }
}

void LeafStore::read(Place& place, std::uint64_t* words, std::size_t number) const {
  while (number > 0) {
    const std::size_t taken = std::min(number, part_words - place.word);
    std::copy_n(parts_[place.part] + place.word, taken, words);
    place.word += taken;
    words += taken;
    number -= taken;
    if (place.word == part_words) place = {place.part + 1, 0};
  }
}

}  // namespace collapse_stats::cpu
