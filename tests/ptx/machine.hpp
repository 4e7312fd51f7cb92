#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "program.hpp"
#include "shared_memory.hpp"

/// A CPU that emulates a GPU at the level of PTX. Blocks run one after another and their warps in
/// turns; the lanes of a warp run together as long as they are at the same instruction.
namespace collapse_stats::ptx {

/// Says where a kernel broke a rule, and which.
class Complaint : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Generic addresses at which the other spaces begin; those below are global memory.
inline constexpr std::uint64_t shared_window = 1UL << 60, local_window = 2UL << 60,
                               parameter_window = 3UL << 60, windows_from = shared_window;

struct Settings {
  std::uint64_t seed = 0;  ///< 0: warps and lanes run in order, for counting operations
  std::size_t shared_bytes = 227U << 10;  ///< most that a block can request
  std::size_t resident_blocks = 3;
  std::uint64_t most_instructions = 1UL << 36;  ///< of a launch, to detect endless loops
  bool unwritten_shared = true;                 ///< report shared memory read before written
  bool launch_rule = true;                      ///< refuse launches that the driver refuses
  bool count_conflicts = true;
  bool global_bounds = false;  ///< report accesses to unregistered global memory
};

/// Operations of warps. An instruction that several lanes execute together counts once.
struct Operations {
  std::uint64_t loads = 0, stores = 0, atomics = 0;

  std::uint64_t& of(Access access) {
    if (access == Access::store) return stores;
    return access == Access::atomic ? atomics : loads;
  }
};

struct Counters {
  std::uint64_t launches = 0, blocks = 0, instructions = 0, lane_instructions = 0, barriers = 0;
  Operations shared, global, local;
  std::uint64_t shared_by_lanes = 0;            ///< operations on shared memory, counted per lane
  std::uint64_t wavefronts = 0;                 ///< of shared memory, without bank conflicts
  std::uint64_t wavefronts_with_conflicts = 0;  ///< words of the busiest bank
};

/// The parameters of a launch.
struct Launch {
  const Kernel& kernel;
  std::uint64_t blocks;
  std::uint64_t threads;
  const void* parameters;
  std::size_t parameter_bytes;
  std::size_t dynamic_shared;
  std::size_t asked_shared = 0;  ///< dynamic shared memory requested in advance, if any
};

/// A small and fast generator that is good enough to shuffle an order.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15UL;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9UL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBUL;
    return z ^ z >> 31;
  }
  std::uint64_t below(std::uint64_t number) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(next()) * number >> 64);
  }

 private:
  std::uint64_t state_;
};

/// The device memory that kernels may access, if that is to be checked.
class GlobalMemory {
 public:
  void allocated(std::uint64_t address, std::uint64_t bytes);
  void freed(std::uint64_t address);
  bool allows(std::uint64_t address, std::uint64_t bytes);

 private:
  std::map<std::uint64_t, std::vector<std::uint64_t>> ends_;  // several, if memory is passed on
  std::uint64_t first_ = 0, last_ = 0;                        // of the stretch looked up last
};

class Block;

/// A warp of 32 lanes. Lanes at the same instruction run together, as a group.
class Warp {
 public:
  static constexpr unsigned lanes = 32;

  void begin(Block& block, unsigned index, std::uint64_t* registers);

  /// Run until all lanes wait or have left, or until it is another warp's turn.
  void run();
  bool can_run() const { return (live & ~at_barrier & ~at_operation) != 0; }

  std::uint64_t* reg(std::uint32_t number) const { return registers + std::size_t{number} * lanes; }

  template <class Visit>
  void each(Visit visit) const {
    if (active == ~0U) {
#pragma GCC ivdep
      for (unsigned lane = 0; lane < lanes; ++lane) visit(lane);
    } else {
      for (std::uint32_t left = active; left != 0; left &= left - 1)
        visit(static_cast<unsigned>(std::countr_zero(left)));
    }
  }

  /// Like `each`; with a seed, lanes are visited in random order.
  template <class Visit>
  void each_in_any_order(Visit visit);

