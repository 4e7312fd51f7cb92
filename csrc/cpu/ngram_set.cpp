#include "ngram_set.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "parallel.hpp"

namespace collapse_stats::cpu {
namespace {

constexpr std::size_t least_slots = std::size_t{1} << 10;
constexpr std::size_t documents_of_task = 64;
constexpr std::size_t ahead = 16;  // keys whose slots are fetched before they are needed

/// The finaliser of SplitMix64, under which no two numbers become one.
std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9;
  x ^= x >> 27;
  x *= 0x94D049BB133111EB;
  return x ^ x >> 31;
}

std::uint64_t key_of(const std::uint32_t* tokens, unsigned order, unsigned code_bits) {
  std::uint64_t key = std::uint64_t{tokens[0]} + 1;
  unsigned filled = code_bits;
  for (unsigned i = 1; i < order; ++i) {
    const std::uint64_t code = std::uint64_t{tokens[i]} + 1;
    key = filled + code_bits <= 64 ? key << code_bits | code : mixed(key) ^ code;
    filled += code_bits;
  }
  key = mixed(key);
  return key == 0 ? 1 : key;
}

void check(const Documents& documents) {
  const auto size = static_cast<std::int64_t>(documents.tokens.size());
  if (documents.start.size() != documents.stop.size())
    throw std::invalid_argument("documents must have as many starts as stops");
  for (std::size_t i = 0; i < documents.start.size(); ++i)
    if (documents.start[i] < 0 || documents.stop[i] < documents.start[i] ||
        documents.stop[i] > size)
      throw std::invalid_argument("documents must lie within the tokens");
}

}  // namespace

/// What a thread needs to go through a document: its keys, and a small table of those it has met.
class NgramSet::Scratch {
 public:
  explicit Scratch(const NgramSet& set) : set_(set) {}

  /// Make the keys of all n-grams of a document.
  void load(const Documents& documents, std::size_t document) {
    const auto length =
        static_cast<std::size_t>(documents.stop[document] - documents.start[document]);
    const std::uint32_t* tokens = documents.tokens.data() + documents.start[document];
    keys_.resize(length < set_.order_ ? 0 : length - set_.order_ + 1);
    for (std::size_t i = 0; i < keys_.size(); ++i)
      keys_[i] = key_of(tokens + i, set_.order_, set_.code_bits_);
  }

  /// Call `body(slot, key)` for every n-gram that was loaded, in order.
  void for_each(auto body) const {
    const std::size_t size = keys_.size();
    for (std::size_t i = 0; i < std::min(ahead, size); ++i) fetch(keys_[i]);
    for (std::size_t i = 0; i < size; ++i) {
      if (i + ahead < size) fetch(keys_[i + ahead]);
      body(set_.find(keys_[i]), keys_[i]);
    }
  }

  /// Keep each n-gram that was loaded once.
  void make_distinct() {
    const std::size_t places = std::bit_ceil(2 * keys_.size() + 1);
    met_.assign(places, 0);
    std::size_t kept = 0;
    for (const std::uint64_t key : keys_) {
      std::size_t at = key & (places - 1);
      while (met_[at] != 0 && met_[at] != key) at = (at + 1) & (places - 1);
      if (met_[at] == key) continue;
      met_[at] = key;
      keys_[kept++] = key;
    }
    keys_.resize(kept);
  }

  const std::vector<std::uint64_t>& keys() const { return keys_; }

 private:
  void fetch(std::uint64_t key) const {
    const std::size_t slot = set_.home(key);
    __builtin_prefetch(set_.slots_.data() + slot);
    __builtin_prefetch(set_.values_.data() + slot);
  }

  const NgramSet& set_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint64_t> met_;
};

NgramSet::NgramSet(unsigned order, unsigned code_bits, std::uint16_t weight, std::size_t room,
                   unsigned threads)
    : order_(order), code_bits_(code_bits), weight_(weight), threads_(threads) {
  check_threads(threads);
  if (order < 1 || code_bits < 1 || code_bits > 33 || weight > weight_mask)
    throw std::invalid_argument("a set of n-grams needs an order, 1 to 33 bits and a weight");
  const std::size_t slots = std::max(least_slots, room + room / 2);
  slots_.resize(slots);
  values_.resize(slots);
}

