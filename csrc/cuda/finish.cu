#include "cuda/tally.hpp"
#include "device.cuh"

namespace collapse_stats::cuda {
namespace {

/// A thread adds tokens one by one: n-grams of order 1, and contexts of order 2. Clears the
/// columns. Moves 32 B per token of the vocabulary and label. Bound by memory.
/// sm_90: 40 to 48 registers, nothing spilled, 9,216 B of shared memory.
template <unsigned Labels>
struct TallyTokens {
  static constexpr unsigned threads = 256;
  using Shared = TallyFront;

  TallyView view;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& front) const {
    view.clear(block, front);
    block.each([&](unsigned thread) {
      for (std::uint64_t token = block.index() * threads + thread;
           token < view.tally.layout.vocab_size; token += block.blocks() * threads)
        add(block, front, token);
    });
    view.flush(block, front);
  }

  template <class Block>
  DEVICE void add(Block& block, TallyFront& front, std::uint64_t token) const {
    const CountsOf<Labels> seen = take(view.tally.unigrams(), token);
    const CountsOf<Labels> ended = take(view.tally.ended(), token);
    view.add_ngram(block, front, 1, seen);
    Count any = 0;
    UNROLL
    for (unsigned label = 0; label < Labels; ++label) any |= ended.of[label];
    if (any != 0) view.correct_context(block, front, 2, seen, ended);
  }

  DEVICE CountsOf<Labels> take(std::uint64_t* column, std::uint64_t token) const {
    const unsigned labels = view.tally.layout.labels;
    CountsOf<Labels> counts;
    UNROLL
    for (unsigned label = 0; label < Labels; ++label) {
      counts.of[label] = label < labels ? column[token * labels + label] : 0;
      if (label < labels) column[token * labels + label] = 0;
    }
    return counts;
  }
};

/// A block moves `cells` cells to the list, and reserves their places with one addition. Moves 8 B
/// per cell and 40 B per entry. Bound by memory.
/// sm_90: 39 registers, nothing spilled, 1,104 B of shared memory.
struct ListCells {
  static constexpr unsigned threads = 256, items = 8, cells = threads * items;
  static_assert(Tally::cells % cells == 0, "a block's cells are of one table");
  struct Shared {
    std::uint32_t listed[threads];
    std::uint64_t place;
    ScanStorage<threads> scan;
  };
  struct Cells {
    Count types[items];
    std::uint32_t listed;
  };

  TallyView view;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    typename Block::template Registers<Cells> registers;
    const std::uint64_t begin = block.index() * cells;
    block.each(registers, [&](unsigned thread, Cells& mine) {
      mine.listed = 0;
      UNROLL
      for (unsigned item = 0; item < items; ++item) {
        mine.types[item] = view.tally.dense()[begin + item * threads + thread];
        mine.listed += mine.types[item] != 0;
      }
    });
    if (!block.any(registers, [](const Cells& mine) { return mine.listed != 0; })) return;
    block.each(registers,
               [&](unsigned thread, const Cells& mine) { shared.listed[thread] = mine.listed; });
    const std::uint32_t listed = block.exclusive_scan(shared.listed, shared.scan);
    block.each([&](unsigned thread) {
      if (thread == 0) shared.place = block.add(view.tally.listed(), std::uint64_t{listed});
    });
    block.each(registers, [&](unsigned thread, const Cells& mine) {
      std::uint64_t place = shared.place + shared.listed[thread];
      UNROLL
      for (unsigned item = 0; item < items; ++item)
        if (mine.types[item] != 0) list(place++, begin + item * threads + thread, mine.types[item]);
    });
  }

  DEVICE void list(std::uint64_t place, std::uint64_t at, Count types) const {
    const Tally& tally = view.tally;
    tally.dense()[at] = 0;
    const std::uint64_t table = at / Tally::cells, cell = at % Tally::cells;
    const std::uint64_t height = tally.second[table % tally.pairs] == 0 ? 1 : Tally::side;
    view.put(place, {table, cell / height, cell % height, types});
  }
};

template <unsigned Labels>
void tally_tokens(Device& device, const Tally& tally) {
  using Kernel = TallyTokens<Labels>;
  const std::uint64_t all = (tally.layout.vocab_size + Kernel::threads - 1) / Kernel::threads;
  const std::uint64_t resident = device.resident_blocks<Kernel>();
  device.launch(all < resident ? all : resident, Kernel{TallyView{tally, 1, 1}});
}

}  // namespace

void finish_tally(Stream stream, const Tally& tally) {
  Device device(stream);
  if (tally.by_token())
    tally.layout.labels <= 4 ? tally_tokens<4>(device, tally)
                             : tally_tokens<max_labels>(device, tally);
  device.launch(tally.tables() * Tally::cells / ListCells::cells,
                ListCells{TallyView{tally, 1, 1}});
}

}  // namespace collapse_stats::cuda
