#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
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
  using Parts = std::span<const std::span<const Record>>;

  explicit ShardSorter(const Layout& layout) : layout_(layout), format_(layout) {}

  /// Output: the rows of `shard`, strictly ascending.
  void sort(unsigned shard, Parts parts, RowSink& sink) {
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();
    if (size == 0) return;
    const unsigned bits = split_bits(size);
    const Key prefix = Key{shard} << format_.key_bits;
    if (format_.bits() - bits <= 64)
      sort_buckets(parts, size, bits, prefix, narrow_, sink);
    else
      sort_buckets(parts, size, bits, prefix, wide_, sink);
  }

 private:
  static constexpr unsigned max_split_bits = 12;

  /// Top key bits that name a record's bucket: enough for buckets of about 16 records, and if the
  /// shard is large enough, so many that 64 bits are left to sort by.
  unsigned split_bits(std::size_t size) const {
    const auto useful = static_cast<unsigned>(std::bit_width(size / 16));
    const unsigned too_wide = format_.bits() > 64 ? format_.bits() - 64 : 0;
    const unsigned bits = too_wide < std::bit_width(size) ? std::max(useful, too_wide) : useful;
    return std::min({bits, max_split_bits, format_.key_bits});
  }

  /// Buckets are named by `bits` bits, of which `Narrow` may lose some or all: the prefix has them.
  template <class Narrow>
  void sort_buckets(Parts parts, std::size_t size, unsigned bits, Key prefix,
                    Buffer<Narrow>& buffer, RowSink& sink) {
    Narrow* const records = buffer.reserve(size);
    split(parts, bits, records);
    const unsigned bucket_shift = format_.key_bits - bits;
    std::size_t begin = 0;
    for (std::size_t bucket = 0; bucket < ends_.size(); ++bucket) {
      const std::size_t end = ends_[bucket];
      sort_records(records + begin, records + end);
      squeeze(records + begin, records + end, prefix | Key{bucket} << bucket_shift, sink);
      begin = end;
    }
  }

  /// Output: the records of all parts, grouped into ascending buckets which end at `ends_`.
  template <class Narrow>
  void split(Parts parts, unsigned bits, Narrow* records) {
    const unsigned shift = format_.bits() - bits;
    // Shifting by the whole width is undefined: with no bits there is one bucket.
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
    for (const auto part : parts)
      for (const Record record : part)
        records[ends_[bucket(record)]++] = static_cast<Narrow>(record);
  }

  /// One row for each distinct key of sorted records.
  template <class Narrow>
  void squeeze(const Narrow* at, const Narrow* end, Key prefix, RowSink& sink) const {
    const auto label_mask = static_cast<Narrow>(low_mask(format_.label_bits));
    while (at < end) {
      std::array<Count, max_labels> counts{};
      const Narrow key = *at >> format_.label_bits;
      for (; at < end && *at >> format_.label_bits == key; ++at)
        ++counts[static_cast<std::size_t>(*at & label_mask)];
      sink.row(prefix | key, counts.data());
    }
  }

  const Layout layout_;
  const RecordFormat format_;
  Buffer<Record> wide_;
  Buffer<std::uint64_t> narrow_;
  std::vector<std::size_t> ends_;
};

}  // namespace collapse_stats::cpu
