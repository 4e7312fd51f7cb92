#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "decode.hpp"
#include "machine.hpp"

/// Choosing handlers by the type in an opcode.
namespace collapse_stats::ptx {

/// The register value of a number, without bits that its type does not have.
template <class T>
std::uint64_t kept(T value) {
  return static_cast<std::make_unsigned_t<T>>(value);
}

/// Call `use` with the integer type of this name, or return nullptr for other names.
template <class Use>
Handler with_type(std::string_view name, Use use) {
  if (name == "u32" || name == "b32") return use.template operator()<std::uint32_t>();
  if (name == "s32") return use.template operator()<std::int32_t>();
  if (name == "u64" || name == "b64") return use.template operator()<std::uint64_t>();
  if (name == "s64") return use.template operator()<std::int64_t>();
  if (name == "u16" || name == "b16") return use.template operator()<std::uint16_t>();
  if (name == "s16") return use.template operator()<std::int16_t>();
  return nullptr;
}

/// Like `with_type`, including bytes, which can only be moved and converted.
template <class Use>
Handler with_any_type(std::string_view name, Use use) {
  if (name == "u8" || name == "b8") return use.template operator()<std::uint8_t>();
  if (name == "s8") return use.template operator()<std::int8_t>();
  return with_type(name, use);
}

template <class T, auto Of>
void unary(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  warp.each([&](unsigned lane) { to[lane] = kept(Of(static_cast<T>(a[lane]))); });
}

template <class T, auto Of>
void binary(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  warp.each([&](unsigned lane) {
    to[lane] = kept(Of(static_cast<T>(a[lane]), static_cast<T>(b[lane])));
  });
}

template <class T, auto Of>
void ternary(Warp& warp, const Instruction& instruction) {
  std::uint64_t* const to = warp.reg(instruction.operands[0]);
  const std::uint64_t* const a = warp.reg(instruction.operands[1]);
  const std::uint64_t* const b = warp.reg(instruction.operands[2]);
  const std::uint64_t* const c = warp.reg(instruction.operands[3]);
  warp.each([&](unsigned lane) {
    to[lane] = kept(Of(static_cast<T>(a[lane]), static_cast<T>(b[lane]), static_cast<T>(c[lane])));
  });
}

/// Shift amounts, positions and lengths have 32 bits, whatever the type of the other operands.
inline std::uint32_t amount(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

template <class T>
inline constexpr unsigned bits = 8 * sizeof(T);

/// The type of twice the width.
template <class T>
struct WideOf;
template <>
struct WideOf<std::uint16_t> {
  using type = std::uint32_t;
};
template <>
struct WideOf<std::int16_t> {
  using type = std::int32_t;
};
template <>
struct WideOf<std::uint32_t> {
  using type = std::uint64_t;
};
template <>
struct WideOf<std::int32_t> {
  using type = std::int64_t;
};
template <>
struct WideOf<std::uint64_t> {
  using type = unsigned __int128;
};
template <>
struct WideOf<std::int64_t> {
  using type = __int128;
};
template <class T>
using Wide = typename WideOf<T>::type;

}  // namespace collapse_stats::ptx
