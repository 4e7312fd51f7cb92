#include "program.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "decode.hpp"

namespace collapse_stats::ptx {
namespace {

bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || c == '%';
}

std::uint32_t number_after(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  if (at == text.npos) return 0;
  return static_cast<std::uint32_t>(std::strtoul(text.data() + at + word.size(), nullptr, 10));
}

/// Register a declaration `.shared .align 16 .b8 name[bytes];`. Without `bytes`, the launch decides
/// the size.
void declare_shared(File& file, std::string_view statement) {
  const std::size_t bracket = statement.find('[');
  if (bracket == statement.npos)
    throw Unknown(file.path + ": expected an array, got " + std::string(statement));
  std::size_t begin = bracket;
  while (begin > 0 && in_name(statement[begin - 1])) --begin;
  const std::string name(statement.substr(begin, bracket - begin));
  const std::uint32_t bytes = number_after(statement.substr(bracket), "[");
  if (bytes == 0)
    file.dynamic = name;
  else
    file.shared[name] = {std::max(1U, number_after(statement, ".align")), bytes};
}

/// The position after the brace that closes the one at `open`.
std::size_t behind_braces(const std::string& text, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    if (text[at] == '/' && text.compare(at, 2, "//") == 0)
      at = std::min(text.find('\n', at), text.size() - 1);
    else if (text[at] == '{')
      ++depth;
    else if (text[at] == '}' && --depth == 0)
      return at + 1;
  }
  throw Unknown("expected }, got the end of the file");
}

}  // namespace

std::string readable_name(const char* mangled) {
  int status = 0;
  char* const demangled = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = status == 0 ? demangled : mangled;
  std::free(demangled);
  std::erase(name, ' ');
  return name;
}

std::string kernel_name(const std::string& entry) {
  const std::string name = readable_name(entry.c_str());
  const std::string_view before = "::run_block<";
  const std::size_t start = name.find(before);
  if (start == name.npos) return name;
  const std::size_t begin = start + before.size();
  std::size_t end = begin;
  for (int depth = 1; end < name.size(); ++end) {
    if (name[end] == '<') ++depth;
    if ((name[end] == '>' && --depth == 0) || (name[end] == ',' && depth == 1)) break;
  }
  return name.substr(begin, end - begin);
}

Kernel::Kernel(std::shared_ptr<const File> file, std::string entry, std::size_t header,
               std::size_t body, std::size_t end, std::uint32_t line)
    : file_(std::move(file)), entry_(std::move(entry)), body_(body), end_(end), line_(line) {
  name_ = kernel_name(entry_);
  const std::string_view head(file_->text.data() + header, body - header);
  const std::size_t parameter = head.find(".param");
  if (parameter == head.npos) return;
  const std::size_t bracket = head.find('[', parameter);
  one_parameter_ = bracket != head.npos && head.find(".param", parameter + 1) == head.npos;
  if (!one_parameter_) return;
  parameter_bytes_ = number_after(head.substr(bracket), "[");
  std::size_t begin = bracket;
  while (in_name(head[begin - 1])) --begin;
  parameter_ = head.substr(begin, bracket - begin);
}

const Code& Kernel::code() const {
  if (!code_) {
    if (!one_parameter_)
      throw Unknown(file_->path + ": kernel " + name_ +
                    ": expected one parameter, an array of bytes; give the kernel one struct");
    const std::string_view body(file_->text.data() + body_, end_ - body_);
    code_ = std::make_unique<Code>(decode(*file_, body, line_, parameter_));
  }
  return *code_;
}

std::string_view Kernel::source_line(std::uint32_t line) const {
  std::size_t begin = body_;
  for (std::uint32_t at = line_; at < line && begin < end_; ++at)
    begin = file_->text.find('\n', begin) + 1;
  const std::size_t end = std::min(file_->text.find('\n', begin), file_->text.size());
  const std::string_view text(file_->text.data() + begin, end - begin);
  const std::size_t first = text.find_first_not_of(" \t");
  return first == text.npos ? text : text.substr(first);
}

void Library::add(std::string path, std::string text) {
  const auto file = std::make_shared<File>(File{std::move(path), std::move(text), {}, {}});
  const std::string& all = file->text;
  struct Header {
    std::string entry;
    std::size_t header, body, end;
    std::uint32_t line;
  };
  std::vector<Header> headers;
  std::uint32_t line = 1;
  std::size_t counted = 0;
  const auto line_at = [&](std::size_t at) {
    line += static_cast<std::uint32_t>(std::count(all.begin() + static_cast<long>(counted),
                                                  all.begin() + static_cast<long>(at), '\n'));
    counted = at;
    return line;
  };
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t eol = std::min(all.find('\n', at), all.size());
    std::string_view text_line(all.data() + at, eol - at);
    const std::size_t comment = text_line.find("//");
    if (comment != text_line.npos) text_line = text_line.substr(0, comment);
    const std::size_t shared = text_line.find(".shared");
    const std::size_t entry = text_line.find(".entry");
    const std::size_t function = text_line.find(".func");
    if (entry != text_line.npos || function != text_line.npos) {
      std::size_t begin = at + (entry != text_line.npos ? entry + 6 : function);
      begin = all.find_first_not_of(" \t", begin);
      std::size_t end = begin;
      while (in_name(all[end])) ++end;
      const std::size_t brace = all.find('{', begin);
      const std::size_t semicolon = all.find(';', begin);
      if (semicolon < brace) {  // a declaration
        at = semicolon + 1;
        continue;
      }
      const std::size_t behind = behind_braces(all, brace);
      if (entry != text_line.npos)
        headers.push_back({all.substr(begin, end - begin), end, brace, behind, line_at(brace)});
      at = behind;
      continue;
    }
    if (shared != text_line.npos) declare_shared(*file, text_line);
    at = eol + 1;
  }
  for (const Header& header : headers) {
    Kernel kernel(file, header.entry, header.header, header.body, header.end, header.line);
    kernels_.insert_or_assign(kernel.name(), std::move(kernel));
  }
}

void Library::add_folder(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".ptx") paths.push_back(entry.path());
  if (paths.empty())
    throw std::runtime_error("expected files *.ptx in " + folder +
                             ", found none: make them with `make ptx`");
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    add(path.string(), text.str());
  }
}

const Kernel& Library::find(const std::string& name) const {
  const auto found = kernels_.find(name);
  if (found == kernels_.end())
    throw std::runtime_error("expected PTX of the kernel " + name + ", found none among " +
                             std::to_string(kernels_.size()) +
                             " kernels: load the folder that was made of these sources");
  return found->second;
}

}  // namespace collapse_stats::ptx
