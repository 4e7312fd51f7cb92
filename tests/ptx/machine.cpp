#include "machine.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>

namespace collapse_stats::ptx {
namespace {

constexpr std::size_t granted_bytes = 48U << 10;  // of shared memory, without asking

std::string kilobytes(std::size_t bytes) { return std::to_string(bytes) + " bytes"; }

}  // namespace

void GlobalMemory::allocated(std::uint64_t address, std::uint64_t bytes) {
  ends_[address].push_back(address + bytes);
}

void GlobalMemory::freed(std::uint64_t address) {
  const auto stretch = ends_.find(address);
  if (stretch == ends_.end()) return;
  stretch->second.pop_back();
  if (stretch->second.empty()) ends_.erase(stretch);
  first_ = last_ = 0;
}

bool GlobalMemory::allows(std::uint64_t address, std::uint64_t bytes) {
  if (address >= first_ && address + bytes <= last_) return true;
  for (auto stretch = ends_.upper_bound(address); stretch != ends_.begin();) {
    --stretch;
    const std::uint64_t end = *std::max_element(stretch->second.begin(), stretch->second.end());
    if (address + bytes > end) return false;
    first_ = stretch->first;
    last_ = end;
    return true;
  }
  return false;
}

Block::Block(Machine& machine_, const Launch& launch_, const Code& code_, Counters& counters_,
             Random& random_)
    : machine(machine_),
      launch(launch_),
      code(code_),
      counters(counters_),
      random(random_),
      in_order(machine_.settings.seed == 0),
      most_instructions(counters.instructions + machine_.settings.most_instructions),
      warps_((launch_.threads + Warp::lanes - 1) / Warp::lanes) {
  const std::size_t words = std::size_t{code.registers} * Warp::lanes;
  if (machine.registers.size() < words * warps_.size())
    machine.registers.resize(words * warps_.size());
  for (unsigned i = 0; i < warps_.size(); ++i) {
    Warp& warp = warps_[i];
    warp.begin(*this, i, machine.registers.data() + i * words);
    fill_registers(warp, static_cast<unsigned>(launch.threads));
  }
}

void Block::fill_registers(Warp& warp, unsigned threads) {
  using Kind = Preload::Kind;
  for (const Preload& preload : code.preloads)
    for (unsigned lane = 0; lane < Warp::lanes; ++lane) {
      std::uint64_t& value = warp.reg(preload.reg)[lane];
      const std::uint32_t alone = 1U << lane;
      switch (preload.kind) {
        case Kind::value: value = preload.value; break;
        case Kind::thread: value = warp.thread(lane); break;
        case Kind::block: value = index; break;
        case Kind::threads: value = threads; break;
        case Kind::blocks: value = launch.blocks; break;
        case Kind::zero: value = 0; break;
        case Kind::one: value = 1; break;
        case Kind::lane: value = lane; break;
        case Kind::warp: value = warp.index; break;
        case Kind::lanes_before: value = alone - 1; break;
        case Kind::lanes_until: value = alone | (alone - 1); break;
        case Kind::lane_alone: value = alone; break;
        case Kind::lanes_from: value = ~(alone - 1); break;
        case Kind::lanes_after: value = ~(alone | (alone - 1)); break;
        case Kind::dynamic_bytes: value = launch.dynamic_shared; break;
        case Kind::total_bytes: value = launch.dynamic_shared + code.static_shared; break;
      }
      if (preload.kind != Kind::value) value &= 0xFFFFFFFFU;
    }
}

void Block::run(std::uint64_t index_) {
  index = index_;
  ++counters.blocks;
  const auto threads = static_cast<unsigned>(launch.threads);
  for (unsigned i = 0; i < warps_.size(); ++i) {
    Warp& warp = warps_[i];
    warp.begin(*this, i, warp.registers);
    for (const Preload& preload : code.preloads)
      if (preload.kind == Preload::Kind::block)
        std::fill_n(warp.reg(preload.reg), Warp::lanes, index);
    const unsigned left = threads - i * Warp::lanes;
    warp.live = left < Warp::lanes ? (1U << left) - 1 : ~0U;
  }
  std::vector<unsigned> ready;
  for (;;) {
    ready.clear();
    bool alive = false;
    for (unsigned i = 0; i < warps_.size(); ++i) {
      if (warps_[i].can_run()) ready.push_back(i);
      alive |= warps_[i].live != 0;
    }
    if (!alive) return;
    if (ready.empty()) {
      end_barrier();
      continue;
    }
    if (in_order) {
      for (const unsigned i : ready) warps_[i].run();
    } else {
      warps_[ready[random.below(ready.size())]].run();
    }
  }
}

void Block::end_barrier() {
  std::uint32_t place = Instruction::none;
  bool left_some = false;
  for (const Warp& warp : warps_) {
    if (warp.at_operation != 0) complain_of_deadlock();
    const unsigned there = static_cast<unsigned>(launch.threads) - warp.index * Warp::lanes;
    left_some |= warp.live != (there < Warp::lanes ? (1U << there) - 1 : ~0U);
    for (std::uint32_t left = warp.at_barrier; left != 0; left &= left - 1) {
      const auto lane = static_cast<unsigned>(std::countr_zero(left));
      if (place == Instruction::none) place = warp.pcs[lane];
      if (place == warp.pcs[lane]) continue;
      complain(code.instructions[warp.pcs[lane] - 1].line,
               "thread " + std::to_string(warp.thread(lane)),
               "threads wait at different barriers: others at line " +
                   std::to_string(code.instructions[place - 1].line));
    }
  }
  if (left_some)
    complain(code.instructions[place - 1].line, "some threads",
             "a barrier is waited at after other threads have left the kernel");
  share(code.instructions[place - 1]);
  for (Warp& warp : warps_) warp.at_barrier = 0;
  machine.shared.pass_barrier();
}

/// Give all threads the result of a barrier that combines their predicates.
void Block::share(const Instruction& instruction) {
  if (instruction.joint == Joint::nothing) return;
  const std::uint32_t to = instruction.operands[0], from = instruction.operands[2];
  const auto each_lane = [&](auto visit) {
    for (Warp& warp : warps_)
      for (std::uint32_t left = warp.at_barrier; left != 0; left &= left - 1)
        visit(warp, static_cast<unsigned>(std::countr_zero(left)));
  };
  std::uint64_t holds = 0;
  each_lane([&](Warp& warp, unsigned lane) {
    holds += ((warp.reg(from)[lane] & 1U) != 0) != instruction.negated;
  });
  const std::uint64_t result = instruction.joint == Joint::any   ? holds != 0
                               : instruction.joint == Joint::all ? holds == launch.threads
                                                                 : holds;
  each_lane([&](Warp& warp, unsigned lane) { warp.reg(to)[lane] = result; });
}

void Block::complain_of_deadlock() const {
  for (const Warp& warp : warps_)
    if (warp.at_operation != 0) {
      const auto lane = static_cast<unsigned>(std::countr_zero(warp.at_operation));
      complain(code.instructions[warp.pcs[lane]].line,
               "thread " + std::to_string(warp.thread(lane)),
               "deadlock: it waits for lanes of its mask that wait elsewhere");
    }
  complain(0, "no thread", "deadlock");
}

void Block::complain(std::uint32_t line, const std::string& who, const std::string& what) const {
  const Kernel& kernel = launch.kernel;
  throw Complaint("kernel " + kernel.name() + ", " +
                  std::filesystem::path(kernel.path()).filename().string() + ":" +
                  std::to_string(line) + ", block " + std::to_string(index) + ", " + who + ": " +
                  what + ": " + std::string(kernel.source_line(line)));
}

void Machine::check(const Launch& launch) const {
  const auto refuse = [&](const std::string& what) {
    throw std::runtime_error("CUDA: " + what + ": kernel " + launch.kernel.name());
  };
  const std::size_t fixed = launch.kernel.code().static_shared;
  const std::size_t most = settings.shared_bytes, dynamic = launch.dynamic_shared;
  if (launch.threads == 0 || launch.threads > 1024)
    refuse("starting a kernel failed: expected 1 to 1024 threads, got " +
           std::to_string(launch.threads));
  if (launch.blocks == 0 || launch.blocks >= 1UL << 31)
    refuse("starting a kernel failed: expected 1 to 2**31 - 1 blocks, got " +
           std::to_string(launch.blocks));
  if (launch.parameter_bytes != launch.kernel.parameter_bytes())
    refuse("starting a kernel failed: expected " + kilobytes(launch.kernel.parameter_bytes()) +
           " of parameters, got " + kilobytes(launch.parameter_bytes) +
           " (is the PTX older than the sources?)");
  if (!settings.launch_rule) return;
  if (launch.asked_shared + fixed > most)
    refuse("asking for shared memory failed: a block can have " + kilobytes(most) + ", got " +
           kilobytes(launch.asked_shared) + " beside " + kilobytes(fixed) + " of static memory");
  const std::size_t allowed = launch.asked_shared != 0
                                  ? std::max(launch.asked_shared, granted_bytes - fixed)
                                  : granted_bytes - std::min(fixed, granted_bytes);
  if (fixed > granted_bytes || dynamic > allowed)
    refuse("starting a kernel failed: it was not asked for more than " + kilobytes(allowed) +
           " of dynamic shared memory, got " + kilobytes(dynamic) + " beside " + kilobytes(fixed) +
           " of static memory");
}

void Machine::run(const Launch& launch) {
  check(launch);
  const Code& code = launch.kernel.code();
  Counters& counted = counters[launch.kernel.name()];
  ++counted.launches;
  Random random(settings.seed);
  std::vector<std::uint64_t> order(launch.blocks);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  Block block(*this, launch, code, counted, random);
  if (!block.in_order)
    for (std::uint64_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[random.below(i)]);
  const std::size_t dynamic_at =
      (code.static_shared + dynamic_alignment - 1) / dynamic_alignment * dynamic_alignment;
  for (const std::uint64_t index : order) {
    shared.begin_block(dynamic_at + launch.dynamic_shared);
    block.run(index);
  }
}

Machine& machine() {
  static Machine instance;
  return instance;
}

}  // namespace collapse_stats::ptx