std::size_t NgramSet::find(std::uint64_t key) const {
  std::size_t at = home(key);
  while (slots_[at] != 0 && slots_[at] != key) at = at + 1 == slots_.size() ? 0 : at + 1;
  return at;
}

std::size_t NgramSet::add(std::uint64_t key) {
  const std::size_t at = find(key);
  if (slots_[at] == 0) {
    slots_[at] = key;
    values_[at] = weight_;
    ++size_;
  }
  return at;
}

void NgramSet::make_room(std::size_t more) {
  const std::size_t number = size_ + more;
  if (number <= slots_.size() / 10 * 7) return;
  std::vector<std::uint64_t> keys(2 * number);
  std::vector<std::uint16_t> values(2 * number);
  keys.swap(slots_);
  values.swap(values_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == 0) continue;
    const std::size_t at = find(keys[i]);
    slots_[at] = keys[i];
    values_[at] = values[i];
  }
}

void NgramSet::put(std::span<const std::uint64_t> keys, std::span<const std::uint16_t> weights) {
  if (keys.size() != weights.size())
    throw std::invalid_argument("there must be as many weights as n-grams");
  make_room(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    values_[add(keys[i])] = weights[i] & weight_mask;
}

void NgramSet::get(std::span<const std::uint64_t> keys, std::span<std::uint16_t> weights) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::size_t at = find(keys[i]);
    weights[i] = slots_[at] == 0 ? std::uint16_t{0} : values_[at] & weight_mask;
  }
}

void NgramSet::for_each_document(const Documents& documents, auto body) const {
  check(documents);
  const std::size_t number = documents.start.size();
  const std::size_t tasks = (number + documents_of_task - 1) / documents_of_task;
  const std::size_t workers = std::min<std::size_t>(threads_, std::max<std::size_t>(tasks, 1));
  std::vector<Scratch> scratch(workers, Scratch(*this));
  parallel_for(tasks, static_cast<unsigned>(workers), [&](std::size_t task, unsigned worker) {
    const std::size_t first = task * documents_of_task;
    const std::size_t last = std::min(first + documents_of_task, number);
    for (std::size_t document = first; document < last; ++document) {
      scratch[worker].load(documents, document);
      body(scratch[worker], document);
    }
  });
}

void NgramSet::sums(const Documents& documents, std::span<std::int64_t> all,
                    std::span<std::int64_t> left) const {
  for_each_document(documents, [&](Scratch& scratch, std::size_t document) {
    scratch.make_distinct();
    std::int64_t sum = 0;
    std::int64_t uncovered = 0;
    scratch.for_each([&](std::size_t slot, std::uint64_t key) {
      const std::uint16_t value = slots_[slot] == key ? values_[slot] : weight_;
      const std::int64_t weight = value & weight_mask;
      sum += weight;
      if ((value & covered) == 0) uncovered += weight;
    });
    all[document] = sum;
    left[document] = uncovered;
  });
}

void NgramSet::cover(const Documents& documents) {
  check(documents);
  Scratch scratch(*this);
  for (std::size_t document = 0; document < documents.start.size(); ++document) {
    scratch.load(documents, document);
    make_room(scratch.keys().size());
    for (const std::uint64_t key : scratch.keys()) values_[add(key)] |= newly;
  }
}

void NgramSet::uncover() {
  for (std::uint16_t& value : values_) value &= static_cast<std::uint16_t>(~newly);
}

void NgramSet::settle() {
  for (std::uint16_t& value : values_)
    if ((value & newly) != 0) value |= settled;
}

void NgramSet::shared(const Documents& documents, unsigned span,
                      std::span<std::int64_t> number) const {
  if (span < order_) throw std::invalid_argument("stretches must be as long as the n-grams");
  const std::size_t needed = span - order_ + 1;  // n-grams in a row
  for_each_document(documents, [&](Scratch& scratch, std::size_t document) {
    std::size_t row = 0;
    std::int64_t stretches = 0;
    scratch.for_each([&](std::size_t slot, std::uint64_t key) {
      row = slots_[slot] == key ? row + 1 : 0;
      if (row >= needed) ++stretches;
    });
    number[document] = stretches;
  });
}

}  // namespace collapse_stats::cpu
