#include "decode.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <unordered_map>

namespace collapse_stats::ptx {
namespace {

using Kind = Preload::Kind;

const std::unordered_map<std::string_view, Kind> special_registers = {
    {"%tid.x", Kind::thread},
    {"%tid.y", Kind::zero},
    {"%tid.z", Kind::zero},
    {"%ctaid.x", Kind::block},
    {"%ctaid.y", Kind::zero},
    {"%ctaid.z", Kind::zero},
    {"%ntid.x", Kind::threads},
    {"%ntid.y", Kind::one},
    {"%ntid.z", Kind::one},
    {"%nctaid.x", Kind::blocks},
    {"%nctaid.y", Kind::one},
    {"%nctaid.z", Kind::one},
    {"%laneid", Kind::lane},
    {"%warpid", Kind::warp},
    {"%lanemask_lt", Kind::lanes_before},
    {"%lanemask_le", Kind::lanes_until},
    {"%lanemask_eq", Kind::lane_alone},
    {"%lanemask_ge", Kind::lanes_from},
    {"%lanemask_gt", Kind::lanes_after},
    {"%dynamic_smem_size", Kind::dynamic_bytes},
    {"%total_smem_size", Kind::total_bytes}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

/// Split at the commas that are not in brackets.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && (text[at] == '{' || text[at] == '[')) ++depth;
    if (at < text.size() && (text[at] == '}' || text[at] == ']')) --depth;
    if (at == text.size() || (text[at] == ',' && depth == 0)) {
      const std::string_view part = trimmed(text.substr(begin, at - begin));
      if (!part.empty()) parts.push_back(part);
      begin = at + 1;
    }
  }
  return parts;
}

/// Mask of the bits that a register of this type keeps.
std::uint64_t bits_of(std::string_view type) {
  if (type == "pred") return 1;
  const int bits = std::atoi(type.data() + 1);
  return bits == 64 ? ~0UL : (1UL << bits) - 1;
}

class Decoder {
 public:
  Decoder(const File& file, std::string_view parameter) : file_(file), parameter_(parameter) {
    scopes_.emplace_back();
    code_.registers = 2;  // register 0 is the carry, register 1 takes values that are not read
  }

  Code decode(std::string_view body, std::uint32_t line) {
    split_statements(body, line);
    finish();
    return std::move(code_);
  }

 private:
  static constexpr std::uint32_t carry = 0, sink = 1;

  struct Register {
    std::uint32_t number;
    std::uint64_t keep;
  };

  [[noreturn]] void unknown(const std::string& what) const {
    throw Unknown(file_.path + ":" + std::to_string(line_) + ": the machine does not know " + what +
                  ": teach it in tests/ptx");
  }

  void split_statements(std::string_view body, std::uint32_t line) {
    std::string statement;
    int braces = 0;  // depth within the statement
    line_ = line;
    for (std::size_t at = 0; at < body.size(); ++at) {
      const char c = body[at];
      if (c == '/' && body.substr(at, 2) == "//") {
        at = std::min(body.find('\n', at), body.size()) - 1;
        continue;
      }
      if (c == '\n') ++line;
      if (statement.empty()) {
        if (std::isspace(static_cast<unsigned char>(c))) continue;
        line_ = line;
        if (c == '{') {
          scopes_.emplace_back();
          continue;
        }
        if (c == '}') {
          scopes_.pop_back();
          continue;
        }
      }
      if (c == '{') ++braces;
      if (c == '}') --braces;
      if (c == ':' && braces == 0 && body.substr(at, 2) != "::" &&
          (statement.empty() || statement.back() != ':') && is_label(statement)) {
        label_ = statement;
        labels_[statement] = static_cast<std::uint32_t>(code_.instructions.size());
        statement.clear();
        continue;
      }
      if (c == ';') {
        take(trimmed(statement));
        statement.clear();
        continue;
      }
      statement += c == '\n' ? ' ' : c;
      // These directives do not end with a semicolon.
      if (c == '\n' && (statement.starts_with(".loc") || statement.starts_with(".file")))
        statement.clear();
    }
  }

