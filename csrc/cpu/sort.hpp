#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <vector>

#include "../run.hpp"
#include "record.hpp"

namespace collapse_stats::cpu {

/// Sorts records in place. Three-way quicksort while there are many: buckets are large where a
/// window is repeated, and equal records are then done with in one pass.
template <class Record>
void sort_records(Record* first, Record* last) {
  constexpr std::ptrdiff_t few = 2048;
  auto depth = 2 * static_cast<unsigned>(std::bit_width(static_cast<std::size_t>(last - first)));
  for (; last - first > few && depth > 0; --depth) {
    const std::ptrdiff_t middle = (last - first) / 2;
    std::array sample{first[0], first[middle], last[-1]};
    std::sort(sample.begin(), sample.end());
    const Record pivot = sample[1];
    Record* less = first;
    Record* greater = last;
    for (Record* at = first; at < greater;) {
      if (*at < pivot)
        std::swap(*less++, *at++);
      else if (pivot < *at)
        std::swap(*at, *--greater);
      else
        ++at;
    }
    if (less - first < last - greater) {
      sort_records(first, less);
      first = greater;
    } else {
      sort_records(greater, last);
      last = less;
    }
  }
  std::sort(first, last);
}

/// Sorts the records of a shard and gives its rows to a sink. Keeps work space from shard to shard.
template <class Record>
class ShardSorter {
 public:
  explicit ShardSorter(const Layout& layout) : layout_(layout), format_(layout) {}

  /// Output: the rows of `shard`, strictly ascending.
  void sort(unsigned shard, std::span<const std::span<const Record>> parts, RowSink& sink) {
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();
    const Record* const records = split(parts, size);
    std::size_t begin = 0;
    prefix_ = Key{shard} << format_.key_bits;
    for (const std::size_t end : ends_) {
      sort_records(records_.reserve(0) + begin, records_.reserve(0) + end);
      squeeze(records + begin, records + end, sink);
      begin = end;
    }
  }

 private:
  /// Gathers the parts, grouped by top key bits into buckets of about 128 records.
  /// Output: ascending buckets, which end at `ends_`.
  const Record* split(std::span<const std::span<const Record>> parts, std::size_t size) {
    const auto wanted = static_cast<unsigned>(std::bit_width(size / 128));
    const unsigned bits = std::min({wanted, max_split_bits, format_.key_bits});
    const unsigned shift = format_.bits() - bits;
    // Shifting by the whole width is undefined: without bits to split there is one bucket.
    const auto bucket = [&](Record record) {
      return bits == 0 ? 0 : static_cast<std::size_t>(record >> shift);
    };

    ends_.assign(std::size_t{1} << bits, 0);
    for (const auto part : parts)
      for (const Record record : part) ++ends_[bucket(record)];
    std::size_t begin = 0;
    for (std::size_t& end : ends_) {
      const std::size_t number = end;
      end = begin;  // for now where the next record of the bucket goes
      begin += number;
    }
    Record* const records = records_.reserve(size);
    for (const auto part : parts)
      for (const Record record : part) records[ends_[bucket(record)]++] = record;
    return records;
  }

  /// One row for each distinct key of sorted records.
  void squeeze(const Record* at, const Record* end, RowSink& sink) const {
    const auto label_mask = static_cast<Record>(low_mask(format_.label_bits));
    while (at < end) {
      std::array<Count, max_labels> counts{};
      const Record key = *at >> format_.label_bits;
      for (; at < end && *at >> format_.label_bits == key; ++at)
        ++counts[static_cast<std::size_t>(*at & label_mask)];
      sink.row(prefix_ | key, counts.data());
    }
  }

  static constexpr unsigned max_split_bits = 12;

  const Layout layout_;
  const RecordFormat format_;
  Key prefix_ = 0;
  Buffer<Record> records_;
  std::vector<std::size_t> ends_;
};

}  // namespace collapse_stats::cpu
