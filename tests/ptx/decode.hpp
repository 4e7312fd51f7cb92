#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"

/// Decoding text to instructions.
namespace collapse_stats::ptx {

/// Says which part of a PTX file the machine does not support.
class Unknown : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The parts of an opcode between its dots, as "ld", "shared" and "u32".
struct Opcode {
  std::vector<std::string_view> parts;

  std::string_view base() const { return parts.front(); }
  std::string_view type() const { return parts.back(); }
  bool has(std::string_view part) const {
    for (std::size_t i = 1; i < parts.size(); ++i)
      if (parts[i] == part) return true;
    return false;
  }
};

/// Each of these returns the handler of an opcode, or nullptr if the opcode is not in its group.
/// They can set special attributes of the instruction, whose operands are already decoded.
Handler arithmetic(const Opcode& opcode, Instruction& instruction);
Handler bit_operation(const Opcode& opcode, Instruction& instruction);
Handler comparison(const Opcode& opcode, Instruction& instruction);
Handler carry_arithmetic(const Opcode& opcode, Instruction& instruction, std::uint32_t carry);
Handler memory_access(const Opcode& opcode, Instruction& instruction);
Handler warp_operation(const Opcode& opcode, Instruction& instruction);
Handler control_flow(const Opcode& opcode, Instruction& instruction);

/// Run the inner handler for the lanes whose guard is true.
void run_guarded(Warp& warp, const Instruction& instruction);

/// Find the registers that may be read before they are written, and mark their instructions as
/// watched.
void watch_unwritten(Code& code);

Code decode(const File& file, std::string_view body, std::uint32_t first_line,
            std::string_view parameter);

}  // namespace collapse_stats::ptx
