#include <algorithm>
#include <array>
#include <cstring>

#include "types.hpp"

/// Loads, stores and atomic operations.
namespace collapse_stats::ptx {
namespace {

template <class T>
void load(Warp& warp, const Instruction& instruction) {
  const unsigned number = instruction.vector;
  const std::uint64_t* const base = warp.reg(instruction.operands[number]);
  const unsigned bytes = number * sizeof(T);
  warp.count(instruction, bytes, base);
  warp.each([&](unsigned lane) {
    const unsigned char* const at = warp.reach(
        instruction, lane, base[lane] + static_cast<std::uint64_t>(instruction.offset), bytes);
    for (unsigned i = 0; i < number; ++i) {
      T value;
      std::memcpy(&value, at + i * sizeof(T), sizeof(T));
      warp.reg(instruction.operands[i])[lane] =
          static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) & instruction.keep;
    }
  });
  if (instruction.access == Access::peek) warp.perhaps_pause();
}

template <class T>
void store(Warp& warp, const Instruction& instruction) {
  const unsigned number = instruction.vector;
  const std::uint64_t* const base = warp.reg(instruction.operands[0]);
  const unsigned bytes = number * sizeof(T);
  warp.count(instruction, bytes, base);
  warp.each_in_any_order([&](unsigned lane) {
    unsigned char* const at = warp.reach(
        instruction, lane, base[lane] + static_cast<std::uint64_t>(instruction.offset), bytes);
    for (unsigned i = 0; i < number; ++i) {
      const T value = static_cast<T>(warp.reg(instruction.operands[1 + i])[lane]);
      std::memcpy(at + i * sizeof(T), &value, sizeof(T));
    }
  });
}

/// `atom d, [a], b` and `atom.cas d, [a], expected, b`; `red` has no d.
template <class T, auto Of>
void change(Warp& warp, const Instruction& instruction) {
  const unsigned address = instruction.writes;
  std::uint64_t* const to = address == 0 ? nullptr : warp.reg(instruction.operands[0]);
  const std::uint64_t* const base = warp.reg(instruction.operands[address]);
  const std::uint64_t* const b = warp.reg(instruction.operands[address + 1]);
  const std::uint64_t* const c = warp.reg(instruction.operands[instruction.number - 1U]);
  warp.count(instruction, sizeof(T), base);
  warp.each_in_any_order([&](unsigned lane) {
    unsigned char* const at = warp.reach(
        instruction, lane, base[lane] + static_cast<std::uint64_t>(instruction.offset), sizeof(T));
    T before;
    std::memcpy(&before, at, sizeof(T));
    const T after = static_cast<T>(Of(before, static_cast<T>(b[lane]), static_cast<T>(c[lane])));
    std::memcpy(at, &after, sizeof(T));
    if (to != nullptr) to[lane] = kept(before);
  });
  warp.perhaps_pause();
}

Handler choose_change(std::string_view operation, std::string_view type) {
  return with_type(type, [&]<class T>() -> Handler {
    using U = std::make_unsigned_t<T>;
    if constexpr (sizeof(T) >= 4) {
      if (operation == "add") return change<U, [](U old, U b, U) { return old + b; }>;
      if (operation == "min") return change<T, [](T old, T b, T) { return b < old ? b : old; }>;
      if (operation == "max") return change<T, [](T old, T b, T) { return old < b ? b : old; }>;
      if (operation == "and") return change<U, [](U old, U b, U) { return old & b; }>;
      if (operation == "or") return change<U, [](U old, U b, U) { return old | b; }>;
      if (operation == "xor") return change<U, [](U old, U b, U) { return old ^ b; }>;
      if (operation == "exch") return change<U, [](U, U b, U) { return b; }>;
      if (operation == "inc")
        return change<U, [](U old, U b, U) { return old >= b ? U{0} : U(old + 1); }>;
      if (operation == "dec")
        return change<U, [](U old, U b, U) { return old == 0 || b < old ? b : U(old - 1); }>;
    }
    if (operation == "cas") return change<U, [](U old, U b, U c) { return old == b ? c : old; }>;
    return nullptr;
  });
}

/// Parts of an opcode about caching and memory order, which have no effect here because a thread
/// runs in order.
bool is_hint(std::string_view part) {
  constexpr std::array hints{"weak",        "ca",         "cg",           "cs",
                             "lu",          "cv",         "wb",           "wt",
                             "nc",          "cta",        "cluster",      "gpu",
                             "sys",         "L1",         "L2",           "no_allocate",
                             "evict_first", "evict_last", "evict_normal", "evict_unchanged"};
  return std::find(hints.begin(), hints.end(), part) != hints.end() || part.ends_with("B");
}

/// Interpret the parts of an opcode. Returns the part that names an atomic operation, and sets
/// `known` to false if a part is not supported.
std::string_view take_parts(const Opcode& opcode, Instruction& instruction, bool& known) {
  std::string_view operation;
  for (std::size_t i = 1; i + 1 < opcode.parts.size(); ++i) {
    auto part = opcode.parts[i];
    part = part.substr(0, part.find("::"));
    if (part == "shared")
      instruction.space = Space::shared;
    else if (part == "global")
      instruction.space = Space::global;
    else if (part == "local")
      instruction.space = Space::local;
    else if (part == "param")
      instruction.space = Space::parameter;
    else if (part == "volatile" || part == "relaxed" || part == "acquire" || part == "release" ||
             part == "acq_rel") {
      if (instruction.access == Access::load) instruction.access = Access::peek;
    } else if (part == "v2" || part == "v4") {
      known &= instruction.vector == part[1] - '0';
    } else if (is_hint(part)) {
    } else if (operation.empty()) {
      operation = part;
    } else {
      known = false;
    }
  }
  return operation;
}

/// `cp.async [shared], [global], bytes`, which is done immediately here.
void copy(Warp& warp, const Instruction& instruction) {
  Instruction from = instruction, to = instruction;
  from.space = Space::global;
  from.access = Access::load;
  to.space = Space::shared;
  to.access = Access::store;
  const std::uint64_t* const target = warp.reg(instruction.operands[0]);
  const std::uint64_t* const source = warp.reg(instruction.operands[1]);
  const auto bytes = static_cast<unsigned>(warp.reg(instruction.operands[2])[0]);
  warp.count(to, bytes, target);
  warp.count(from, bytes, source);
  warp.each([&](unsigned lane) {
    const unsigned char* const here = warp.reach(from, lane, source[lane], bytes);
    std::memcpy(warp.reach(to, lane, target[lane], bytes), here, bytes);
  });
}

void nothing(Warp&, const Instruction&) {}

}  // namespace

