#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// PTX, the assembly language of GPUs, as a program that a CPU can interpret.
namespace collapse_stats::ptx {

class Warp;
struct Instruction;
using Handler = void (*)(Warp&, const Instruction&);

enum class Space : std::uint8_t { generic, shared, global, local, parameter };

/// What the access of an instruction is, as far as other threads are concerned.
enum class Access : std::uint8_t { load, peek, store, atomic };

/// Which of its operands an instruction needs: all, the one that a predicate chooses, or one alone
/// if that decides the result.
enum class Needs : std::uint8_t { all, chosen, unless_zero, unless_true };

/// What all threads learn at a barrier of a predicate of each: whether any, whether all, how many.
enum class Joint : std::uint8_t { nothing, any, all, number };

/// One instruction. Operands are numbers of registers: immediate values, special registers and the
/// addresses of symbols are registers that are filled before a kernel starts.
struct Instruction {
  static constexpr std::uint32_t none = ~0U;

  Handler run = nullptr;        ///< for the active lanes of a warp
  Handler inner = nullptr;      ///< what `run` does at last, where it first sees to something else
  std::uint32_t operands[9];    ///< those written come first
  std::uint32_t second = none;  ///< a destination behind a bar: `shfl d|p`
  std::uint32_t guard = none;
  std::uint32_t target = none;  ///< of a branch: an index of an instruction
  std::uint32_t line = 0;
  std::uint8_t number = 0;                      ///< of operands
  std::uint8_t writes = 0;                      ///< of operands
  std::uint8_t vector = 1;                      ///< elements
  bool guard_negated = false, negated = false;  ///< `negated`: the last predicate that is read
  bool control = false;  ///< may change where lanes go on, and sees to its guard itself
  bool leaves = false;   ///< does not go on with the next instruction, unless its guard is false
  bool pure = false;     ///< nothing comes of it but what it writes to registers
  Needs needs = Needs::all;
  Joint joint = Joint::nothing;
  bool watched = false;  ///< is about registers that may be read before they are written
  Space space = Space::generic;
  Access access = Access::load;
  std::int64_t offset = 0;              ///< of an address
  std::uint64_t keep = ~0UL;            ///< bits of the destination's register
  std::vector<std::uint32_t> targets;   ///< of an indirect branch
  std::vector<std::uint32_t> doubtful;  ///< read, and perhaps never written before
  std::vector<std::uint32_t> noted;     ///< written, and read in doubt somewhere
};

/// A register that holds the same in every run, or what is known of a thread.
struct Preload {
  enum class Kind : std::uint8_t {
    value,
    thread,
    block,
    threads,
    blocks,
    zero,
    one,
    lane,
    warp,
    lanes_before,
    lanes_until,
    lane_alone,
    lanes_from,
    lanes_after,
    dynamic_bytes,
    total_bytes
  };
  std::uint32_t reg;
  Kind kind;
  std::uint64_t value = 0;
};

/// The body of a kernel, decoded.
struct Code {
  std::vector<Instruction> instructions;  ///< the last is an `exit`
  std::vector<Preload> preloads;
  std::uint32_t registers = 0;
  std::uint32_t static_shared = 0, local = 0;  ///< bytes
};

/// The address that symbols of dynamic shared memory have is aligned so.
inline constexpr std::uint32_t dynamic_alignment = 16;

struct Symbol {
  std::uint32_t align, bytes;
};

/// What a file of PTX declares outside of its kernels.
struct File {
  std::string path, text;
  std::map<std::string, Symbol, std::less<>> shared;
  std::string dynamic;  ///< name of the shared memory whose size the launch decides
};

/// A kernel, decoded when it is first asked for.
class Kernel {
 public:
  Kernel(std::shared_ptr<const File> file, std::string entry, std::size_t header, std::size_t body,
         std::size_t end, std::uint32_t line);

  const Code& code() const;
  const std::string& name() const { return name_; }  ///< as C++ has it, without spaces
  std::uint32_t parameter_bytes() const { return parameter_bytes_; }
  const std::string& path() const { return file_->path; }
  std::string_view source_line(std::uint32_t line) const;

 private:
  std::shared_ptr<const File> file_;
  std::string entry_, name_, parameter_;
  std::size_t body_, end_;
  std::uint32_t line_, parameter_bytes_ = 0;
  bool one_parameter_ = true;
  mutable std::unique_ptr<Code> code_;
};

/// Name of a type or an entry as C++ has it, without spaces; what is no C++ name stays as it is.
std::string readable_name(const char* mangled);

/// The type that `run_block` is instantiated with, or the whole name.
std::string kernel_name(const std::string& entry);

/// Kernels by name.
class Library {
 public:
  /// Adds the kernels of a text; later ones replace earlier ones of the same name.
  void add(std::string path, std::string text);
  /// Adds all files *.ptx of a folder.
  void add_folder(const std::string& folder);
  const Kernel& find(const std::string& name) const;

 private:
  std::map<std::string, Kernel> kernels_;
};

}  // namespace collapse_stats::ptx
