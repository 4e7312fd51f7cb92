#include "cuda/tally.hpp"

#include "cuda/codes.hpp"
#include "cuda/groups.hpp"
#include "cuda/search.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

/// Windows that share their first n codes are adjacent, and form a group of order n. A thread
/// handles records one by one. Where groups begin, it finds their ends from the longest order down,
/// each beginning at the end of the group before. Most ends are near: at the next record, which the
/// warp has already read. Moves each record once, and 3 bits per record for two labels, 6 for four;
/// or each row once, and its sums. Bound by memory and by the number of reads in flight.
/// sm_90: 48 to 80 registers, up to 24 B spilled, 9,216 B of shared memory.
template <class Groups>
struct TallyGroups {
  static constexpr unsigned threads = 256;
  using Shared = TallyFront;
  using Word = typename Groups::Word;
  using Counts = typename Groups::Counts;

  Groups groups;
  Codes<Word> codes;
  TallyView view;
  bool by_token;  // the orders begin with 1, and the tally counts by token

  template <class Block>
  DEVICE void operator()(Block& block, Shared& front) const {
    view.clear(block, front);
    block.each([&](unsigned thread) {
      for (std::uint64_t place = block.index() * threads + thread; place < groups.number;
           place += block.blocks() * threads)
        add(block, front, place);
    });
    view.flush(block, front);
  }

 private:
  /// A group that is being extended, order by order downwards.
  struct Group {
    Word word;
    std::uint64_t first, last;  // exclusive
    unsigned next;              // codes that the window at `last` shares; 0 at the end
  };

  DEVICE unsigned next(const Word& word, std::uint64_t place) const {
    return place < groups.number ? codes.shared(word, groups.word(place)) : 0;
  }

  /// Move the end to the end of the group of `order`. Returns whether it moved.
  DEVICE bool extend(Group& group, unsigned order) const {
    if (group.next < order) return false;
    group.last = first_failing_near(
        group.last + 1, groups.number, group.last - group.first - 1,
        [&](std::uint64_t place) { return codes.shared(group.word, groups.word(place)) >= order; });
    group.next = next(group.word, group.last);
    return true;
  }

  template <class Block>
  DEVICE void add(Block& block, TallyFront& front, std::uint64_t place) const {
    const Word word = groups.word(place);
    const unsigned before = place == 0 ? 0 : codes.shared(groups.word(place - 1), word);
    const unsigned max_order = codes.layout.max_order;
    if (before == max_order) return;

    const unsigned length = codes.length(word);
    Group group{word, place, place + 1, next(word, place + 1)};
    // Windows that end early come first among those that begin like them.
    if (length < max_order) extend(group, max_order);
    Counts counts = groups.counts(group.first, group.last);
    const Counts ended = counts;
    if (length < codes.whole) {
      if (by_token) view.add_unigram(block, codes.first_token(word), counts, false);
      return;
    }
    for (unsigned order = length; order > before && order >= view.first_order; --order) {
      if (extend(group, order)) counts = groups.counts(group.first, group.last);
      if (order == 2 && by_token) view.add_unigram(block, codes.first_token(word), counts, true);
      if (order > view.last_order) continue;
      view.add_ngram(block, front, order, counts);
      if (order == length && length < max_order)
        view.correct_context(block, front, order + 1, counts, ended);
    }
  }
};

template <class Groups>
void launch(Stream stream, const Groups& groups, unsigned spare, const Tally& tally,
            unsigned first_order, unsigned last_order) {
  using Kernel = TallyGroups<Groups>;
  const Codes<typename Groups::Word> codes(tally.layout, spare);
  const bool by_token = tally.by_token() && first_order == 1;
  const std::uint64_t all = (groups.number + Kernel::threads - 1) / Kernel::threads;
  Device device(stream);
  const std::uint64_t resident = device.resident_blocks<Kernel>();
  const unsigned first = first_order < codes.whole ? codes.whole : first_order;
  device.launch(all < resident ? all : resident,
                Kernel{groups, codes, TallyView{tally, first, last_order}, by_token});
}

}  // namespace

void tally_records(Stream stream, const SortedRecords& sorted, const Tally& tally,
                   unsigned first_order, unsigned last_order) {
  const Layout& layout = tally.layout;
  with_labels(layout.labels, [&]<unsigned Labels>(std::integral_constant<unsigned, Labels>) {
    const auto of = [&]<class Record>(Record) {
      launch(stream, RecordGroups<Record, Labels>(layout, sorted), layout.label_bits, tally,
             first_order, last_order);
    };
    record_bytes(layout) == 8 ? of(std::uint64_t{}) : of(Key{});
  });
}

void tally_rows(Stream stream, const DeviceTable& table, const std::uint64_t* sums,
                const Tally& tally) {
  const Layout& layout = tally.layout;
  with_labels(layout.labels, [&]<unsigned Labels>(std::integral_constant<unsigned, Labels>) {
    const auto of = [&]<class Word>(Word) {
      launch(stream, RowGroups<Word, Labels>(layout, table, sums), 0, tally, 1, layout.max_order);
    };
    layout.words == 1 ? of(std::uint64_t{}) : of(Key{});
  });
}

}  // namespace collapse_stats::cuda
