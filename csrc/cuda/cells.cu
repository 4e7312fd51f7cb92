#include "cuda/partition_api.hpp"
#include "cuda/tally.hpp"
#include "cuda/window.hpp"
#include "device.cuh"
#include "partition_tuning.hpp"

namespace collapse_stats::cuda {
namespace {

/// A block counts many tiles, and each thread one window after another. The first cells that come
/// up, which are likely frequent, get a place in shared memory; the others are counted in device
/// memory. Moves, per token: the id, 0.25 to 0.5 B of planes, and 64 B (a sector read and written)
/// for each window of the other cells. Bound by the atomic operations on these.
/// sm_90: 29 registers, nothing spilled, 32,768 B of shared memory.
template <class Id>
struct CountCells {
  static constexpr unsigned threads = CellTuning::threads, items = CellTuning::items;
  static constexpr unsigned tile = threads * items, slots = CellTuning::slots;
  struct Shared {
    std::uint32_t cell[slots];
    std::uint32_t windows[slots];
  };
  static constexpr std::uint32_t free = ~std::uint32_t{0};

  WindowReader<Id> reader;
  Cells cells;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    block.each([&](unsigned thread) {
      for (unsigned slot = thread; slot < slots; slot += threads) {
        shared.cell[slot] = free;
        shared.windows[slot] = 0;
      }
    });
    block.each([&](unsigned thread) {
      for (std::uint64_t begin = block.index() * tile; begin < reader.size;
           begin += block.blocks() * tile)
        for (unsigned item = 0; item < items; ++item)
          count(block, shared, begin + item * threads + thread);
    });
    block.each([&](unsigned thread) {
      for (unsigned slot = thread; slot < slots; slot += threads)
        if (shared.windows[slot] != 0)
          block.add(&cells.seen[shared.cell[slot]], std::uint64_t{shared.windows[slot]});
    });
  }

  template <class Block>
  DEVICE void count(Block& block, Shared& shared, std::uint64_t position) const {
    if (!reader.begins(position)) return;
    const unsigned length = reader.planes.length(position, cells.order + 1);
    if (length < cells.order) return;
    std::uint64_t ngram = 0;
    for (unsigned n = 0; n < cells.order; ++n) {
      if (!reader.check(block, position + n)) return;
      ngram = ngram * reader.layout.vocab_size + reader.ids[position + n];
    }
    const auto cell =
        static_cast<std::uint32_t>(ngram * reader.layout.labels + reader.planes.label(position));
    if (length == cells.order && cells.ended != nullptr)
      block.add(&cells.ended[cell], std::uint64_t{1});
    std::uint32_t* const place = &shared.cell[cell % slots];
    std::uint32_t there = block.peek(place);
    if (there == free) there = block.exchange(place, free, cell);
    if (there == free || there == cell)
      block.add(&shared.windows[cell % slots], std::uint32_t{1});
    else
      block.add(&cells.seen[cell], std::uint64_t{1});
  }
};

/// A thread adds the counts of an n-gram to the tally, and those of its context if they differ.
/// Moves 16 B per cell. Bound by memory.
/// sm_90: 40 registers, nothing spilled, 9,216 B of shared memory.
struct TallyCells {
  static constexpr unsigned threads = CellTuning::threads;
  struct Shared {
    TallyFront front;
  };

  TallyView tally;
  Cells cells;
  std::uint64_t ngrams;

  template <class Block>
  DEVICE void operator()(Block& block, Shared& shared) const {
    tally.clear(block, shared.front);
    block.each([&](unsigned thread) {
      for (std::uint64_t ngram = block.index() * threads + thread; ngram < ngrams;
           ngram += block.blocks() * threads)
        add(block, shared.front, ngram);
    });
    tally.flush(block, shared.front);
  }

  template <class Block>
  DEVICE void add(Block& block, TallyFront& front, std::uint64_t ngram) const {
    const LabelCounts seen = counts(cells.seen, ngram);
    tally.add_ngram(block, front, cells.order, seen);
    if (cells.ended == nullptr) return;
    const LabelCounts ended = counts(cells.ended, ngram);
    if (ended.under(~0U) != 0) tally.correct_context(block, front, cells.order + 1, seen, ended);
  }

  DEVICE LabelCounts counts(const std::uint64_t* column, std::uint64_t ngram) const {
    const unsigned labels = tally.tally.layout.labels;
    LabelCounts counts{};
    for (unsigned label = 0; label < 4; ++label)
      if (label < labels) counts.of[label] = column[ngram * labels + label];
    return counts;
  }
};

constexpr std::uint64_t ceiling(std::uint64_t number, std::uint64_t unit) {
  return (number + unit - 1) / unit;
}

}  // namespace

void count_cells(Stream stream, const Layout& layout, const Tokens& tokens, const Cells& cells,
                 std::uint64_t* wrong_id) {
  with_reader(layout, tokens, wrong_id, [&]<class Id>(const WindowReader<Id>& reader) {
    using Kernel = CountCells<Id>;
    Device device(stream);
    device.launch(std::min(ceiling(tokens.size, Kernel::tile), device.resident_blocks<Kernel>()),
                  Kernel{reader, cells});
  });
}

void tally_cells(Stream stream, const Cells& cells, const Tally& tally) {
  const std::uint64_t ngrams = cell_words(tally.layout, cells.order) / tally.layout.labels;
  Device device(stream);
  device.launch(
      std::min(ceiling(ngrams, TallyCells::threads), device.resident_blocks<TallyCells>()),
      TallyCells{{tally, cells.order, cells.order}, cells, ngrams});
}

}  // namespace collapse_stats::cuda
