#include <algorithm>

#include "decode.hpp"

namespace collapse_stats::ptx {
namespace {

using Set = std::vector<std::uint64_t>;

bool has(const Set& set, std::uint32_t item) { return set[item / 64] >> item % 64 & 1U; }
void insert(Set& set, std::uint32_t item) { set[item / 64] |= 1UL << item % 64; }
void remove(Set& set, std::uint32_t item) { set[item / 64] &= ~(1UL << item % 64); }

template <class Visit>
void each_read(const Instruction& instruction, Visit visit) {
  for (unsigned i = instruction.writes; i < instruction.number; ++i) visit(instruction.operands[i]);
  if (instruction.guard != Instruction::none) visit(instruction.guard);
}

template <class Visit>
void each_written(const Instruction& instruction, Visit visit) {
  for (unsigned i = 0; i < instruction.writes; ++i) visit(instruction.operands[i]);
  if (instruction.second != Instruction::none) visit(instruction.second);
}

/// Update the set of surely written registers after an instruction. A result that is computed from
/// a register outside the set is not in the set either, because the compiler may compute values in
/// advance that turn out not to be needed.
void follow(const Instruction& instruction, Set& written) {
  bool doubt = false;
  if (instruction.pure) each_read(instruction, [&](std::uint32_t r) { doubt |= !has(written, r); });
  if (doubt)
    each_written(instruction, [&](std::uint32_t r) { remove(written, r); });
  else if (instruction.guard == Instruction::none || instruction.control)
    each_written(instruction, [&](std::uint32_t r) { insert(written, r); });
}

}  // namespace

void watch_unwritten(Code& code) {
  auto& all = code.instructions;
  // Basic blocks, and their successors.
  std::vector<bool> begins(all.size() + 1);
  begins[0] = true;
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (!all[at].control) continue;
    begins[at + 1] = true;
    if (all[at].target != Instruction::none) begins[all[at].target] = true;
    for (const auto target : all[at].targets) begins[target] = true;
  }
  std::vector<std::uint32_t> stretch(all.size());
  std::vector<std::uint32_t> first;
  for (std::uint32_t at = 0; at < all.size(); ++at) {
    if (begins[at]) first.push_back(at);
    stretch[at] = static_cast<std::uint32_t>(first.size()) - 1;
  }
  const auto end_of = [&](std::uint32_t s) {
    return s + 1 < first.size() ? first[s + 1] : static_cast<std::uint32_t>(all.size());
  };
  // The registers that are surely written before each basic block. The analysis begins with all
  // registers, and removes those for which it finds a path without a write.
  const std::size_t words = code.registers / 64 + 1;
  std::vector<Set> before(first.size(), Set(words, ~0UL));
  before[0].assign(words, 0);
  insert(before[0], 0);
  insert(before[0], 1);
  for (const Preload& preload : code.preloads) insert(before[0], preload.reg);
  std::vector<std::uint32_t> left{0};
  std::vector<bool> seen(first.size());
  while (!left.empty()) {
    const std::uint32_t s = left.back();
    left.pop_back();
    seen[s] = true;
    Set now = before[s];
    const std::uint32_t end = end_of(s);
    for (std::uint32_t at = first[s]; at < end; ++at) follow(all[at], now);
    const auto go = [&](std::uint32_t place) {
      const std::uint32_t next = stretch[place];
      bool changed = !seen[next];
      for (std::size_t w = 0; w < words; ++w) {
        const std::uint64_t both = before[next][w] & now[w];
        changed |= both != before[next][w];
        before[next][w] = both;
      }
      if (changed) left.push_back(next);
    };
    const Instruction& last = all[end - 1];
    if (last.target != Instruction::none) go(last.target);
    for (const auto target : last.targets) go(target);
    const bool goes_on = !last.leaves || last.guard != Instruction::none;
    if (goes_on && end < all.size()) go(end);
  }
  Set doubtful(words, 0);
  for (std::uint32_t s = 0; s < first.size(); ++s) {
    if (!seen[s]) continue;
    Set now = before[s];
    for (std::uint32_t at = first[s]; at < end_of(s); ++at) {
      Instruction& instruction = all[at];
      each_read(instruction, [&](std::uint32_t r) {
        if (has(now, r)) return;
        instruction.doubtful.push_back(r);
        insert(doubtful, r);
      });
      follow(instruction, now);
    }
  }
  for (Instruction& instruction : all) {
    each_written(instruction, [&](std::uint32_t r) {
      if (has(doubtful, r)) instruction.noted.push_back(r);
    });
    instruction.watched = !instruction.doubtful.empty() || !instruction.noted.empty();
  }
}

}  // namespace collapse_stats::ptx