unsigned char* Warp::reach(const Instruction& instruction, unsigned lane, std::uint64_t address,
                           unsigned bytes) {
  Space space = instruction.space;
  if (address % std::bit_ceil(bytes) != 0)
    complain(instruction, lane,
             "misaligned: an access of " + std::to_string(bytes) + " bytes at " +
                 std::to_string(address));
  if (space == Space::generic) {
    constexpr std::uint64_t window = shared_window - 1;
    space = address < windows_from       ? Space::global
            : address < local_window     ? Space::shared
            : address < parameter_window ? Space::local
                                         : Space::parameter;
    if (space != Space::global) address &= window;
  }
  const auto out_of_bounds = [&](const char* what, std::uint64_t size) {
    complain(instruction, lane,
             std::string(what) + " out of bounds: " + std::to_string(bytes) + " bytes at " +
                 std::to_string(static_cast<std::int64_t>(address)) + " of " +
                 std::to_string(size));
  };
  Machine& machine = block->machine;
  switch (space) {
    case Space::shared: {
      SharedMemory& shared = machine.shared;
      if (address >= shared.size() || address + bytes > shared.size())
        out_of_bounds("shared memory", shared.size());
      unsigned other = 0;
      const Accessor accessor{static_cast<std::uint16_t>(thread(lane)), phase};
      const auto verdict = shared.touch(address, bytes, instruction.access, accessor, other);
      if (verdict != SharedMemory::Verdict::fine) [[unlikely]] {
        if (verdict != SharedMemory::Verdict::unwritten)
          complain(instruction, lane,
                   std::string("race: it ") + describe(verdict) + ", thread " +
                       std::to_string(other) + ", at byte " + std::to_string(address) +
                       " of shared memory");
        if (machine.settings.unwritten_shared)
          complain(instruction, lane,
                   std::string("it ") + describe(verdict) + " in this block, at " +
                       std::to_string(address));
      }
      return shared.data() + address;
    }
    case Space::local: {
      const std::uint64_t size = block->code.local;
      if (address >= size || address + bytes > size) out_of_bounds("local memory", size);
      return local_.data() + lane * size + address;
    }
    case Space::parameter: {
      const std::uint64_t size = block->launch.parameter_bytes;
      if (address >= size || address + bytes > size) out_of_bounds("parameter", size);
      if (instruction.access != Access::load)
        complain(instruction, lane, "a parameter is only to be read");
      // The host's copy is never written to: stores were refused above.
      return const_cast<unsigned char*>(
          static_cast<const unsigned char*>(block->launch.parameters) + address);
    }
    default:
      // The first page is never valid memory.
      if (machine.settings.global_bounds ? !machine.global.allows(address, bytes) : address < 4096)
        complain(instruction, lane,
                 "global memory out of bounds: " + std::to_string(bytes) + " bytes at " +
                     std::to_string(address) + ", which nobody allocated");
      return reinterpret_cast<unsigned char*>(address);
  }
}

