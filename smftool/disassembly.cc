#include "smftool/disassembly.h"

#include <capstone/capstone.h>
#include <fmt/format.h>

#include <memory>

namespace smf::tool {
namespace {

#if defined(__aarch64__)
constexpr cs_arch kArchitecture = CS_ARCH_ARM64;
constexpr cs_mode kMode = CS_MODE_LITTLE_ENDIAN;
#else
constexpr cs_arch kArchitecture = CS_ARCH_X86;
constexpr cs_mode kMode = CS_MODE_64;
#endif

struct Closing {
  void operator()(csh* handle) const {
    cs_close(handle);
    delete handle;
  }
};

std::string line(const cs_insn& one, std::uint64_t begin) {
  std::string bytes;
  for (std::size_t i = 0; i != one.size; ++i) bytes += fmt::format("{:02x} ", one.bytes[i]);
  return fmt::format("{:6x}  {:<24} {}{}{}\n", one.address - begin, bytes,
                     std::string_view(one.mnemonic), one.op_str[0] == '\0' ? "" : " ",
                     std::string_view(one.op_str));
}

}  // namespace

Result<std::string> disassemble(Bytes code) {
  auto opened = std::make_unique<csh>();
  if (cs_open(kArchitecture, kMode, opened.get()) != CS_ERR_OK)
    return fail(ErrorCode::kUnsupported, "the disassembler does not know this processor");
  const std::unique_ptr<csh, Closing> handle(opened.release());
  const std::unique_ptr<cs_insn, decltype([](cs_insn* one) { cs_free(one, 1); })> one(
      cs_malloc(*handle));
  if (one == nullptr) return fail(ErrorCode::kOutOfMemory, "not enough memory to disassemble");
  const auto* at = reinterpret_cast<const std::uint8_t*>(code.data());
  std::size_t left = code.size();
  const auto begin = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(at));
  std::uint64_t address = begin;
  std::string text;
  while (cs_disasm_iter(*handle, &at, &left, &address, one.get())) text += line(*one, begin);
  if (left != 0)
    text += fmt::format("{:6x}  {} bytes that are no instruction\n", address - begin, left);
  return text;
}

}  // namespace smf::tool
