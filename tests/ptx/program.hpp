#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// PTX, the assembly language of GPUs, in a form that a CPU can interpret.
namespace collapse_stats::ptx {

class Warp;
struct Instruction;
using Handler = void (*)(Warp&, const Instruction&);

enum class Space : std::uint8_t { generic, shared, global, local, parameter };

/// The kind of an access, as far as it matters to other threads.
enum class Access : std::uint8_t { load, peek, store, atomic };

/// Which operands an instruction needs: all, the one chosen by a predicate, or only one if that one
/// decides the result.
enum class Needs : std::uint8_t { all, chosen, unless_zero, unless_true };

/// How a barrier combines the predicates of all threads: any, all, or how many.
enum class Joint : std::uint8_t { nothing, any, all, number };

/// One instruction. Its operands are register numbers; immediate values, special registers and
/// addresses of symbols are registers that are filled before a kernel starts.
struct Instruction {
  static constexpr std::uint32_t none = ~0U;

  Handler run = nullptr;        ///< executes it for the active lanes of a warp
  Handler inner = nullptr;      ///< called by `run` after guards and meetings
  std::uint32_t operands[9];    ///< destinations first
  std::uint32_t second = none;  ///< a second destination, as in `shfl d|p`
  std::uint32_t guard = none;
  std::uint32_t target = none;  ///< index of a branch's target
  std::uint32_t line = 0;
  std::uint8_t number = 0;                      ///< of operands
  std::uint8_t writes = 0;                      ///< of operands
  std::uint8_t vector = 1;                      ///< elements of a vector access
  bool guard_negated = false, negated = false;  ///< `negated`: its last predicate
  bool control = false;                         ///< can branch, and handles its guard itself
  bool leaves = false;  ///< never continues with the next instruction, if unguarded
  bool pure = false;    ///< has no effect but writing registers
  Needs needs = Needs::all;
  Joint joint = Joint::nothing;
  bool watched = false;  ///< involves registers that may be read before they are written
  Space space = Space::generic;
  Access access = Access::load;
  std::int64_t offset = 0;              ///< added to an address
  std::uint64_t keep = ~0UL;            ///< bits that the destination's register has
  std::vector<std::uint32_t> targets;   ///< targets of an indirect branch
  std::vector<std::uint32_t> doubtful;  ///< read, but perhaps not written before
  std::vector<std::uint32_t> noted;     ///< written here, and in `doubtful` elsewhere
};

/// A register with a constant value, or with a property of a thread or launch.
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

/// The decoded body of a kernel.
struct Code {
  std::vector<Instruction> instructions;  ///< the last one is `exit`
  std::vector<Preload> preloads;
  std::uint32_t registers = 0;
  std::uint32_t static_shared = 0, local = 0;  ///< in bytes
};

/// Alignment of the symbols of dynamic shared memory.
inline constexpr std::uint32_t dynamic_alignment = 16;

struct Symbol {
  std::uint32_t align, bytes;
};

/// The declarations of a PTX file outside its kernels.
struct File {
  std::string path, text;
  std::map<std::string, Symbol, std::less<>> shared;
  std::string dynamic;  ///< name of the shared memory of dynamic size
};

/// A kernel, which is decoded when it is first used.
class Kernel {
 public:
  Kernel(std::shared_ptr<const File> file, std::string entry, std::size_t header, std::size_t body,
         std::size_t end, std::uint32_t line);

  const Code& code() const;
  const std::string& name() const { return name_; }  ///< the C++ name without spaces
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

/// The C++ name of a type or entry, without spaces; other names are returned unchanged.
std::string readable_name(const char* mangled);

/// The type for which `run_block` is instantiated, or the whole name.
std::string kernel_name(const std::string& entry);

/// Kernels by name.
class Library {
 public:
  /// Add the kernels of a text, replacing those of the same names.
  void add(std::string path, std::string text);
  /// Add all files *.ptx of a folder.
  void add_folder(const std::string& folder);
  const Kernel& find(const std::string& name) const;

 private:
  std::map<std::string, Kernel> kernels_;
};

}  // namespace collapse_stats::ptx