void Warp::count(const Instruction& instruction, unsigned bytes, const std::uint64_t* addresses) {
  Counters& counters = block->counters;
  if (instruction.space == Space::global) ++counters.global.of(instruction.access);
  if (instruction.space == Space::local) ++counters.local.of(instruction.access);
  bool shared = instruction.space == Space::shared;
  if (instruction.space == Space::generic && active != 0) {
    const std::uint64_t address = addresses[std::countr_zero(active)];
    shared = address >= shared_window && address < local_window;
    if (!shared)
      ++(address < windows_from ? counters.global : counters.local).of(instruction.access);
  }
  if (!shared) return;
  ++counters.shared.of(instruction.access);
  const auto number = static_cast<unsigned>(std::popcount(active));
  counters.shared_by_lanes += number;
  counters.wavefronts += std::max(1U, (number * bytes + 127) / 128);
  if (!block->machine.settings.count_conflicts) return;
  // The words requested of each bank; a word is delivered to all lanes at once.
  std::array<std::uint32_t, lanes * 8> words;
  std::size_t asked = 0;
  each([&](unsigned lane) {
    const std::uint64_t first = addresses[lane] + static_cast<std::uint64_t>(instruction.offset);
    for (std::uint64_t word = first / 4; 4 * word < first + bytes && asked < words.size(); ++word)
      words[asked++] = static_cast<std::uint32_t>(word);
  });
  std::sort(words.begin(), words.begin() + static_cast<long>(asked));
  const auto end = std::unique(words.begin(), words.begin() + static_cast<long>(asked));
  std::array<std::uint8_t, 32> banks{};
  std::uint8_t busiest = 1;
  for (auto word = words.begin(); word != end; ++word)
    busiest = std::max(busiest, ++banks[*word % 32]);
  counters.wavefronts_with_conflicts += busiest;
}

Handler memory_access(const Opcode& opcode, Instruction& instruction) {
  const auto base = opcode.base();
  if (base == "cp" && opcode.parts.size() > 1 && opcode.parts[1] == "async") {
    instruction.writes = 0;
    if (opcode.has("commit_group") || opcode.has("wait_group") || opcode.has("wait_all"))
      return nothing;  // copies are done immediately
    if (!opcode.has("shared") || instruction.number != 3 || instruction.offset != 0) return nullptr;
    return copy;
  }
  if (base == "membar" || base == "fence" || base == "prefetch" || base == "prefetchu") {
    instruction.writes = 0;
    return nothing;
  }
  bool known = true;
  if (base == "ld" || base == "ldu") {
    if (!take_parts(opcode, instruction, known).empty() || !known) return nullptr;
    if (instruction.number != instruction.vector + 1) return nullptr;
    return with_any_type(opcode.type(), []<class T>() -> Handler { return load<T>; });
  }
  if (base == "st") {
    instruction.access = Access::store;
    instruction.writes = 0;
    if (!take_parts(opcode, instruction, known).empty() || !known) return nullptr;
    if (instruction.number != instruction.vector + 1) return nullptr;
    return with_any_type(opcode.type(), []<class T>() -> Handler { return store<T>; });
  }
  if (base == "atom" || base == "red") {
    instruction.access = Access::atomic;
    if (base == "red") instruction.writes = 0;
    const auto operation = take_parts(opcode, instruction, known);
    const unsigned number = instruction.writes + (operation == "cas" ? 3U : 2U);
    if (!known || instruction.vector != 1 || instruction.number != number) return nullptr;
    return choose_change(operation, opcode.type());
  }
  return nullptr;
}

}  // namespace collapse_stats::ptx
