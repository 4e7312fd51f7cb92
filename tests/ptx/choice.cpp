#include <limits>

#include "types.hpp"

/// Comparisons, choices, moves and conversions.
namespace collapse_stats::ptx {
namespace {

enum class Join { none, both, either, one_of };

constexpr auto equal = [](auto a, auto b) { return a == b; };
constexpr auto unequal = [](auto a, auto b) { return a != b; };
constexpr auto less = [](auto a, auto b) { return a < b; };
constexpr auto at_most = [](auto a, auto b) { return a <= b; };
constexpr auto greater = [](auto a, auto b) { return a > b; };
constexpr auto at_least = [](auto a, auto b) { return a >= b; };

/// Compares two numbers, and combines the result and its negation with a third predicate.
template <class T, auto Of, Join How>
void compare(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  std::uint64_t* const opposite =
      instruction.second == Instruction::none ? nullptr : warp.reg(instruction.second);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  if (How == Join::none && opposite == nullptr) {
    warp.each([&](unsigned lane) {
      to[lane] = Of(static_cast<T>(a[lane]), static_cast<T>(b[lane])) ? 1U : 0U;
    });
    return;
  }
  const std::uint64_t* const third = How == Join::none ? a : warp.reg(instruction.operands[3]);
  warp.each([&](unsigned lane) {
    const bool answer = Of(static_cast<T>(a[lane]), static_cast<T>(b[lane]));
    const bool c = ((third[lane] & 1U) != 0) != instruction.negated;
    const auto join = [c](bool mine) {
      if (How == Join::both) return mine && c;
      if (How == Join::either) return mine || c;
      if (How == Join::one_of) return mine != c;
      return mine;
    };
    to[lane] = join(answer) ? 1U : 0U;
    if (opposite != nullptr) opposite[lane] = join(!answer) ? 1U : 0U;
  });
}

template <class T, Join How>
Handler choose_comparison(std::string_view name) {
  using U = std::make_unsigned_t<T>;
  if (name == "eq") return compare<T, equal, How>;
  if (name == "ne") return compare<T, unequal, How>;
  if (name == "lt") return compare<T, less, How>;
  if (name == "le") return compare<T, at_most, How>;
  if (name == "gt") return compare<T, greater, How>;
  if (name == "ge") return compare<T, at_least, How>;
  if (name == "lo") return compare<U, less, How>;
  if (name == "ls") return compare<U, at_most, How>;
  if (name == "hi") return compare<U, greater, How>;
  if (name == "hs") return compare<U, at_least, How>;
  return nullptr;
}

Handler choose_setp(const Opcode& opcode) {
  return with_type(opcode.type(), [&]<class T>() -> Handler {
    const auto name = opcode.parts[1];
    if (opcode.parts.size() == 3) return choose_comparison<T, Join::none>(name);
    if (opcode.parts.size() != 4) return nullptr;
    if (opcode.parts[2] == "and") return choose_comparison<T, Join::both>(name);
    if (opcode.parts[2] == "or") return choose_comparison<T, Join::either>(name);
    if (opcode.parts[2] == "xor") return choose_comparison<T, Join::one_of>(name);
    return nullptr;
  });
}

template <class T>
void select(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  const std::uint64_t* const which = warp.reg(instruction.operands[3]);
  warp.each([&](unsigned lane) {
    to[lane] = kept(static_cast<T>((which[lane] & 1U) != 0 ? a[lane] : b[lane]));
  });
}

/// Like `select`, depending on whether a number is non-negative.
template <class T>
void select_by_sign(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  const std::uint64_t* const which = warp.reg(instruction.operands[3]);
  warp.each([&](unsigned lane) {
    to[lane] =
        kept(static_cast<T>(static_cast<std::int32_t>(which[lane]) >= 0 ? a[lane] : b[lane]));
  });
}

template <class T>
void move(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const from = warp.reg(instruction.operands[1]);
  warp.each([&](unsigned lane) { to[lane] = kept(static_cast<T>(from[lane])); });
}

/// `mov.b64 d, {a, b}`: the first part is the lowest.
template <unsigned Bits>
void pack(Warp& warp, const Instruction& instruction) {
  const unsigned each = Bits / instruction.vector;
  const std::uint64_t mask = (1UL << each) - 1;
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  warp.each([&](unsigned lane) {
    std::uint64_t whole = 0;
    for (unsigned part = 0; part < instruction.vector; ++part)
      whole |= (warp.reg(instruction.operands[1 + part])[lane] & mask) << each * part;
    to[lane] = whole;
  });
}

template <unsigned Bits>
void unpack(Warp& warp, const Instruction& instruction) {
  const unsigned each = Bits / instruction.vector;
  const std::uint64_t mask = (1UL << each) - 1;
  const std::uint64_t* const from = warp.reg(instruction.operands[instruction.vector]);
  warp.each([&](unsigned lane) {
    const std::uint64_t whole = from[lane];
    for (unsigned part = 0; part < instruction.vector; ++part)
      warp.reg(instruction.operands[part])[lane] = whole >> each * part & mask;
  });
}

Handler choose_move(const Opcode& opcode, const Instruction& instruction) {
  if (opcode.parts.size() != 2) return nullptr;
  if (opcode.type() == "pred") return move<std::uint8_t>;
  if (instruction.vector == 1)
    return with_type(opcode.type(), []<class T>() -> Handler { return move<T>; });
  const bool into = instruction.writes == 1;
  if (opcode.type() == "b64") return into ? pack<64> : unpack<64>;
  if (opcode.type() == "b32") return into ? pack<32> : unpack<32>;
  return nullptr;
}

/// If the register is wider than the number, it is filled with the sign.
template <class To, class From, bool Saturate>
void convert(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const from = warp.reg(instruction.operands[1]);
  const std::uint64_t keep = instruction.keep;
  warp.each([&](unsigned lane) {
    const From value = static_cast<From>(from[lane]);
    To result = static_cast<To>(value);
    if constexpr (Saturate) {
      const __int128 exact = value;
      if (exact > std::numeric_limits<To>::max()) result = std::numeric_limits<To>::max();
      if (exact < std::numeric_limits<To>::min()) result = std::numeric_limits<To>::min();
    }
    to[lane] = static_cast<std::uint64_t>(static_cast<std::int64_t>(result)) & keep;
  });
}

Handler choose_conversion(const Opcode& opcode) {
  const std::size_t number = opcode.parts.size();
  const bool saturate = number == 4 && opcode.parts[1] == "sat";
  if (number != 3 && !saturate) return nullptr;
  return with_any_type(opcode.parts[number - 2], [&]<class To>() -> Handler {
    return with_any_type(opcode.type(), [&]<class From>() -> Handler {
      return saturate ? convert<To, From, true> : convert<To, From, false>;
    });
  });
}

template <std::uint64_t Window, bool ToWindow>
void move_window(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const from = warp.reg(instruction.operands[1]);
  warp.each(
      [&](unsigned lane) { to[lane] = ToWindow ? from[lane] - Window : from[lane] + Window; });
}

/// Converts between generic addresses and those of a space.
Handler choose_window(const Opcode& opcode) {
  const bool to = opcode.has("to");
  if (opcode.type() != "u64") return nullptr;
  if (opcode.has("global")) return move<std::uint64_t>;
  if (opcode.has("shared"))
    return to ? move_window<shared_window, true> : move_window<shared_window, false>;
  if (opcode.has("local"))
    return to ? move_window<local_window, true> : move_window<local_window, false>;
  if (opcode.has("param"))
    return to ? move_window<parameter_window, true> : move_window<parameter_window, false>;
  return nullptr;
}

}  // namespace

Handler comparison(const Opcode& opcode, Instruction& instruction) {
  const auto base = opcode.base();
  if (base == "setp") return choose_setp(opcode);
  if (base == "selp")
    return with_type(opcode.type(), []<class T>() -> Handler { return select<T>; });
  if (base == "slct" && opcode.parts.size() == 3 && opcode.type() == "s32")
    return with_type(opcode.parts[1], []<class T>() -> Handler { return select_by_sign<T>; });
  if (base == "mov") return choose_move(opcode, instruction);
  if (base == "cvt") return choose_conversion(opcode);
  if (base == "cvta") return choose_window(opcode);
  return nullptr;
}

}  // namespace collapse_stats::ptx