  /// The lanes of the group whose guard is true.
  std::uint32_t guarded(const Instruction& instruction) const;

  /// Move lanes of the group to another instruction.
  void jump(std::uint32_t which, std::uint32_t target);
  void leave(std::uint32_t which);
  void wait_at_barrier(std::uint32_t which);
  /// Wait for the lanes of a mask, then run the inner handler for all of them.
  void meet(const Instruction& instruction, const std::uint64_t* masks);

  /// With a seed, let another warp run after this instruction from time to time.
  void perhaps_pause();

  unsigned thread(unsigned lane) const { return index * lanes + lane; }

  /// Host address for a lane's access; complains if the access is not allowed.
  unsigned char* reach(const Instruction& instruction, unsigned lane, std::uint64_t address,
                       unsigned bytes);

  /// Count the memory operations of the active lanes.
  void count(const Instruction& instruction, unsigned bytes, const std::uint64_t* addresses);

  [[noreturn]] void complain(const Instruction& instruction, unsigned lane,
                             const std::string& what) const;

  Block* block = nullptr;
  unsigned index = 0;
  std::uint32_t active = 0;  ///< lanes that execute the current instruction
  std::uint32_t live = 0, at_barrier = 0, at_operation = 0;
  std::uint32_t phase = 0;   ///< advances when the whole warp synchronises
  std::uint32_t pcs[lanes];  ///< of the lanes outside the group
  std::uint64_t* registers = nullptr;

 private:
  friend class Block;
  void choose_group();
  void park();
  void watch(const Instruction& instruction);
  std::uint32_t reading(const Instruction& instruction, std::uint32_t number) const;
  void finish_meeting(const Instruction& instruction, std::uint32_t which, std::uint32_t at);

  std::uint32_t group_ = 0, pc_ = 0;
  std::uint32_t next_parked_ = ~0U;     // the first instruction of other lanes that can run
  std::int64_t budget_ = 0;             // instructions until another group is chosen
  std::uint32_t masks_[lanes];          // of the lanes that wait at an operation
  std::vector<std::uint32_t> written_;  // lanes that have written a watched register
  std::vector<unsigned char> local_;
};

class Machine;

class Block {
 public:
  Block(Machine& machine, const Launch& launch, const Code& code, Counters& counters,
        Random& random);

  void run(std::uint64_t index);

  [[noreturn]] void complain(std::uint32_t line, const std::string& who,
                             const std::string& what) const;

  Machine& machine;
  const Launch& launch;
  const Code& code;
  Counters& counters;
  Random& random;
  const bool in_order;
  std::uint64_t index = 0;
  const std::uint64_t most_instructions;  ///< counted from the first launch on

 private:
  void fill_registers(Warp& warp, unsigned threads);
  void end_barrier();
  void share(const Instruction& instruction);
  [[noreturn]] void complain_of_deadlock() const;

  std::vector<Warp> warps_;
};

class Machine {
 public:
  void run(const Launch& launch);

  Settings settings;
  Library library;
  std::map<std::string, Counters> counters;
  SharedMemory shared;
  GlobalMemory global;
  std::vector<std::uint64_t> registers;  ///< of all warps of a block

 private:
  void check(const Launch& launch) const;
};

/// The machine on which `Device` runs kernels.
Machine& machine();

inline void Warp::perhaps_pause() {
  if (!block->in_order && block->random.below(8) == 0) budget_ = 1;
}

template <class Visit>
void Warp::each_in_any_order(Visit visit) {
  if (block->in_order) return each(visit);
  for (std::uint32_t left = active; left != 0;) {
    auto skip = block->random.below(static_cast<unsigned>(std::popcount(left)));
    std::uint32_t rest = left;
    for (; skip > 0; --skip) rest &= rest - 1;
    const auto lane = static_cast<unsigned>(std::countr_zero(rest));
    left &= ~(1U << lane);
    visit(lane);
  }
}

}  // namespace collapse_stats::ptx
