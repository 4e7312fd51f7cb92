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

// 1024 cells: small enough to stay in cache, large enough for nearly every n-gram.
JointHistogram::JointHistogram(const Masks& masks)
    : width_(masks.second == 0 ? 1024 : 32),
      height_(masks.second == 0 ? 1 : 32),
      dense_(width_ * height_, 0) {}

void JointHistogram::add(const JointHistogram& other) {
  for (std::size_t cell = 0; cell < dense_.size(); ++cell) dense_[cell] += other.dense_[cell];
  for (const auto& [cell, types] : other.rest_) rest_[cell] += types;
}

void JointHistogram::add_large(Count a, Count b, Count types) { rest_[{a, b}] += types; }

JointSpectrum JointHistogram::spectrum() const {
  std::vector<std::pair<Cell, Count>> rows(rest_.begin(), rest_.end());
  for (std::size_t cell = 1; cell < dense_.size(); ++cell)  // not (0, 0)
    rows.push_back({{cell / height_, cell % height_}, dense_[cell]});
  std::erase_if(rows, [](const auto& row) { return row.second == 0; });
  std::sort(rows.begin(), rows.end());

  JointSpectrum spectrum;
  for (const auto& [cell, types] : rows) {
    spectrum.a.push_back(cell.a);
    spectrum.b.push_back(cell.b);
    spectrum.types.push_back(types);
  }
  return spectrum;
}

Unigrams::Unigrams(std::uint64_t vocab_size, std::size_t columns)
    : columns_(columns), dense_(vocab_size <= dense_vocabulary) {
  if (dense_) counts_.resize(vocab_size * 2 * columns);
}

Count* Unigrams::slot(std::uint64_t token) {
  if (dense_) return &counts_[token * 2 * columns_];
  const auto [found, inserted] = slots_.try_emplace(token, counts_.size());
  if (inserted) counts_.resize(counts_.size() + 2 * columns_);
  return &counts_[found->second];
}

void Unigrams::add(std::uint64_t token, const Count* counts, bool continued) {
  Count* out = slot(token);
  for (std::size_t column = 0; column < columns_; ++column) {
    out[column] += counts[column];
    if (continued) out[columns_ + column] += counts[column];
  }
}

void Unigrams::add(const Unigrams& other) {
  const auto add_slot = [&](std::uint64_t token, const Count* from) {
    Count* to = slot(token);
    for (std::size_t column = 0; column < 2 * columns_; ++column) to[column] += from[column];
  };
  if (dense_) {
    for (std::uint64_t token = 0; token * 2 * columns_ < counts_.size(); ++token)
      add_slot(token, &other.counts_[token * 2 * columns_]);
  } else {
    for (const auto& [token, at] : other.slots_) add_slot(token, &other.counts_[at]);
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
  for (const Masks& pair : masks) {
    if ((pair.first | pair.second) >> layout.labels != 0)
      throw std::invalid_argument(
          "masks must be below 2**labels = " + std::to_string(1U << layout.labels) + ", got (" +
          std::to_string(pair.first) + ", " + std::to_string(pair.second) + ")");
    pairs_.push_back({column_of(pair.first), column_of(pair.second)});
  }
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
    unigrams_.add(layout_.first_token(previous_), scratch_.data(), previous_length_ > 1);
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

Tables joint_tables(const Layout& layout, std::span<const RunView> runs,
                    std::span<const Masks> masks, unsigned threads) {
  std::vector<Scanner> scanners(threads, Scanner(layout, masks));
  const unsigned shift = layout.key_bits - layout.shard_bits;
  parallel_for(layout.shards(), threads, [&](std::size_t shard, unsigned worker) {
    const Key first = Key{shard} << shift;
    merge_rows(layout, runs, first, first | low_mask(shift), scanners[worker]);
    scanners[worker].end_shard();
  });
  return sum_tables(scanners);
}

Tables sum_tables(std::vector<Scanner>& scanners) {
  for (std::size_t other = 1; other < scanners.size(); ++other) scanners[0].add(scanners[other]);
  return scanners[0].tables();
}

}  // namespace collapse_stats
