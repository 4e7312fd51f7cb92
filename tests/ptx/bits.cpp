#include <bit>

#include "types.hpp"

/// Operations that move, count and combine bits.
namespace collapse_stats::ptx {
namespace {

template <class T, bool Right>
void shift(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const by = warp.reg(instruction.operands[2]);
  warp.each([&](unsigned lane) {
    const T value = static_cast<T>(a[lane]);
    const std::uint32_t places = amount(by[lane]);
    const std::uint32_t within = places < bits<T> ? places : bits<T> - 1;
    T result;
    if constexpr (Right)  // a shift by the full width leaves copies of the sign, or zero
      result = static_cast<T>(places < bits<T> || std::is_signed_v<T> ? value >> within : 0);
    else
      result = static_cast<T>(places < bits<T> ? std::uint64_t(value) << within : 0);
    to[lane] = kept(result);
  });
}

template <bool Right, bool Wrap>
void funnel(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const low = warp.reg(instruction.operands[1]);
  const std::uint64_t* const high = warp.reg(instruction.operands[2]);
  const std::uint64_t* const by = warp.reg(instruction.operands[3]);
  warp.each([&](unsigned lane) {
    const std::uint64_t both = high[lane] << 32 | (low[lane] & 0xFFFFFFFFU);
    std::uint32_t places = amount(by[lane]);
    places = Wrap ? places & 31U : places < 32 ? places : 32;
    to[lane] = (Right ? both >> places : both << places >> 32) & 0xFFFFFFFFU;
  });
}

template <class T>
void extract_field(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const position = warp.reg(instruction.operands[2]);
  const std::uint64_t* const length = warp.reg(instruction.operands[3]);
  warp.each([&](unsigned lane) {
    using U = std::make_unsigned_t<T>;
    const U value = static_cast<U>(a[lane]);
    const unsigned from = position[lane] & 0xFFU, number = length[lane] & 0xFFU;
    const unsigned room = from < bits<T> ? bits<T> - from : 0;
    const unsigned there = number < room ? number : room;
    const U above = there < bits<T> ? static_cast<U>(static_cast<U>(~U{0}) << there) : U{0};
    U result = there > 0 ? static_cast<U>((value >> from) & ~above) : U{0};
    if (std::is_signed_v<T> && number != 0) {
      const unsigned last = from + number - 1 < bits<T> ? from + number - 1 : bits<T> - 1;
      if ((value >> last & 1U) != 0) result |= above;
    }
    to[lane] = kept(result);
  });
}

template <class T>
void insert_field(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  const std::uint64_t* const position = warp.reg(instruction.operands[3]);
  const std::uint64_t* const length = warp.reg(instruction.operands[4]);
  warp.each([&](unsigned lane) {
    const T field = static_cast<T>(a[lane]), into = static_cast<T>(b[lane]);
    const unsigned from = position[lane] & 0xFFU, number = length[lane] & 0xFFU;
    const T wide = number < bits<T> ? static_cast<T>((T{1} << number) - 1) : static_cast<T>(~T{0});
    const T mask = from < bits<T> ? static_cast<T>(wide << from) : T{0};
    const T moved = from < bits<T> ? static_cast<T>(field << from) : T{0};
    to[lane] = kept(static_cast<T>((into & ~mask) | (moved & mask)));
  });
}

/// The highest bit that is set or, for signed types, differs from the sign; all ones if there is
/// none.
template <class T, bool Distance>
void find_bit(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  warp.each([&](unsigned lane) {
    const T value = static_cast<T>(a[lane]);
    const std::uint64_t searched =
        kept(static_cast<T>(std::is_signed_v<T> && value < 0 ? ~value : value));
    const auto position = static_cast<std::uint32_t>(std::bit_width(searched)) - 1;
    to[lane] = Distance && searched != 0 ? bits<T> - 1 - position : position;
  });
}

/// Any function of three bits: bit `abc` of the table is the result for the bits a, b and c.
void logic(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  const std::uint64_t* const c = warp.reg(instruction.operands[3]);
  const std::uint64_t* const table = warp.reg(instruction.operands[4]);
  warp.each([&](unsigned lane) {
    std::uint64_t result = 0;
    for (unsigned entry = 0; entry < 8; ++entry)
      if ((table[lane] >> entry & 1U) != 0)
        result |= ((entry & 4U) != 0 ? a[lane] : ~a[lane]) &
                  ((entry & 2U) != 0 ? b[lane] : ~b[lane]) &
                  ((entry & 1U) != 0 ? c[lane] : ~c[lane]);
    to[lane] = result & 0xFFFFFFFFU;
  });
}

/// Picks four of eight bytes, or fills a byte with another one's sign.
void permute(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  const std::uint64_t* const selection = warp.reg(instruction.operands[3]);
  warp.each([&](unsigned lane) {
    const std::uint64_t both = b[lane] << 32 | (a[lane] & 0xFFFFFFFFU);
    std::uint64_t result = 0;
    for (unsigned byte = 0; byte < 4; ++byte) {
      const auto chosen = static_cast<unsigned>(selection[lane] >> 4 * byte & 0xFU);
      std::uint64_t value = both >> 8 * (chosen & 7U) & 0xFFU;
      if ((chosen & 8U) != 0) value = (value & 0x80U) != 0 ? 0xFFU : 0;
      result |= value << 8 * byte;
    }
    to[lane] = result;
  });
}

template <class T>
constexpr auto reversed = [](T value) {
  T result = 0;
  for (unsigned bit = 0; bit < bits<T>; ++bit)
    result |= T(value >> bit & 1U) << (bits<T> - 1 - bit);
  return result;
};

template <auto Of>
Handler two(std::string_view type) {
  return with_type(type, []<class T>() -> Handler { return binary<std::make_unsigned_t<T>, Of>; });
}

constexpr auto both = [](auto a, auto b) { return static_cast<decltype(a)>(a & b); };
constexpr auto either = [](auto a, auto b) { return static_cast<decltype(a)>(a | b); };
constexpr auto one_of = [](auto a, auto b) { return static_cast<decltype(a)>(a ^ b); };

}  // namespace

Handler bit_operation(const Opcode& opcode, Instruction& instruction) {
  const auto base = opcode.base();
  // A predicate is a number of one bit.
  const bool predicate = opcode.type() == "pred";
  const auto type = predicate ? std::string_view("b32") : opcode.type();
  const bool plain = opcode.parts.size() == 2;
  if (base == "shf" && opcode.parts.size() == 4 && type == "b32") {
    const bool wrap = opcode.parts[2] == "wrap";
    if (!wrap && opcode.parts[2] != "clamp") return nullptr;
    if (opcode.parts[1] == "l") return wrap ? funnel<false, true> : funnel<false, false>;
    return wrap ? funnel<true, true> : funnel<true, false>;
  }
  if (base == "bfind") {
    const bool distance = opcode.has("shiftamt");
    return with_type(type, [&]<class T>() -> Handler {
      return distance ? find_bit<T, true> : find_bit<T, false>;
    });
  }
  if (!plain) return nullptr;
  if (base == "and") return two<both>(type);
  if (base == "or") return two<either>(type);
  if (base == "xor") return two<one_of>(type);
  if (base == "not" && predicate)
    return unary<std::uint32_t, [](std::uint32_t a) { return a ^ 1U; }>;
  if (base == "not")
    return with_type(type, []<class T>() -> Handler {
      return unary<T, [](T a) { return static_cast<T>(~a); }>;
    });
  if (base == "cnot")
    return with_type(type,
                     []<class T>() -> Handler { return unary<T, [](T a) { return T(a == 0); }>; });
  if (base == "shl")
    return with_type(type,
                     []<class T>() -> Handler { return shift<std::make_unsigned_t<T>, false>; });
  if (base == "shr") return with_type(type, []<class T>() -> Handler { return shift<T, true>; });
  if (base == "lop3" && type == "b32") return logic;
  if (base == "prmt" && type == "b32") return permute;
  if (base == "bfe") return with_type(type, []<class T>() -> Handler { return extract_field<T>; });
  if (base == "bfi")
    return with_type(type,
                     []<class T>() -> Handler { return insert_field<std::make_unsigned_t<T>>; });
  const auto on_bits = [&]<class Use>(Use use) -> Handler {
    if (type == "b32") return use.template operator()<std::uint32_t>();
    if (type == "b64") return use.template operator()<std::uint64_t>();
    return nullptr;
  };
  if (base == "popc")
    return on_bits([]<class T>() -> Handler {
      return unary<T, [](T a) { return static_cast<std::uint32_t>(std::popcount(a)); }>;
    });
  if (base == "clz")
    return on_bits([]<class T>() -> Handler {
      return unary<T, [](T a) { return static_cast<std::uint32_t>(std::countl_zero(a)); }>;
    });
  if (base == "brev") return on_bits([]<class T>() -> Handler { return unary<T, reversed<T>>; });
  (void)instruction;
  return nullptr;
}

}  // namespace collapse_stats::ptx
