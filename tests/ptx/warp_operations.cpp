#include "types.hpp"

/// Operations that the lanes of a warp do together.
namespace collapse_stats::ptx {
namespace {

/// The last operand is the mask. The inner handler runs once all of its lanes have arrived.
void together(Warp& warp, const Instruction& instruction) {
  warp.meet(instruction, warp.reg(instruction.operands[instruction.number - 1U]));
}

enum class Vote { ballot, any, all, uni };

template <Vote How>
void vote(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const of = warp.reg(instruction.operands[1]);
  std::uint32_t yes = 0;
  warp.each([&](unsigned lane) {
    yes |= static_cast<std::uint32_t>(((of[lane] & 1U) != 0) != instruction.negated) << lane;
  });
  std::uint64_t answer = yes;
  if (How == Vote::any) answer = yes != 0;
  if (How == Vote::all) answer = yes == warp.active;
  if (How == Vote::uni) answer = yes == 0 || yes == warp.active;
  warp.each([&](unsigned lane) { to[lane] = answer; });
}

enum class From { up, down, bfly, idx };

/// Take a value from another lane of a segment; the PTX manual describes the operand `c`.
template <From How>
void shuffle(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const of = warp.reg(instruction.operands[1]);
  const std::uint64_t* const by = warp.reg(instruction.operands[2]);
  const std::uint64_t* const c = warp.reg(instruction.operands[3]);
  std::uint64_t values[Warp::lanes] = {};
  warp.each([&](unsigned lane) { values[lane] = of[lane] & 0xFFFFFFFFU; });
  warp.each([&](unsigned lane) {
    const int me = static_cast<int>(lane), b = static_cast<int>(by[lane] & 31U);
    const int clamp = static_cast<int>(c[lane] & 31U),
              segment = static_cast<int>(c[lane] >> 8 & 31U);
    const int last = (me & segment) | (clamp & ~segment);
    int from = me;
    if (How == From::up) from = me - b;
    if (How == From::down) from = me + b;
    if (How == From::bfly) from = me ^ b;
    if (How == From::idx) from = (me & segment) | (b & ~segment);
    const bool inside = How == From::up ? from >= last : from <= last;
    if (!inside) from = me;
    if ((warp.active >> from & 1U) == 0)
      warp.complain(instruction, lane,
                    "a shuffle from lane " + std::to_string(from) + ", which is not in the mask");
    to[lane] = values[from];
    if (instruction.second != Instruction::none)
      warp.reg(instruction.second)[lane] = inside ? 1U : 0U;
  });
}

template <class T, bool All>
void match(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const of = warp.reg(instruction.operands[1]);
  warp.each([&](unsigned lane) {
    std::uint32_t same = 0;
    warp.each([&](unsigned other) {
      if (static_cast<T>(of[other]) == static_cast<T>(of[lane])) same |= 1U << other;
    });
    const bool all = same == warp.active;
    to[lane] = !All || all ? same : 0;
    if (All && instruction.second != Instruction::none)
      warp.reg(instruction.second)[lane] = all ? 1U : 0U;
  });
}

template <class T, auto Of>
void reduce(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const of = warp.reg(instruction.operands[1]);
  bool first = true;
  T result = 0;
  warp.each([&](unsigned lane) {
    const T value = static_cast<T>(of[lane]);
    result = first ? value : static_cast<T>(Of(result, value));
    first = false;
  });
  warp.each([&](unsigned lane) { to[lane] = kept(result); });
}

Handler choose_reduce(std::string_view operation, std::string_view type) {
  return with_type(type, [&]<class T>() -> Handler {
    if constexpr (sizeof(T) == 4) {
      using U = std::make_unsigned_t<T>;
      if (operation == "add") return reduce<U, [](U a, U b) { return a + b; }>;
      if (operation == "min") return reduce<T, [](T a, T b) { return b < a ? b : a; }>;
      if (operation == "max") return reduce<T, [](T a, T b) { return a < b ? b : a; }>;
      if (operation == "and") return reduce<U, [](U a, U b) { return a & b; }>;
      if (operation == "or") return reduce<U, [](U a, U b) { return a | b; }>;
      if (operation == "xor") return reduce<U, [](U a, U b) { return a ^ b; }>;
    }
    return nullptr;
  });
}

/// After lanes have met, each may access what the others accessed before.
void order_lanes(Warp& warp, const Instruction&) {
  if (warp.active == warp.live) ++warp.phase;
}

void active_lanes(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t answer = warp.active;
  warp.each([&](unsigned lane) { to[lane] = answer; });
}

Handler choose_shuffle(std::string_view how) {
  if (how == "up") return shuffle<From::up>;
  if (how == "down") return shuffle<From::down>;
  if (how == "bfly") return shuffle<From::bfly>;
  if (how == "idx") return shuffle<From::idx>;
  return nullptr;
}

Handler choose_vote(std::string_view how) {
  if (how == "ballot") return vote<Vote::ballot>;
  if (how == "any") return vote<Vote::any>;
  if (how == "all") return vote<Vote::all>;
  if (how == "uni") return vote<Vote::uni>;
  return nullptr;
}

Handler choose(const Opcode& opcode) {
  const auto base = opcode.base();
  const std::size_t number = opcode.parts.size();
  if (base == "bar" && number == 3 && opcode.has("warp") && opcode.has("sync")) return order_lanes;
  if (number != 4 || !opcode.has("sync")) return nullptr;
  if (base == "vote") return choose_vote(opcode.parts[2]);
  if (base == "shfl") return choose_shuffle(opcode.parts[2]);
  if (base == "redux") return choose_reduce(opcode.parts[2], opcode.type());
  if (base == "match") {
    const bool all = opcode.has("all");
    if (opcode.type() == "b32")
      return all ? match<std::uint32_t, true> : match<std::uint32_t, false>;
    if (opcode.type() == "b64")
      return all ? match<std::uint64_t, true> : match<std::uint64_t, false>;
  }
  return nullptr;
}

}  // namespace

Handler warp_operation(const Opcode& opcode, Instruction& instruction) {
  if (opcode.base() == "activemask") return active_lanes;
  instruction.inner = choose(opcode);
  if (instruction.inner == nullptr) return nullptr;
  if (opcode.base() == "bar") instruction.writes = 0;
  instruction.control = true;
  return together;
}

}  // namespace collapse_stats::ptx
