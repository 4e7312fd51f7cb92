#include "links.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "bigrams.hpp"
#include "cpu/buffer.hpp"
#include "cpu/slices.hpp"
#include "merge.hpp"
#include "tail.hpp"

namespace collapse_stats {
namespace {

constexpr std::size_t most_ranges = 64;
constexpr std::size_t ahead = 8;   // bigrams whose memory is asked for before it is read
constexpr std::size_t batch = 64;  // n-grams whose suffixes are found together

/// The first of the ascending symbols from `first` to `end` that is not less than `wanted`, or
/// `end`. It has no branch that depends on a symbol: it would be mispredicted.
const std::uint32_t* search(const std::uint32_t* first, const std::uint32_t* end,
                            std::uint32_t wanted) {
  auto size = static_cast<std::size_t>(end - first);
  if (size == 0) return end;
  for (; size > 1; size -= size / 2)
    first += size / 2 & (0 - std::size_t{first[size / 2 - 1] < wanted});
  return first + (*first < wanted);
}

/// Arranges the n-grams of one table. The rows of each bigram are read in the order in which they
/// are, so that all n-grams come out in lexicographic order: those with one prefix are adjacent,
/// and their last symbols ascend.
class Linker {
 public:
  Linker(const Layout& layout, const NgramTableView& table, unsigned order, unsigned threads)
      : layout_(layout),
        table_(table),
        order_(order),
        threads_(threads),
        bigrams_(layout, table, threads),
        orders_(std::max(order, 2U)) {}

  Links run() {
    add_bigrams();
    if (order_ > 2) {
      if (layout_.rest_bits <= 64)
        add_longer<std::uint64_t>();
      else
        add_longer<Key>();
    }
    if (order_ > 1) find_ranges();
    for (unsigned n = 2; n <= order_; ++n) {
      link(n);
      add_begun(n);
    }
    orders_.resize(order_);
    return {bigrams_.symbols().ids(), std::move(orders_)};
  }

 private:
  LinkedOrder& at(unsigned n) { return orders_[n - 1]; }

  Count row_count(unsigned label, std::size_t row) const {
    return table_.counts[label * table_.count_stride + row];
  }

  static Count& count_of(LinkedOrder& order, unsigned label, std::size_t number) {
    return order.counts[label * order.capacity + number];
  }

  /// Whether any label has this n-gram left that nothing stands before. Throws if one has fewer.
  bool is_left(const std::int64_t* left, std::size_t stride) const {
    bool any = false;
    for (unsigned label = 0; label < table_.labels; ++label) {
      if (left[label * stride] < 0) refuse_table();
      any |= left[label * stride] > 0;
    }
    return any;
  }

  void make(LinkedOrder& order, std::size_t inner, std::size_t shorter) {
    // N-grams at a begin are not more than documents, and each goes on a different shorter one.
    Count documents = 0;
    for (unsigned label = 0; label < table_.labels; ++label)
      documents += count_of(at(1), label, Symbols::end);
    order.inner = order.size = inner;
    order.capacity = inner + static_cast<std::size_t>(std::min<Count>(documents, shorter));
    if (order.capacity > std::numeric_limits<std::uint32_t>::max()) refuse_size();
    order.last = make_column<std::uint32_t>(order.capacity);
    order.suffix = make_column<std::uint32_t>(order.capacity);
    order.counts = make_column<Count>(order.capacity * table_.labels);
  }

  /// Fill order 1, and the windows' part of order 2.
  void add_bigrams() {
    const Symbols& symbols = bigrams_.symbols();
    LinkedOrder& tokens = at(1);
    tokens.size = tokens.capacity = symbols.number();
    tokens.inner = symbols.begin();
    tokens.counts = std::make_unique<Count[]>(tokens.size * table_.labels);
    LinkedOrder& pairs = at(2);
    pairs.children = bigrams_.take_children();
    auto sums = make_column<Count>(bigrams_.size() * table_.labels);
    for_slices(bigrams_.size(), threads_, [&](std::size_t first, std::size_t end) {
      for (std::size_t bigram = first; bigram < end; ++bigram, prefetch(bigram))
        for (unsigned label = 0; label < table_.labels; ++label) {
          Count sum = 0;
          for (std::size_t row = bigrams_.first_row(bigram); row < bigrams_.end_row(bigram); ++row)
            sum += row_count(label, row);
          sums[label * bigrams_.size() + bigram] = sum;
        }
    });
    for (unsigned label = 0; label < table_.labels; ++label) {
      const Count* const of = sums.get() + label * bigrams_.size();
      Count documents = 0;
      for (std::size_t symbol = 0; symbol < symbols.begin(); ++symbol) {
        const std::size_t first = pairs.children[symbol], end = pairs.children[symbol + 1];
        for (std::size_t bigram = first; bigram < end; ++bigram)
          count_of(tokens, label, symbol) += of[bigram];
        if (first < end && bigrams_.second(first) == Symbols::end) documents += of[first];
      }
      count_of(tokens, label, Symbols::end) = documents;
      count_of(tokens, label, symbols.begin()) = documents;
    }
    make(pairs, bigrams_.size(), tokens.inner);
    for (std::size_t bigram = 0; bigram < pairs.inner; ++bigram)
      pairs.last[bigram] = bigrams_.second(bigram);
    for (unsigned label = 0; label < table_.labels; ++label)
      std::copy_n(sums.get() + label * pairs.inner, pairs.inner,
                  pairs.counts.get() + label * pairs.capacity);
  }

