#pragma once

#include <type_traits>

#include "cuda/ranks.hpp"
#include "cuda/row_keys.hpp"
#include "cuda/tally.hpp"

/// Ascending windows, and how many of each label are in a stretch of them.
namespace collapse_stats::cuda {

/// Labels of sorted records: a bitmap for each bit of the labels, lowest first, and for each label
/// the number of its records before each word.
template <unsigned Labels>
struct LabelRanks {
  const std::uint64_t* memory;
  std::uint64_t words;
  unsigned label_bits, labels;

  LabelRanks(const Layout& layout, const SortedRecords& sorted)
      : memory(sorted.sums),
        words(bitmap_words(sorted.number)),
        label_bits(layout.label_bits),
        labels(layout.labels) {}

  /// Number of records of each label before `place`.
  DEVICE CountsOf<Labels> before(std::uint64_t place) const {
    const std::uint64_t word = place / word_bits;
    CountsOf<Labels> counts;
    UNROLL
    for (unsigned label = 0; label < Labels; ++label) {
      counts.of[label] = 0;
      if (label >= labels) continue;
      std::uint64_t bits = bits_below(place);
      for (unsigned bit = 0; bit < label_bits; ++bit) {
        const std::uint64_t plane = memory[bit * words + word];
        bits &= (label >> bit & 1U) != 0 ? plane : ~plane;
      }
      counts.of[label] = memory[(label_bits + label) * words + word] + count_ones(bits);
    }
    return counts;
  }
};

/// Sorted records, each of which is one window.
template <class Record, unsigned Labels>
struct RecordGroups {
  using Word = Record;
  using Counts = CountsOf<Labels>;

  const Record* records;
  std::uint64_t number;
  LabelRanks<Labels> ranks;

  RecordGroups(const Layout& layout, const SortedRecords& sorted)
      : records(static_cast<const Record*>(sorted.records)),
        number(sorted.number),
        ranks(layout, sorted) {}

  DEVICE Word word(std::uint64_t place) const { return records[place]; }

  /// Number of windows of each label from `first` up to, not including, `last`.
  DEVICE Counts counts(std::uint64_t first, std::uint64_t last) const {
    if constexpr (Labels == 1) {
      return {{last - first}};
    } else {
      if (last - first == 1) return counts_of(records[first]);
      return ranks.before(last) - ranks.before(first);
    }
  }

 private:
  DEVICE Counts counts_of(Record record) const {
    const unsigned own = static_cast<unsigned>(record) & ((1U << ranks.label_bits) - 1);
    Counts counts;
    UNROLL
    for (unsigned label = 0; label < Labels; ++label) counts.of[label] = label == own ? 1 : 0;
    return counts;
  }
};

/// Rows of a table, each of which is as many windows as its counts say.
template <class RowKey, unsigned Labels>
struct RowGroups {
  using Word = RowKey;
  using Counts = CountsOf<Labels>;

  RowKeys<RowKey> keys;
  std::uint64_t number;
  const std::uint64_t* sums;
  unsigned labels;

  RowGroups(const Layout& layout, const DeviceTable& table, const std::uint64_t* row_sums)
      : keys{table.keys, table.rows}, number(table.rows), sums(row_sums), labels(layout.labels) {}

  DEVICE Word word(std::uint64_t row) const { return keys.at(row); }

  DEVICE Counts counts(std::uint64_t first, std::uint64_t last) const {
    Counts counts;
    UNROLL
    for (unsigned label = 0; label < Labels; ++label) {
      const std::uint64_t* const column = sums + label * (number + 1);
      counts.of[label] = label < labels ? column[last] - column[first] : 0;
    }
    return counts;
  }
};

/// Call `call` with the smallest number of labels, not below `labels`, that kernels are compiled
/// for.
template <class Call>
void with_labels(unsigned labels, Call call) {
  if (labels == 1) return call(std::integral_constant<unsigned, 1>{});
  if (labels <= 4) return call(std::integral_constant<unsigned, 4>{});
  return call(std::integral_constant<unsigned, max_labels>{});
}

}  // namespace collapse_stats::cuda
