#include <algorithm>

#include "decode.hpp"
#include "machine.hpp"

namespace collapse_stats::ptx {

namespace {

constexpr std::int64_t long_turn = 1 << 20;  // in instructions, if in order
constexpr std::uint64_t short_turn = 400;    // the longest with a seed

}  // namespace

void Warp::begin(Block& block_, unsigned index_, std::uint64_t* registers_) {
  block = &block_;
  index = index_;
  registers = registers_;
  live = at_barrier = at_operation = group_ = 0;
  ++phase;
  std::fill_n(pcs, lanes, 0U);
  written_.assign(block->code.registers, 0);
  if (local_.size() < std::size_t{block->code.local} * lanes)
    local_.resize(std::size_t{block->code.local} * lanes);
}

void Warp::run() {
  const Instruction* const code = block->code.instructions.data();
  Counters& counters = block->counters;
  choose_group();
  while (group_ != 0) {
    const Instruction& instruction = code[pc_];
    ++counters.instructions;
    counters.lane_instructions += static_cast<unsigned>(std::popcount(group_));
    active = group_;
    if (instruction.watched) [[unlikely]]
      watch(instruction);
    ++pc_;
    instruction.run(*this, instruction);
    if (--budget_ <= 0) [[unlikely]]
      return park();
    if (pc_ >= next_parked_ || group_ == 0) {
      park();
      choose_group();
    }
  }
}

void Warp::park() {
  for (std::uint32_t left = group_; left != 0; left &= left - 1) pcs[std::countr_zero(left)] = pc_;
  group_ = 0;
}

/// Choose the lanes that are furthest behind, so that lanes that diverged meet again. With a seed,
/// other lanes sometimes run ahead for a while.
void Warp::choose_group() {
  const std::uint32_t ready = live & ~at_barrier & ~at_operation;
  next_parked_ = Instruction::none;
  group_ = 0;
  if (ready == 0) return;
  pc_ = Instruction::none;
  for (std::uint32_t left = ready; left != 0; left &= left - 1)
    pc_ = std::min(pc_, pcs[std::countr_zero(left)]);
  Random& random = block->random;
  const bool ahead = !block->in_order && random.below(16) == 0;
  if (ahead) {
    std::uint32_t rest = ready;
    for (auto skip = random.below(static_cast<unsigned>(std::popcount(ready))); skip > 0; --skip)
      rest &= rest - 1;
    pc_ = pcs[std::countr_zero(rest)];
  }
  for (std::uint32_t left = ready; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    if (pcs[lane] == pc_)
      group_ |= 1U << lane;
    else if (!ahead)
      next_parked_ = std::min(next_parked_, pcs[lane]);
  }
  if (ahead) {
    const auto chosen = static_cast<std::uint32_t>(random.next());
    if ((group_ & chosen) != 0) group_ &= chosen;
    budget_ = 1 + static_cast<std::int64_t>(random.below(40));
  } else if (!block->in_order) {
    budget_ = 1 + static_cast<std::int64_t>(random.below(short_turn));
  } else {
    budget_ = long_turn;
  }
  if (block->counters.instructions > block->most_instructions)
    complain(block->code.instructions[pc_], static_cast<unsigned>(std::countr_zero(group_)),
             "the kernel does not end: it has run as many instructions as are allowed");
}

/// Complain of registers that are read but were never written. A value that is only computed from
/// such a register counts as unwritten too; it becomes a complaint when it has an effect.
void Warp::watch(const Instruction& instruction) {
  std::uint32_t vain = 0;  // lanes whose result is undefined
  for (const std::uint32_t number : instruction.doubtful) {
    const std::uint32_t missing = reading(instruction, number) & ~written_[number];
    if (missing == 0) continue;
    if (!instruction.pure || number == instruction.guard)
      complain(instruction, static_cast<unsigned>(std::countr_zero(missing)),
               "reads a register that was never written");
    vain |= missing;
  }
  if (instruction.noted.empty()) return;
  const std::uint32_t writing = guarded(instruction);
  for (const std::uint32_t number : instruction.noted)
    written_[number] = (written_[number] & ~writing) | (writing & ~vain);
}

/// The lanes of the group that need a register which an instruction reads.
std::uint32_t Warp::reading(const Instruction& instruction, std::uint32_t number) const {
  if (number == instruction.guard) return active;
  const std::uint32_t all = guarded(instruction);
  const std::uint32_t* const operands = instruction.operands;
  const auto lanes_where = [&](std::uint32_t other, auto holds) {
    std::uint32_t result = 0;
    for (unsigned lane = 0; lane < lanes; ++lane)
      result |= static_cast<std::uint32_t>(holds(reg(other)[lane])) << lane;
    return result;
  };
  if (instruction.needs == Needs::chosen && number != operands[3]) {
    std::uint32_t first = lanes_where(operands[3], [](std::uint64_t v) { return (v & 1U) != 0; });
    if (instruction.negated) first = ~first;
    return all & ((number == operands[1] ? first : 0) | (number == operands[2] ? ~first : 0));
  }
  if (instruction.needs == Needs::all || instruction.needs == Needs::chosen) return all;
  const std::uint32_t other = operands[number == operands[1] ? 2 : 1];
  const bool zero = instruction.needs == Needs::unless_zero;
  std::uint32_t decided = lanes_where(other, [&](std::uint64_t v) { return (v == 0) == zero; });
  if (std::ranges::count(instruction.doubtful, other) != 0) decided &= written_[other];
  return all & ~decided;
}

std::uint32_t Warp::guarded(const Instruction& instruction) const {
  if (instruction.guard == Instruction::none) return active;
  const std::uint64_t* const guard = reg(instruction.guard);
  std::uint32_t lanes_true = 0;
  for (unsigned lane = 0; lane < lanes; ++lane)
    lanes_true |= static_cast<std::uint32_t>(guard[lane] & 1U) << lane;
  return active & (instruction.guard_negated ? ~lanes_true : lanes_true);
}

void Warp::jump(std::uint32_t which, std::uint32_t target) {
  if (which == 0) return;
  if (which == group_) {
    pc_ = target;
    return;
  }
  for (std::uint32_t left = which; left != 0; left &= left - 1)
    pcs[std::countr_zero(left)] = target;
  group_ &= ~which;
  next_parked_ = std::min(next_parked_, target);
}

void Warp::leave(std::uint32_t which) {
  live &= ~which;
  group_ &= ~which;
  for (std::uint32_t left = at_operation; left != 0; left &= left - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(left));
    if ((masks_[lane] & which) != 0)
      complain(block->code.instructions[pcs[lane]], lane, "a lane of the mask has left the kernel");
  }
}