  /// Ask for the memory of bigrams behind this one: those of one symbol lie apart in the table.
  void prefetch(std::size_t bigram) const {
    bigrams_.prefetch(bigram + 2 * ahead);
    if (bigram + ahead >= bigrams_.size()) return;
    const std::size_t row = bigrams_.first_row(bigram + ahead);
    for (unsigned word = 0; word < layout_.words; ++word)
      __builtin_prefetch(table_.keys + word * table_.key_stride + row);
    for (unsigned label = 0; label < table_.labels; ++label)
      __builtin_prefetch(table_.counts + label * table_.count_stride + row);
  }

  /// Call `body(row, rest, shortest, longest)` for the rows of a bigram: the orders of the n-grams
  /// that are new in the row, and of those that go on.
  template <class Bits, class Body>
  void for_rows(const Tail<Bits>& tail, std::size_t bigram, const Body& body) const {
    if (bigrams_.second(bigram) == Symbols::end) return;
    const std::size_t first = bigrams_.first_row(bigram), end = bigrams_.end_row(bigram);
    Bits before = tail.of(table_, first, layout_);
    body(first, before, 3U, tail.longest(before));
    for (std::size_t row = first + 1; row < end; ++row) {
      const Bits rest = tail.of(table_, row, layout_);
      body(row, rest, tail.shortest(rest, before), tail.longest(rest));
      before = rest;
    }
  }

  using Numbers = std::array<std::size_t, max_key_bits + 2>;  // by order

  /// Fill the windows' part of the orders from 3 on, but for the suffixes.
  template <class Bits>
  void add_longer() {
    const Tail<Bits> tail(layout_);
    std::vector<Numbers> next(slices_of(bigrams_.size(), threads_) + 1, Numbers{});
    using Number = std::size_t;
    for_slices(bigrams_.size(), threads_, [&](Number first, Number end, Number slice) {
      Numbers numbers{};
      for (std::size_t bigram = first; bigram < end; ++bigram, prefetch(bigram))
        for_rows(tail, bigram, [&](std::size_t, Bits, unsigned shortest, unsigned longest) {
          for (unsigned n = 3; n <= order_; ++n) numbers[n] += shortest <= n && n <= longest;
        });
      next[slice + 1] = numbers;
    });
    for (std::size_t slice = 1; slice < next.size(); ++slice)
      for (unsigned n = 3; n <= order_; ++n) next[slice][n] += next[slice - 1][n];
    for (unsigned n = 3; n <= order_; ++n) {
      make(at(n), next.back()[n], at(n - 1).inner);
      at(n).children = make_column<std::uint32_t>(at(n - 1).capacity + 1);
      at(n).children[at(n - 1).inner] = static_cast<std::uint32_t>(at(n).inner);
    }
    for_slices(bigrams_.size(), threads_, [&](Number first, Number end, Number slice) {
      Numbers numbers = next[slice];
      for (std::size_t bigram = first; bigram < end; ++bigram, prefetch(bigram)) {
        at(3).children[bigram] = static_cast<std::uint32_t>(numbers[3]);
        for_rows(tail, bigram, [&](Number row, Bits rest, unsigned shortest, unsigned longest) {
          add_row(tail, row, rest, shortest, std::min(longest, order_), numbers);
        });
      }
    });
  }

