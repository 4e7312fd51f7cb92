#pragma once

#include "cuda/bucket_records.hpp"
#include "cuda/seen_once.hpp"
#include "cuda/tally.hpp"

/// Counting the n-grams of a bucket of few windows, order by order.
namespace collapse_stats::cuda {

/// Counts of n-grams in shared memory. An n-gram is identified by a name of up to 32 bits that is
/// never all ones. Slots are in groups of four, which are read in one access; a name is stored in
/// the first free slot, beginning at its group. The counts of two labels share a word. The top bit
/// of an n-gram's last word marks that it ends some windows.
template <unsigned Labels, unsigned Slots>
struct ShortTable {
  static_assert(Slots % 4 == 0);
  static constexpr unsigned pairs = (Labels + 1) / 2;
  static constexpr unsigned slot_bytes = 4 + 4 * pairs;
  static constexpr std::uint32_t free = ~std::uint32_t{0};  // an unused slot
  static constexpr std::uint32_t end_mark = 1U << 31;

  Quad names[Slots / 4];
  Quad counts[pairs][Slots / 4];

  /// Number of groups for a number of windows: two slots per window, or all slots if those are
  /// fewer.
  DEVICE static unsigned groups(unsigned windows) {
    return windows < Slots / 2 ? windows / 2 + 1 : Slots / 4;
  }

  /// Within a phase: the part of one of `threads` threads in clearing these groups.
  DEVICE void clear(unsigned thread, unsigned threads, unsigned groups) {
    for (unsigned group = thread; group < groups; group += threads) {
      names[group] = {{free, free, free, free}};
      UNROLL
      for (unsigned pair = 0; pair < pairs; ++pair) counts[pair][group] = {};
    }
  }

  /// Within a phase: find the slot of `name`, inserting the name if it is missing; `present` says
  /// whether it was present. The table must not be full.
  template <class Block>
  DEVICE unsigned slot(Block& block, std::uint32_t name, unsigned groups, bool& present) {
    const std::uint32_t hash = name * 0x9E3779B1U;
    auto group = static_cast<unsigned>(std::uint64_t{hash} * groups >> 32);
    for (;;) {
      const Quad there = block.peek(&names[group]);
      unsigned at = 4;
      std::uint32_t seen = free;
      UNROLL
      for (unsigned i = 4; i-- > 0;)
        if (there.of[i] == name || there.of[i] == free) {
          at = i;
          seen = there.of[i];
        }
      if (at == 4) {
        group = group + 1 == groups ? 0 : group + 1;
        continue;
      }
      if (seen == free) seen = block.exchange(&names[group].of[at], free, name);
      present = seen == name;
      if (present || seen == free) return 4 * group + at;
    }
  }

  DEVICE std::uint32_t& word(unsigned label, unsigned slot) {
    return counts[label / 2][slot / 4].of[slot % 4];
  }

  /// Within a phase: add a window, or remove one.
  template <class Block>
  DEVICE void add(Block& block, unsigned label, unsigned slot) {
    block.add(&word(label, slot), 1U << 16 * (label % 2));
  }
  template <class Block>
  DEVICE void take(Block& block, unsigned label, unsigned slot) {
    block.add(&word(label, slot), 0U - (1U << 16 * (label % 2)));
  }

  template <class Block>
  DEVICE void mark_end(Block& block, unsigned slot) {
    block.set_bits(&word(Labels - 1, slot), end_mark);
  }

  /// The counts of a slot; `ends` is set to whether the end is marked.
  DEVICE CountsOf<Labels> of(unsigned slot, bool& ends) const {
    CountsOf<Labels> result;
    UNROLL
    for (unsigned pair = 0; pair < pairs; ++pair) {
      const std::uint32_t word = counts[pair][slot / 4].of[slot % 4];
      UNROLL
      for (unsigned label = 2 * pair; label < 2 * pair + 2 && label < Labels; ++label)
        result.of[label] = word >> 16 * (label % 2) & 0x7FFF;
      ends = (word & end_mark) != 0;
    }
    return result;
  }
};

/// The data that a thread keeps for a window, packed into 32 bits.
struct WindowNote {
  static constexpr unsigned slot_bits = 13, window_bits = 13;
  static constexpr std::uint32_t owner = 1U << 31;  // the window that inserted its n-gram's name
  static constexpr std::uint32_t ended = 1U << 30;  // it ends with the order
  static constexpr std::uint32_t whole = 1U << 29;  // the window goes on after the last order
  static constexpr unsigned label_shift = slot_bits + window_bits;  // two bits

  std::uint32_t bits;

