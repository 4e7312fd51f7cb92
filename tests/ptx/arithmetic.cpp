#include "types.hpp"

/// Addition, multiplication and division.
namespace collapse_stats::ptx {
namespace {

/// Integers wrap around, which C++ guarantees only for unsigned numbers.
template <class T>
using Unsigned = std::make_unsigned_t<T>;

constexpr auto sum = [](auto a, auto b) {
  using T = decltype(a);
  return static_cast<T>(Unsigned<T>(a) + Unsigned<T>(b));
};
constexpr auto difference = [](auto a, auto b) {
  using T = decltype(a);
  return static_cast<T>(Unsigned<T>(a) - Unsigned<T>(b));
};
constexpr auto low_product = [](auto a, auto b) {
  using T = decltype(a);
  return static_cast<T>(std::uint64_t{Unsigned<T>(a)} * Unsigned<T>(b));
};
constexpr auto high_product = [](auto a, auto b) {
  using T = decltype(a);
  return static_cast<T>((Wide<T>(a) * b) >> bits<T>);
};
constexpr auto wide_product = [](auto a, auto b) {
  using T = decltype(a);
  return static_cast<Wide<T>>(Wide<T>(a) * b);
};
constexpr auto least = [](auto a, auto b) { return b < a ? b : a; };
constexpr auto most = [](auto a, auto b) { return a < b ? b : a; };
constexpr auto negative = [](auto a) {
  using T = decltype(a);
  return static_cast<T>(0 - Unsigned<T>(a));
};
constexpr auto magnitude = [](auto a) { return a < 0 ? negative(a) : a; };

template <class T, bool Remainder>
void divide(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  warp.each([&](unsigned lane) {
    const T by = static_cast<T>(b[lane]);
    if (by == 0) warp.complain(instruction, lane, "division by zero");
    const Wide<T> of = static_cast<T>(a[lane]);  // wide: the least number / -1 would overflow
    to[lane] = kept(static_cast<T>(Remainder ? of % by : of / by));
  });
}

/// Saturates like `add.sat.s32`.
template <bool Minus>
void saturated(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  warp.each([&](unsigned lane) {
    const std::int64_t left = static_cast<std::int32_t>(a[lane]);
    const std::int64_t right = static_cast<std::int32_t>(b[lane]);
    const std::int64_t exact = Minus ? left - right : left + right;
    const std::int64_t within = exact > INT32_MAX   ? INT32_MAX
                                : exact < INT32_MIN ? INT32_MIN
                                                    : exact;
    to[lane] = kept(static_cast<std::int32_t>(within));
  });
}

template <class T>
void wide_multiply_add(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  const std::uint64_t* const c = warp.reg(instruction.operands[3]);
  warp.each([&](unsigned lane) {
    using U = std::make_unsigned_t<Wide<T>>;
    const U product = static_cast<U>(Wide<T>(static_cast<T>(a[lane])) * static_cast<T>(b[lane]));
    to[lane] = kept(static_cast<U>(product + static_cast<U>(c[lane])));
  });
}

Handler product(const Opcode& opcode, bool with_sum) {
  const auto kind = opcode.parts.size() == 3 ? opcode.parts[1] : std::string_view();
  return with_type(opcode.type(), [&]<class T>() -> Handler {
    if (kind == "lo" && !with_sum) return binary<T, low_product>;
    if (kind == "hi" && !with_sum) return binary<T, high_product>;
    if (kind == "lo") return ternary<T, [](T a, T b, T c) { return sum(low_product(a, b), c); }>;
    if (kind == "hi") return ternary<T, [](T a, T b, T c) { return sum(high_product(a, b), c); }>;
    if constexpr (sizeof(T) <= 4) {
      if (kind == "wide" && !with_sum) return binary<T, wide_product>;
      if (kind == "wide") return wide_multiply_add<T>;
    }
    return nullptr;
  });
}

template <auto Of>
Handler two(std::string_view type) {
  return with_type(type, []<class T>() -> Handler { return binary<T, Of>; });
}

/// A sum or difference of two numbers, the second of which may be a product, with a carry of one
/// bit.
struct Carrying {
  bool minus, product, high, takes, gives;
};

template <class U, Carrying How>
void with_carry(Warp& warp, const Instruction& instruction) {
  const unsigned last = instruction.number - 1U;
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  std::uint64_t* const carry = warp.reg(static_cast<std::uint32_t>(instruction.offset));
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  const std::uint64_t* const c = warp.reg(instruction.operands[last]);
  warp.each([&](unsigned lane) {
    U left = static_cast<U>(a[lane]);
    if constexpr (How.product) {
      const Wide<U> whole = Wide<U>(left) * static_cast<U>(b[lane]);
      left = static_cast<U>(How.high ? whole >> bits<U> : whole);
    }
    const U right = static_cast<U>(c[lane]);
    const U extra = How.takes ? static_cast<U>(carry[lane]) : U{0};
    const Wide<U> exact = How.minus ? Wide<U>(left) - right - extra : Wide<U>(left) + right + extra;
    to[lane] = kept(static_cast<U>(exact));
    if constexpr (How.gives) carry[lane] = static_cast<std::uint64_t>(exact >> bits<U> & 1U);
  });
}

template <bool Minus, bool Product, bool High>
Handler choose_carry(std::string_view type, bool takes, bool gives) {
  const auto of = [&]<class U>() -> Handler {
    if (takes && gives) return with_carry<U, Carrying{Minus, Product, High, true, true}>;
    if (takes) return with_carry<U, Carrying{Minus, Product, High, true, false}>;
    return with_carry<U, Carrying{Minus, Product, High, false, true}>;
  };
  if (type == "u64" || type == "s64" || type == "b64")
    return of.template operator()<std::uint64_t>();
  if (type == "u32" || type == "s32" || type == "b32")
    return of.template operator()<std::uint32_t>();
  return nullptr;
}

}  // namespace

Handler arithmetic(const Opcode& opcode, Instruction&) {
  const auto base = opcode.base(), type = opcode.type();
  const bool plain = opcode.parts.size() == 2;
  if (base == "mul") return product(opcode, false);
  if (base == "mad") return product(opcode, true);
  if (base == "add" || base == "sub") {
    if (opcode.parts.size() == 3 && opcode.has("sat") && type == "s32")
      return base == "sub" ? saturated<true> : saturated<false>;
    if (!plain) return nullptr;
    return base == "add" ? two<sum>(type) : two<difference>(type);
  }
  if (!plain) return nullptr;
  if (base == "min") return two<least>(type);
  if (base == "max") return two<most>(type);
  if (base == "div") return with_type(type, []<class T>() -> Handler { return divide<T, false>; });
  if (base == "rem") return with_type(type, []<class T>() -> Handler { return divide<T, true>; });
  if (base == "neg")
    return with_type(type, []<class T>() -> Handler { return unary<T, negative>; });
  if (base == "abs")
    return with_type(type, []<class T>() -> Handler { return unary<T, magnitude>; });
  if (base == "sad")
    return with_type(type, []<class T>() -> Handler {
      return ternary<T, [](T a, T b, T c) {
        return sum(c, a < b ? difference(b, a) : difference(a, b));
      }>;
    });
  return nullptr;
}

Handler carry_arithmetic(const Opcode& opcode, Instruction& instruction, std::uint32_t carry) {
  const auto base = opcode.base(), type = opcode.type();
  const bool gives = opcode.has("cc");
  const bool takes = base == "addc" || base == "subc" || base == "madc";
  if (!gives && !takes) return nullptr;
  instruction.offset = carry;
  const bool high = opcode.has("hi");
  if (base == "add" || base == "addc") return choose_carry<false, false, false>(type, takes, gives);
  if (base == "sub" || base == "subc") return choose_carry<true, false, false>(type, takes, gives);
  if (!high && !opcode.has("lo")) return nullptr;
  if (high && type[0] == 's') return nullptr;
  if (base != "mad" && base != "madc") return nullptr;
  return high ? choose_carry<false, true, true>(type, takes, gives)
              : choose_carry<false, true, false>(type, takes, gives);
}

}  // namespace collapse_stats::ptx