  template <class Bits>
  void add_row(const Tail<Bits>& tail, std::size_t row, Bits rest, unsigned shortest,
               unsigned longest, Numbers& numbers) {
    for (unsigned n = shortest; n <= longest; ++n) {
      LinkedOrder& order = at(n);
      const std::size_t number = numbers[n]++;
      order.last[number] = bigrams_.symbols().of_code(tail.code(rest, n));
      for (unsigned label = 0; label < table_.labels; ++label) count_of(order, label, number) = 0;
      if (n < order_) at(n + 1).children[number] = static_cast<std::uint32_t>(numbers[n + 1]);
    }
    for (unsigned label = 0; label < table_.labels; ++label) {
      const Count count = row_count(label, row);
      for (unsigned n = 3; n <= longest; ++n) count_of(at(n), label, numbers[n] - 1) += count;
    }
  }

  /// Divide the second symbols into ranges. What follows after one first symbol and a second one in
  /// a range is adjacent in every order, and what any thread writes for one range is written for no
  /// other. The suffixes of a range lie close together, so that they stay in cache.
  void find_ranges() {
    const LinkedOrder& pairs = at(2);
    const std::size_t number = bigrams_.symbols().number();
    std::vector<std::uint32_t> preceded(number, 0);
    for (std::size_t bigram = 0; bigram < pairs.inner; ++bigram) ++preceded[pairs.last[bigram]];
    const std::size_t most = std::max<std::size_t>(most_ranges, 4 * threads_);
    const std::size_t ranges = std::clamp<std::size_t>(4 * pairs.inner / number, 1, most);
    std::vector<std::uint32_t> bounds{0};
    std::size_t sum = 0;
    for (std::size_t symbol = 0; symbol < number; ++symbol) {
      if (sum > pairs.inner / ranges * bounds.size())
        bounds.push_back(static_cast<std::uint32_t>(symbol));
      sum += preceded[symbol];
    }
    ranges_ = bounds.size();
    bounds.push_back(static_cast<std::uint32_t>(number));
    cuts_ = make_column<std::uint32_t>((ranges_ + 1) * number);
    for_slices(number, threads_, [&](std::size_t first, std::size_t end) {
      for (std::size_t symbol = first; symbol < end; ++symbol) {
        const std::uint32_t* const last = pairs.last.get();
        const std::uint32_t* place = last + pairs.children[symbol];
        for (std::size_t range = 0; range <= ranges_; ++range) {
          place = std::lower_bound(place, last + pairs.children[symbol + 1], bounds[range]);
          cuts_[range * number + symbol] = static_cast<std::uint32_t>(place - last);
        }
      }
    });
  }

  /// Find the suffixes of the n-grams in the windows, and count how often nothing precedes these.
  void link(unsigned n) {
    const LinkedOrder& shorter = at(n - 1);
    const std::size_t number = bigrams_.symbols().number();
    if (n > 3)
      for_slices((ranges_ + 1) * number, threads_, [&](std::size_t first, std::size_t end) {
        for (std::size_t i = first; i < end; ++i) cuts_[i] = shorter.children[cuts_[i]];
      });
    std::int64_t* const left = left_.reserve(shorter.inner * table_.labels);
    at(n).preceded = make_column<std::uint32_t>(shorter.inner);
    for_slices(shorter.inner, threads_, [&](std::size_t first, std::size_t end) {
      std::fill(at(n).preceded.get() + first, at(n).preceded.get() + end, 0);
      for (unsigned label = 0; label < table_.labels; ++label)
        for (std::size_t i = first; i < end; ++i)
          left[label * shorter.inner + i] =
              static_cast<std::int64_t>(shorter.counts[label * shorter.capacity + i]);
    });
    parallel_for(ranges_, threads_, [&](std::size_t range, unsigned) {
      const std::uint32_t* const first = cuts_.get() + range * number;
      std::array<std::uint32_t, batch> found;
      std::size_t size = 0;
      for (std::size_t symbol = 0; symbol < number; ++symbol)
        for (std::uint32_t i = first[symbol]; i < first[symbol + number]; ++i) {
          found[size++] = i;
          if (size == batch) link_batch(n, {found.data(), std::exchange(size, 0)});
        }
      link_batch(n, {found.data(), size});
    });
  }

  /// Link the bigrams, or else the children of the shorter n-grams, with these numbers.
  void link_batch(unsigned n, std::span<const std::uint32_t> numbers) {
    if (n == 2) {
      for (const std::uint32_t number : numbers) link_one(n, number, at(2).last[number]);
      return;
    }
    const LinkedOrder& shorter = at(n - 1);
    for (const std::uint32_t prefix : numbers)
      __builtin_prefetch(shorter.children.get() + suffix_of(n - 1, prefix));
    for (const std::uint32_t prefix : numbers) {
      const std::size_t first = shorter.children[suffix_of(n - 1, prefix)];
      __builtin_prefetch(shorter.last.get() + first);
      __builtin_prefetch(left_.data() + first);
      __builtin_prefetch(at(n).preceded.get() + first);
    }
    for (const std::uint32_t prefix : numbers) link_children(n, prefix);
  }

