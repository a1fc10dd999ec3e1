// What stands behind the functions of a piece of code: constants, what traps tell, addresses.
#pragma once

#include <asmjit/core.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/codegen/code.h"
#include "runtime/codegen/lir.h"

namespace smf::codegen {

// Reuses its memory.
class CodeTables {
 public:
  void clear();

  // The label of 8 bytes that hold the symbol's address.
  asmjit::Label symbol(asmjit::BaseEmitter& emitter, const Symbol& symbol);
  // Of a record.
  asmjit::Label trap(asmjit::BaseEmitter& emitter, const TrapPlace& place);
  // Of 16 bytes at a multiple of 16.
  asmjit::Label constant(asmjit::BaseEmitter& emitter, std::uint64_t low, std::uint64_t high);
  // Of a function's pool, which is copied.
  asmjit::Label pool(asmjit::BaseEmitter& emitter, const std::vector<std::byte>& bytes);

  // Everything, at the end of the code; `relocations` are where addresses go.
  void embed(asmjit::BaseAssembler& assembler, std::vector<Relocation>& relocations);

 private:
  struct Constant {
    std::uint64_t bits[2] = {};
    asmjit::Label label{};
  };
  struct Pool {
    std::size_t first = 0;
    std::size_t size = 0;
    asmjit::Label label{};
  };
  struct Named {
    std::size_t hash = 0;
    Symbol symbol{};
    asmjit::Label label{};
  };
  struct Record {
    TrapRecord record{};  // offsets from the beginning of texts_
    asmjit::Label label{};
  };

  void embed_traps(asmjit::BaseAssembler& assembler);
  std::int32_t text(const std::string& text);

  std::vector<Constant> constants_{};
  std::vector<Pool> pools_{};
  std::vector<std::byte> pool_bytes_{};
  std::vector<Record> traps_{};
  std::string texts_{};
  std::int32_t last_text_ = 0;
  std::size_t last_size_ = 0;
  std::vector<Named> symbols_{};
};

}  // namespace smf::codegen