void Warp::wait_at_barrier(std::uint32_t which) {
  for (std::uint32_t left = which; left != 0; left &= left - 1) pcs[std::countr_zero(left)] = pc_;
  at_barrier |= which;
  group_ &= ~which;
}

void Warp::meet(const Instruction& instruction, const std::uint64_t* masks) {
  const std::uint32_t arriving = guarded(instruction);
  const std::uint32_t at = pc_ - 1;
  bool complete = true;
  for (std::uint32_t left = arriving; left != 0; left &= left - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(left));
    const auto mask = static_cast<std::uint32_t>(masks[lane]);
    if ((mask >> lane & 1U) == 0) complain(instruction, lane, "a lane is not in its own mask");
    if ((mask & ~live) != 0)
      complain(instruction, lane, "the mask has lanes that are not there or have left the kernel");
    complete &= mask == arriving;
  }
  if (arriving == 0) return;
  if (complete) {  // the usual case
    active = arriving;
    instruction.inner(*this, instruction);
    return;
  }
  for (std::uint32_t left = arriving; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    pcs[lane] = at;
    masks_[lane] = static_cast<std::uint32_t>(masks[lane]);
  }
  at_operation |= arriving;
  group_ &= ~arriving;
  for (std::uint32_t left = arriving; left != 0;) {
    const int lane = std::countr_zero(left);
    const std::uint32_t mask = masks_[lane];
    left &= ~mask;
    finish_meeting(instruction, mask, at);
  }
}

/// Run the operation if all lanes of its mask wait for it.
void Warp::finish_meeting(const Instruction& instruction, std::uint32_t which, std::uint32_t at) {
  bool complete = true;
  for (std::uint32_t left = which; left != 0; left &= left - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(left));
    if ((at_operation >> lane & 1U) == 0) {
      complete = false;
    } else if (pcs[lane] != at) {
      complain(instruction, lane,
               "lanes of a mask wait at different operations: it at line " +
                   std::to_string(block->code.instructions[pcs[lane]].line));
    } else if (masks_[lane] != which) {
      complain(instruction, lane, "lanes of a mask have different masks");
    }
  }
  if (!complete) return;
  active = which;
  instruction.inner(*this, instruction);
  at_operation &= ~which;
  for (std::uint32_t left = which; left != 0; left &= left - 1)
    pcs[std::countr_zero(left)] = at + 1;
  next_parked_ = std::min(next_parked_, at + 1);
}

void Warp::complain(const Instruction& instruction, unsigned lane, const std::string& what) const {
  block->complain(instruction.line, "thread " + std::to_string(thread(lane)), what);
}

void run_guarded(Warp& warp, const Instruction& instruction) {
  warp.active = warp.guarded(instruction);
  if (warp.active != 0) instruction.inner(warp, instruction);
}

}  // namespace collapse_stats::ptx