  DEVICE unsigned slot() const { return bits & ((1U << slot_bits) - 1); }
  DEVICE unsigned window() const { return bits >> slot_bits & ((1U << window_bits) - 1); }
  DEVICE unsigned label() const { return bits >> label_shift & 3U; }
  DEVICE bool is(std::uint32_t flag) const { return (bits & flag) != 0; }
};

/// Counts a bucket of at most `threads * items` windows; each thread keeps notes of up to `items`
/// of them in registers.
///
/// The name of an n-gram consists of the slot of its first part and of the bits that follow, as
/// many as fit into a name; wide codes therefore take several rounds. A window whose n-gram was
/// seen once needs no further work, because every longer n-gram that begins with it was seen once
/// as well. The windows that remain after an order are listed, so that the threads of a warp have
/// equal work. Thread t of n handles the windows t, t + n, t + 2n and so on.
template <class Tuning>
struct ShortBucket {
  static constexpr unsigned threads = Tuning::threads, labels = Tuning::labels;
  static constexpr unsigned items = Tuning::items, max_windows = threads * items;
  static constexpr unsigned slots = Tuning::slots;
  static constexpr unsigned name_bits = 31, more_bits = 32 - WindowNote::slot_bits;
  using Table = ShortTable<labels, slots>;
  static_assert(max_windows <= slots &&
                slots < 1U << WindowNote::slot_bits);  // so that no name is all ones
  static_assert(max_windows <= 1U << WindowNote::window_bits && max_windows < 1U << 15);
  static_assert(items <= 32);

  struct Shared {
    Table table;
    std::uint32_t left[max_windows];  // notes of windows that go on
    std::uint32_t number;             // of these windows
    std::uint32_t ending;             // whether any window ends with the order
  };

  const BucketRecords& source;
  const TallyView& tally;
  TallyFront& front;
  Shared& shared;
  Bucket bucket;

  /// Add the n-grams of all orders to the tally. Each thread calls `beside` in the first phase, so
  /// that the number of the next bucket is fetched while this one is counted.
  template <class Block, class Beside>
  DEVICE void add(Block& block, Beside beside) const {
    typename Block::template Registers<Notes> registers;
    const unsigned first = source.partition.first_order, last = source.partition.last_order;
    auto number = static_cast<unsigned>(bucket.number);
    for (unsigned order = first;; ++order) {
      unsigned bits = order == first ? source.prefix_bits() : source.partition.layout.code_bits;
      Round round{order, number, Table::groups(number), order == first, true, 0, 0};
      for (;; round.whole_name = round.of_order = false) {
        round.bits = round.whole_name ? name_bits : more_bits;
        if (bits < round.bits) round.bits = bits;
        round.below = bits -= round.bits;
        prepare(block, registers, round, beside);
        find(block, registers, round);
        if (bits == 0) break;
      }
      const bool ending = shared.ending != 0;
      add_order(block, registers, order, number);
      if (ending) take_ended(block, registers, order, number);
      // There is no barrier between this read of `number` and the next bucket. This is safe: with
      // several orders, that bucket is also a short one, which does not write `number` in its first
      // phase.
      if (order == last || shared.number == 0) return;
      number = shared.number;
    }
  }

 private:
  struct Notes {
    std::uint32_t name[items];
    WindowNote note[items];
  };

  /// A round of naming windows by some of the bits that their n-gram of `order` adds to that of the
  /// order before.
  struct Round {
    unsigned order, number, groups;
    bool whole_name, of_order;  // the first round of the bucket, and of this order
    unsigned bits, below;       // number of bits, and of bits below them
  };

  /// Clear the table, and compute the name of every window.
  template <class Block, class Registers, class Beside>
  DEVICE void prepare(Block& block, Registers& registers, const Round& round, Beside beside) const {
    block.each(registers, [&](unsigned thread, Notes& mine) {
      if (round.whole_name) beside(thread);
      if (thread == 0) shared.ending = 0;
      shared.table.clear(thread, threads, round.groups);
      UNROLL
      for (unsigned i = 0; i < items; ++i) {
        const unsigned at = i * threads + thread;
        if (at >= round.number) break;
        WindowNote note = mine.note[i];
        if (round.whole_name)
          note = {at << WindowNote::slot_bits};
        else if (round.of_order)
          note = {shared.left[at]};
        const Key record = source.read(bucket.records, note.window());
        const auto bits =
            static_cast<std::uint32_t>(source.bits(record, round.order) >> round.below &
                                       ((std::uint64_t{1} << round.bits) - 1));
        mine.name[i] = round.whole_name ? bits : note.slot() << round.bits | bits;
        mine.note[i] = described(record, note, round.order);
      }
    });
  }

  DEVICE WindowNote described(Key record, WindowNote note, unsigned order) const {
    std::uint32_t bits = note.window() << WindowNote::slot_bits | source.label(record)
                                                                      << WindowNote::label_shift;
    if (order < source.partition.layout.max_order) {
      if (source.ends(record, order)) bits |= WindowNote::ended;
      if (source.whole(record)) bits |= WindowNote::whole;
    }
    return {bits};
  }

  /// Look up all names. In the last round of an order, also count the windows.
  template <class Block, class Registers>
  DEVICE void find(Block& block, Registers& registers, const Round& round) const {
    block.each(registers, [&](unsigned thread, Notes& mine) {
      if (thread == 0) shared.number = 0;
      UNROLL
      for (unsigned i = 0; i < items; ++i) {
        if (i * threads + thread >= round.number) break;
        bool present;
        const unsigned slot = shared.table.slot(block, mine.name[i], round.groups, present);
        WindowNote& note = mine.note[i];
        note.bits |= slot | (present ? 0 : WindowNote::owner);
        if (round.below > 0) continue;
        shared.table.add(block, note.label(), slot);
        if (!note.is(WindowNote::ended)) continue;
        shared.table.mark_end(block, slot);
        if (block.peek(&shared.ending) == 0) block.set_bits(&shared.ending, 1);
      }
    });
  }