  std::uint32_t suffix_of(unsigned n, std::size_t number) {
    return n == 2 ? at(n).last[number] : at(n).suffix[number];
  }

  /// Look up the last symbols of an n-gram's children among those of its suffix; both ascend.
  void link_children(unsigned n, std::size_t prefix) {
    const LinkedOrder& order = at(n);
    const LinkedOrder& shorter = at(n - 1);
    const std::size_t suffix = suffix_of(n - 1, prefix);
    const std::uint32_t* const last = shorter.last.get();
    const std::uint32_t* place = last + shorter.children[suffix];
    const std::uint32_t* const end = last + shorter.children[suffix + 1];
    for (std::size_t child = order.children[prefix]; child < order.children[prefix + 1]; ++child) {
      const std::uint32_t wanted = order.last[child];
      place = search(place, end, wanted);
      if (place == end || *place != wanted) refuse_table();
      link_one(n, child, static_cast<std::size_t>(place - last));
    }
  }

  void link_one(unsigned n, std::size_t number, std::size_t suffix) {
    LinkedOrder& order = at(n);
    order.suffix[number] = static_cast<std::uint32_t>(suffix);
    ++order.preceded[suffix];
    for (unsigned label = 0; label < table_.labels; ++label)
      left_.data()[label * at(n - 1).inner + suffix] -=
          static_cast<std::int64_t>(count_of(order, label, number));
  }

  /// Add the n-grams at the begin of a document: those that occur more often than anything precedes
  /// them, with the begin before them.
  void add_begun(unsigned n) {
    LinkedOrder& order = at(n);
    const LinkedOrder& shorter = at(n - 1);
    const auto add = [&](std::size_t suffix) {
      if (!is_left(left_.data() + suffix, shorter.inner)) return;
      if (order.size == order.capacity) refuse_table();
      order.last[order.size] =
          n == 2 ? static_cast<std::uint32_t>(suffix) : shorter.last[suffix];
      order.suffix[order.size] = static_cast<std::uint32_t>(suffix);
      ++order.preceded[suffix];
      for (unsigned label = 0; label < table_.labels; ++label)
        count_of(order, label, order.size) =
            static_cast<Count>(left_.data()[label * shorter.inner + suffix]);
      ++order.size;
    };
    for_slices(shorter.inner, threads_, [&](std::size_t first, std::size_t end) {
      for (std::size_t i = first; i < end; ++i) is_left(left_.data() + i, shorter.inner);
    });
    if (n == 2) {
      for (std::size_t symbol = Symbols::first_token; symbol < shorter.inner; ++symbol) add(symbol);
      order.children[shorter.size] = static_cast<std::uint32_t>(order.size);
      return;
    }
    for (std::size_t begun = shorter.inner; begun < shorter.size; ++begun) {
      const std::size_t prefix = shorter.suffix[begun];
      order.children[begun] = static_cast<std::uint32_t>(order.size);
      for (std::size_t i = shorter.children[prefix]; i < shorter.children[prefix + 1]; ++i) add(i);
    }
    order.children[shorter.size] = static_cast<std::uint32_t>(order.size);
  }

  const Layout& layout_;
  const NgramTableView& table_;
  const unsigned order_, threads_;
  Bigrams bigrams_;
  std::vector<LinkedOrder> orders_;
  std::size_t ranges_ = 0;
  std::unique_ptr<std::uint32_t[]> cuts_;  // ranges + 1 rows, a column for each first symbol
  cpu::Buffer<std::int64_t> left_;         // of shorter n-grams, how often nothing precedes them
};

}  // namespace

Links link(const Layout& layout, const NgramTableView& table, unsigned order, unsigned threads) {
  check_threads(threads);
  if (layout.max_order < 2 || order < 1 || order > layout.max_order)
    throw std::invalid_argument("order must be between 1 and the table's max_order, which is 2 or "
                                "more; got " + std::to_string(order) + " of " +
                                std::to_string(layout.max_order));
  check_ascending(layout, {&table, 1}, threads);
  return Linker(layout, table, order, threads).run();
}

}  // namespace collapse_stats
