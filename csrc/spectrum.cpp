#include "spectrum.hpp"

#include <algorithm>
#include <utility>

#include "cpu/parallel.hpp"

namespace collapse_stats {
namespace {

constexpr std::uint64_t dense_vocabulary = 1 << 18;

std::vector<unsigned> distinct_masks(std::span<const Masks> masks) {
  std::vector<unsigned> distinct;
  for (const Masks& pair : masks) {
    distinct.push_back(pair.first);
    distinct.push_back(pair.second);
  }
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  return distinct;
}

}  // namespace

void check_masks(const Layout& layout, std::span<const Masks> masks) {
  for (const Masks& pair : masks)
    if ((pair.first | pair.second) >> layout.labels != 0)
      throw std::invalid_argument(
          "masks must be below 2**labels = " + std::to_string(1U << layout.labels) + ", got (" +
          std::to_string(pair.first) + ", " + std::to_string(pair.second) + ")");
}

// Only the first cells are used often, so it stays in cache; nearly every n-gram is in one of them.
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
    : columns_(columns), dense_(vocab_size <= dense_vocabulary) {
  if (!dense_) return;
  seen_.resize(vocab_size * columns);
  ended_.resize(vocab_size * columns);
}

std::size_t Unigrams::sparse_slot(std::uint64_t token) {
  const auto [found, inserted] = slots_.try_emplace(token, seen_.size());
  if (inserted) {
    seen_.resize(seen_.size() + columns_);
    ended_.resize(seen_.size());
  }
  return found->second;
}

void Unigrams::add(const Unigrams& other) {
  const auto add_slot = [&](std::uint64_t token, std::size_t from) {
    const std::size_t to = slot(token);
    for (std::size_t column = 0; column < columns_; ++column) {
      seen_[to + column] += other.seen_[from + column];
      ended_[to + column] += other.ended_[from + column];
    }
  };
  if (dense_) {
    for (std::uint64_t token = 0; token * columns_ < seen_.size(); ++token)
      add_slot(token, token * columns_);
  } else {
    for (const auto& [token, at] : other.slots_) add_slot(token, at);
  }
}

Scanner::Scanner(const Layout& layout, std::span<const Masks> masks)
    : layout_(layout),
      first_order_(layout.max_order == 1 ? 1 : 2),
      columns_(distinct_masks(masks)),
      total_(columns_.size(), 0),
      before_((layout.max_order + 1) * columns_.size(), 0),
      ended_(before_),
      has_ended_(layout.max_order + 1, false),
      scratch_(total_),
      unigrams_(layout.max_order == 1 ? 0 : layout.vocab_size, columns_.size()),
      ngrams_(layout.max_order + 1, std::vector<JointHistogram>(masks.begin(), masks.end())),
      contexts_(ngrams_) {
  for (unsigned bits = 0; bits <= max_key_bits; ++bits)
    whole_codes_[bits] = static_cast<std::uint8_t>(bits / layout.code_bits);
  const auto column_of = [&](unsigned mask) {
    return static_cast<std::size_t>(std::lower_bound(columns_.begin(), columns_.end(), mask) -
                                    columns_.begin());
  };
  check_masks(layout, masks);
  for (const Masks& pair : masks) pairs_.push_back({column_of(pair.first), column_of(pair.second)});
}

void Scanner::row(Key key, const Count* counts) {
  const unsigned shared = open_ ? shared_codes(previous_, key) : 0;
  if (open_) close_groups(shared);

  const std::size_t columns = columns_.size();
  for (unsigned order = std::max(shared + 1, first_order_); order <= layout_.max_order; ++order)
    for (std::size_t column = 0; column < columns; ++column)
      before_[order * columns + column] = total_[column];

  for (std::size_t column = 0; column < columns; ++column) {
    Count sum = 0;
    for (unsigned label = 0; label < layout_.labels; ++label)
      sum += (columns_[column] >> label & 1) * counts[label];
    total_[column] += sum;
    scratch_[column] = sum;
  }

  open_ = true;
  previous_ = key;
  previous_length_ = layout_.length(key);
  if (previous_length_ < layout_.max_order) {
    std::copy(scratch_.begin(), scratch_.end(), ended_.data() + previous_length_ * columns);
    has_ended_[previous_length_] = true;
  }
}

void Scanner::end_shard() {
  if (open_) close_groups(0);
  open_ = false;
}

unsigned Scanner::shared_codes(Key left, Key right) const {
  const unsigned shared = whole_codes_[leading_zeros(left ^ right, layout_.key_bits)];
  return shared < first_order_ ? 0 : shared;  // half of a mixed bigram says nothing
}

/// Closes the groups whose order is above `shared`.
void Scanner::close_groups(unsigned shared) {
  const unsigned last = std::max(shared + 1, first_order_);
  for (unsigned order = previous_length_; order >= last; --order) close_ngram(order);

  if (first_order_ == 2 && shared < 2) {
    take_since(2);
    unigrams_.add(layout_.first_token(previous_), scratch_, previous_length_ > 1);
  }
}

void Scanner::close_ngram(unsigned order) {
  take_since(order);
  tally(ngrams_[order], scratch_.data(), 1);
  if (!has_ended_[order]) return;

  // As a context it was seen less often than as an n-gram.
  tally(contexts_[order + 1], scratch_.data(), Count{0} - 1);
  for (std::size_t column = 0; column < columns_.size(); ++column)
    scratch_[column] -= ended_[order * columns_.size() + column];
  tally(contexts_[order + 1], scratch_.data(), 1);
  has_ended_[order] = false;
}

/// Counts of the open group of `order`, into the scratch columns.
void Scanner::take_since(unsigned order) {
  const Count* before = before_.data() + order * columns_.size();
  for (std::size_t column = 0; column < columns_.size(); ++column)
    scratch_[column] = total_[column] - before[column];
}

void Scanner::tally(std::vector<JointHistogram>& histograms, const Count* columns,
                    Count types) const {
  for (std::size_t pair = 0; pair < pairs_.size(); ++pair)
    histograms[pair].add(columns[pairs_[pair].first], columns[pairs_[pair].second], types);
}

void Scanner::add(const Scanner& other) {
  for (std::size_t column = 0; column < columns_.size(); ++column)
    total_[column] += other.total_[column];
  for (unsigned order = 1; order <= layout_.max_order; ++order)
    for (std::size_t pair = 0; pair < pairs_.size(); ++pair) {
      ngrams_[order][pair].add(other.ngrams_[order][pair]);
      contexts_[order][pair].add(other.contexts_[order][pair]);
    }
  unigrams_.add(other.unigrams_);
}

Tables Scanner::tables() const {
  Histograms ngrams = ngrams_;
  Histograms contexts = contexts_;
  unigrams_.each([&](const Count* seen, const Count* continued) {
    tally(ngrams[1], seen, 1);
    tally(contexts[2], continued, 1);
  });
  for (unsigned order = 3; order <= layout_.max_order; ++order)
    for (std::size_t pair = 0; pair < pairs_.size(); ++pair)
      contexts[order][pair].add(ngrams[order - 1][pair]);
  tally(contexts[1], total_.data(), 1);

  Tables tables;
  const auto append = [](auto& to, const std::vector<JointHistogram>& from) {
    auto& spectra = to.emplace_back();
    for (const JointHistogram& histogram : from) spectra.push_back(histogram.spectrum());
  };
  for (unsigned order = 1; order <= layout_.max_order; ++order) {
    append(tables.ngrams, ngrams[order]);
    append(tables.contexts, contexts[order]);
  }
  return tables;
}

void JointScan::add(std::span<const RunView> runs) {
  const unsigned shift = layout_.key_bits - layout_.shard_bits;
  const auto threads = static_cast<unsigned>(scanners_.size());
  parallel_for(layout_.shards(), threads, [&](std::size_t shard, unsigned worker) {
    const Key first = Key{shard} << shift;
    merge_rows(layout_, runs, first, first | low_mask(shift), scanners_[worker]);
    scanners_[worker].end_shard();
  });
}

Tables JointScan::tables() {
  for (std::size_t other = 1; other < scanners_.size(); ++other) scanners_[0].add(scanners_[other]);
  return scanners_[0].tables();
}

}  // namespace collapse_stats