  /// Add the n-grams of an order, and those of later orders that begin with an n-gram seen once;
  /// then list the windows that remain. Contexts of the next order are assumed to be seen as often
  /// as the n-grams of this one; take_ended() corrects those for which windows end.
  template <class Block, class Registers>
  DEVICE void add_order(Block& block, Registers& registers, unsigned order, unsigned number) const {
    const unsigned last = source.partition.last_order;
    block.each(registers, [&](unsigned thread, const Notes& mine) {
      SeenOnce<labels> on;  // n-grams seen once, as is every longer n-gram that begins with them
      std::uint32_t left = 0, others = 0;
      UNROLL
      for (unsigned i = 0; i < items; ++i) {
        if (i * threads + thread >= number) break;
        const WindowNote note = mine.note[i];
        if (order == last && !note.is(WindowNote::owner)) continue;
        bool ends;
        const CountsOf<labels> counts = shared.table.of(note.slot(), ends);
        const bool goes_on = order < last && !note.is(WindowNote::ended);
        if (counts.under(~0U) > 1) {
          left |= std::uint32_t{goes_on} << i;
          others |= std::uint32_t{note.is(WindowNote::owner)} << i;
        } else if (ends || (goes_on && !note.is(WindowNote::whole))) {
          others |= 1U << i;
        } else {
          on.add(counts);
        }
      }
      on.flush(block, tally, front, order, last);
      for_each_of(mine, others, [&](WindowNote note) { add_ngram(block, note, order); });
      if (left == 0) return;
      std::uint32_t place = block.add(&shared.number, count_ones(left));
      UNROLL
      for (unsigned i = 0; i < items; ++i)
        if (left >> i & 1U) shared.left[place++] = mine.note[i].bits;
    });
  }

  /// Call `visit` with the notes whose bits are set. In an unrolled loop, the compiler would copy
  /// the body of `visit` for every item, which takes registers that the notes need.
  template <class Visit>
  DEVICE static void for_each_of(const Notes& mine, std::uint32_t bits, Visit visit) {
    for (; bits != 0; bits &= bits - 1) {
      const unsigned chosen = count_zeros_below(bits);
      WindowNote note = mine.note[0];
      UNROLL
      for (unsigned i = 1; i < items; ++i)
        if (i == chosen) note = mine.note[i];
      visit(note);
    }
  }

  /// Add an n-gram of an order; if it was seen once, also those of later orders that begin with it.
  template <class Block>
  DEVICE void add_ngram(Block& block, WindowNote note, unsigned order) const {
    bool ends;
    const CountsOf<labels> counts = shared.table.of(note.slot(), ends);
    tally.add_ngram(block, front, order, counts);
    if (ends) tally.add_context(block, front, order + 1, counts, ~Count{0});
    if (order < source.partition.last_order && !ends && counts.under(~0U) == 1)
      add_alone(block, source.read(bucket.records, note.window()), counts, order);
  }

  /// Add the longer n-grams that begin with an n-gram of `order` seen once, whose window ends with
  /// the last order or before it.
  template <class Block>
  DEVICE void add_alone(Block& block, Key record, const CountsOf<labels>& counts,
                        unsigned order) const {
    unsigned length = order + 1;
    while (length < source.partition.last_order && !source.ends(record, length)) ++length;
    for (unsigned n = order + 1; n <= length; ++n) tally.add_ngram(block, front, n, counts);
    if (length < tally.tally.layout.max_order && source.ends(record, length))
      tally.add_context(block, front, length + 1, counts, ~Count{0});
  }

  /// Subtract the windows that end with the order from the counts. The remaining counts are those
  /// of contexts of the next order.
  template <class Block, class Registers>
  DEVICE void take_ended(Block& block, Registers& registers, unsigned order,
                         unsigned number) const {
    const auto each_window = [&](std::uint32_t flag, auto visit) {
      block.each(registers, [&](unsigned thread, const Notes& mine) {
        std::uint32_t those = 0;
        UNROLL
        for (unsigned i = 0; i < items; ++i) {
          if (i * threads + thread >= number) break;
          those |= std::uint32_t{mine.note[i].is(flag)} << i;
        }
        for_each_of(mine, those, visit);
      });
    };
    each_window(WindowNote::ended,
                [&](WindowNote note) { shared.table.take(block, note.label(), note.slot()); });
    each_window(WindowNote::owner, [&](WindowNote note) {
      bool ends;
      const CountsOf<labels> counts = shared.table.of(note.slot(), ends);
      if (ends) tally.add_context(block, front, order + 1, counts, 1);
    });
  }
};

}  // namespace collapse_stats::cuda
