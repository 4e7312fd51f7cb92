#include "decode.hpp"
#include "machine.hpp"

/// Branches, barriers and exits.
namespace collapse_stats::ptx {
namespace {

void branch(Warp& warp, const Instruction& instruction) {
  warp.jump(warp.guarded(instruction), instruction.target);
}

void branch_by_index(Warp& warp, const Instruction& instruction) {
  const std::uint64_t* const which = warp.reg(instruction.operands[0]);
  warp.active = warp.guarded(instruction);
  std::uint32_t left = warp.active;
  while (left != 0) {
    const auto first = static_cast<unsigned>(std::countr_zero(left));
    const std::uint64_t index = which[first];
    if (index >= instruction.targets.size())
      warp.complain(instruction, first, "a branch to a target that is not listed");
    std::uint32_t same = 0;
    warp.each([&](unsigned lane) {
      if (which[lane] == index) same |= 1U << lane;
    });
    warp.jump(same, instruction.targets[index]);
    left &= ~same;
  }
}

void leave(Warp& warp, const Instruction& instruction) { warp.leave(warp.guarded(instruction)); }

void trap(Warp& warp, const Instruction& instruction) {
  const std::uint32_t lanes = warp.guarded(instruction);
  if (lanes != 0)
    warp.complain(instruction, static_cast<unsigned>(std::countr_zero(lanes)), "it gave up");
}

void barrier(Warp& warp, const Instruction& instruction) {
  if (warp.reg(instruction.operands[instruction.writes])[0] != 0)
    warp.complain(instruction, 0, "expected barrier 0, the only one that this machine has");
  ++warp.block->counters.barriers;
  warp.wait_at_barrier(warp.guarded(instruction));
}

}  // namespace

Handler control_flow(const Opcode& opcode, Instruction& instruction) {
  const auto base = opcode.base();
  instruction.control = true;
  instruction.writes = 0;
  if (base == "bra" || base == "brx") {
    instruction.leaves = true;
    return base == "bra" ? branch : branch_by_index;
  }
  if (base == "ret" || base == "exit") {
    instruction.leaves = true;
    return leave;
  }
  if (base == "trap") return trap;
  const bool sync = opcode.parts.size() > 1 && opcode.parts[1] == "sync";
  const bool cta = opcode.parts.size() > 2 && opcode.parts[1] == "cta" && opcode.parts[2] == "sync";
  // Only one barrier, for all threads, is supported; no kernel uses numbered ones or subsets.
  if (base != "bar" && base != "barrier") return nullptr;
  if ((sync || cta) && instruction.number == 1) return barrier;
  if (!opcode.has("red") || instruction.number != 3) return nullptr;
  instruction.joint = opcode.has("or")     ? Joint::any
                      : opcode.has("and")  ? Joint::all
                      : opcode.has("popc") ? Joint::number
                                           : Joint::nothing;
  instruction.writes = 1;
  return instruction.joint == Joint::nothing ? nullptr : barrier;
}

}  // namespace collapse_stats::ptx