  static bool is_label(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '$'; });
  }

  void take(std::string_view statement) {
    if (statement.empty()) return;
    if (statement.front() == '.') return take_directive(statement);
    Instruction instruction;
    instruction.line = line_;
    if (statement.front() == '@') {
      statement.remove_prefix(1);
      instruction.guard_negated = statement.front() == '!';
      if (instruction.guard_negated) statement.remove_prefix(1);
      const std::size_t space = statement.find_first_of(" \t");
      instruction.guard = register_of(statement.substr(0, space)).number;
      statement = trimmed(statement.substr(space));
    }
    const std::size_t space = std::min(statement.find_first_of(" \t"), statement.size());
    const std::string_view name = statement.substr(0, space);
    Opcode opcode;
    for (std::size_t begin = 0; begin <= name.size();) {
      const std::size_t dot = std::min(name.find('.', begin), name.size());
      opcode.parts.push_back(name.substr(begin, dot - begin));
      begin = dot + 1;
    }
    decode(opcode, split(statement.substr(space)), instruction);
    code_.instructions.push_back(std::move(instruction));
  }

  void decode(const Opcode& opcode, std::vector<std::string_view> operands,
              Instruction& instruction) {
    if (opcode.base() == "bra" || opcode.base() == "brx") {
      branches_.emplace_back(static_cast<std::uint32_t>(code_.instructions.size()),
                             std::string(operands.back()));
      operands.pop_back();
    }
    instruction.writes = 1;
    for (std::size_t i = 0; i < operands.size(); ++i)
      take_operand(operands[i], i == 0, instruction);
    Handler run = carry_arithmetic(opcode, instruction, carry);
    for (const auto handlers : {arithmetic, bit_operation, comparison})
      if (run == nullptr) run = handlers(opcode, instruction);
    instruction.pure = run != nullptr;
    if (opcode.base() == "selp") instruction.needs = Needs::chosen;
    if (opcode.base() == "and") instruction.needs = Needs::unless_zero;
    if (opcode.base() == "or" && opcode.type() == "pred") instruction.needs = Needs::unless_true;
    for (const auto handlers : {memory_access, warp_operation, control_flow})
      if (run == nullptr) run = handlers(opcode, instruction);
    if (run == nullptr) {
      std::string name;
      for (const auto part : opcode.parts) name += (name.empty() ? "" : ".") + std::string(part);
      unknown("the opcode " + name);
    }
    if (instruction.writes > instruction.number) unknown("an instruction without its operands");
    instruction.run = run;
    if (instruction.guard != Instruction::none && !instruction.control) {
      instruction.inner = run;
      instruction.run = run_guarded;
    }
  }

  void take_operand(std::string_view text, bool first, Instruction& instruction) {
    if (text.front() == '{') {
      const auto parts = split(text.substr(1, text.size() - 2));
      instruction.vector = static_cast<std::uint8_t>(parts.size());
      if (first) instruction.writes = instruction.vector;
      for (const auto part : parts) add_operand(part, first, instruction);
      return;
    }
    if (text.front() == '[') {
      text = trimmed(text.substr(1, text.size() - 2));
      std::size_t plus = text.find('+');
      if (plus != text.npos) {
        instruction.offset = std::strtoll(text.data() + plus + 1, nullptr, 0);
        text = trimmed(text.substr(0, plus));
      }
      return add_operand(text, false, instruction);
    }
    if (text.front() == '!') {
      instruction.negated = true;
      return add_operand(text.substr(1), false, instruction);
    }
    const std::size_t bar = text.find('|');
    if (bar != text.npos) {
      const std::string_view second = trimmed(text.substr(bar + 1));
      instruction.second = second == "_" ? sink : register_of(second).number;
      text = trimmed(text.substr(0, bar));
    }
    add_operand(text, first, instruction);
  }

  void add_operand(std::string_view text, bool first, Instruction& instruction) {
    if (instruction.number == std::size(instruction.operands)) unknown("so many operands");
    const Register source = operand(text);
    if (first && instruction.number == 0) instruction.keep = source.keep;
    instruction.operands[instruction.number++] = source.number;
  }

  Register operand(std::string_view text) {
    if (text == "_") return {sink, ~0UL};
    if (const Register* const named = find_register(text)) return *named;
    const bool digit =
        std::isdigit(static_cast<unsigned char>(text.front())) || text.front() == '-';
    if (digit) return constant(text);
    if (const auto special = special_registers.find(text); special != special_registers.end())
      return preload(std::string(text), special->second, 0);
    if (text == parameter_) return preload("parameter", Kind::value, 0);
    if (text == file_.dynamic) {
      dynamic_used_ = true;
      return {dynamic_register(), ~0UL};
    }
    if (const auto local = local_.find(text); local != local_.end())
      return preload(std::string(text), Kind::value, local->second);
    if (const auto found = own_shared_.find(text); found != own_shared_.end())
      return shared(text, found->second);
    if (const auto found = file_.shared.find(text); found != file_.shared.end())
      return shared(text, found->second);
    if (text == "WARP_SZ") return preload("WARP_SZ", Kind::value, 32);
    unknown("the operand " + std::string(text));
  }

  Register constant(std::string_view text) {
    const bool negative = text.front() == '-';
    const std::string digits(negative ? text.substr(1) : text);
    if (digits.size() > 1 && digits[0] == '0' && (digits[1] == 'f' || digits[1] == 'd'))
      unknown("floating-point numbers such as " + digits);
    char* end = nullptr;
    const bool binary = digits.starts_with("0b");
    std::uint64_t value = binary ? std::strtoull(digits.c_str() + 2, &end, 2)
                                 : std::strtoull(digits.c_str(), &end, 0);
    if (*end == 'U') ++end;
    if (*end != '\0') unknown("the operand " + std::string(text));
    if (negative) value = 0 - value;
    return preload("#" + std::to_string(value), Kind::value, value);
  }

  Register shared(std::string_view name, const Symbol& symbol) {
    auto [at, is_new] = shared_places_.try_emplace(std::string(name), 0);
    if (is_new) {
      code_.static_shared = (code_.static_shared + symbol.align - 1) / symbol.align * symbol.align;
      at->second = code_.static_shared;
      code_.static_shared += symbol.bytes;
    }
    return preload(std::string(name), Kind::value, at->second);
  }

  Register preload(const std::string& name, Kind kind, std::uint64_t value) {
    auto [at, is_new] = preloads_.try_emplace(name, code_.registers);
    if (is_new) code_.preloads.push_back({code_.registers++, kind, value});
    return {at->second, ~0UL};
  }

  /// The address of dynamic shared memory, which is known once all static memory is declared.
  std::uint32_t dynamic_register() {
    const Register base = preload("dynamic", Kind::value, 0);
    return base.number;
  }

  const Register* find_register(std::string_view name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
      if (const auto found = scope->find(std::string(name)); found != scope->end())
        return &found->second;
    return nullptr;
  }

  Register register_of(std::string_view name) const {
    const Register* const source = find_register(trimmed(name));
    if (source == nullptr) unknown("the register " + std::string(name));
    return *source;
  }

  void take_directive(std::string_view statement) {
    const std::size_t space = std::min(statement.find_first_of(" \t"), statement.size());
    const std::string_view name = statement.substr(0, space);
    const std::string_view rest = trimmed(statement.substr(space));
    if (name == ".reg") return declare_registers(rest);
    if (name == ".local" || name == ".shared") return declare_memory(name == ".local", rest);
    if (name == ".branchtargets") {
      for (const auto label : split(rest)) target_lists_[label_].emplace_back(label);
      return;
    }
    if (name != ".pragma" && name != ".loc") unknown("the directive " + std::string(name));
  }

  void declare_registers(std::string_view rest) {
    const std::size_t space = rest.find_first_of(" \t");
    const std::uint64_t keep = bits_of(rest.substr(1, space - 1));
    for (std::string_view name : split(rest.substr(space))) {
      const std::size_t angle = name.find('<');
      if (angle == name.npos) {
        scopes_.back()[std::string(name)] = {code_.registers++, keep};
        continue;
      }
      const int number = std::atoi(name.data() + angle + 1);
      for (int i = 0; i < number; ++i)
        scopes_.back()[std::string(name.substr(0, angle)) + std::to_string(i)] = {code_.registers++,
                                                                                  keep};
    }
  }

  void declare_memory(bool local, std::string_view rest) {
    const std::size_t bracket = rest.find('[');
    const std::size_t align_at = rest.find(".align");
    const std::size_t before = rest.find_last_of(" \t", bracket);
    if (bracket == rest.npos || before == rest.npos) unknown("memory that is no array");
    const std::string name(rest.substr(before + 1, bracket - before - 1));
    const auto bytes = static_cast<std::uint32_t>(std::atoi(rest.data() + bracket + 1));
    const auto align = static_cast<std::uint32_t>(
        align_at == rest.npos ? 8 : std::atoi(rest.data() + align_at + 6));
    if (!local) {
      own_shared_[name] = {align, bytes};
      return;
    }
    code_.local = (code_.local + align - 1) / align * align;
    local_[name] = code_.local;
    code_.local += bytes;
  }

  void finish() {
    Instruction last;
    last.line = line_;
    last.run = control_flow(Opcode{{"exit"}}, last);
    last.writes = 0;
    code_.instructions.push_back(last);
    for (const auto& [at, label] : branches_) {
      Instruction& branch = code_.instructions[at];
      line_ = branch.line;
      if (const auto list = target_lists_.find(label); list != target_lists_.end())
        for (const auto& each : list->second) branch.targets.push_back(place_of(each));
      else
        branch.target = place_of(label);
    }
    if (dynamic_used_) {
      const std::uint32_t number = dynamic_register();
      for (Preload& each : code_.preloads)
        if (each.reg == number)
          each.value =
              (code_.static_shared + dynamic_alignment - 1) / dynamic_alignment * dynamic_alignment;
    }
    watch_unwritten(code_);
  }

  std::uint32_t place_of(const std::string& label) const {
    const auto found = labels_.find(label);
    if (found == labels_.end()) unknown("the label " + label);
    return found->second;
  }

  const File& file_;
  std::string_view parameter_;
  Code code_;
  std::uint32_t line_ = 0;
  bool dynamic_used_ = false;
  std::string label_;
  std::vector<std::unordered_map<std::string, Register>> scopes_;
  std::unordered_map<std::string, std::uint32_t> labels_, preloads_, shared_places_;
  std::map<std::string, std::uint32_t, std::less<>> local_;
  std::map<std::string, Symbol, std::less<>> own_shared_;
  std::unordered_map<std::string, std::vector<std::string>> target_lists_;
  std::vector<std::pair<std::uint32_t, std::string>> branches_;
};

}  // namespace

Code decode(const File& file, std::string_view body, std::uint32_t first_line,
            std::string_view parameter) {
  return Decoder(file, parameter).decode(body, first_line);
}

}  // namespace collapse_stats::ptx
