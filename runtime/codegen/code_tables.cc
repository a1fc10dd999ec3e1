#include "runtime/codegen/code_tables.h"

#include <functional>
#include <string_view>

namespace smf::codegen {

void CodeTables::clear() {
  constants_.clear();
  pools_.clear();
  pool_bytes_.clear();
  traps_.clear();
  texts_.clear();
  last_text_ = 0;
  last_size_ = 0;
  symbols_.clear();
}

asmjit::Label CodeTables::symbol(asmjit::BaseEmitter& emitter, const Symbol& symbol) {
  const std::size_t hash =
      std::hash<std::string_view>{}(symbol.name) + static_cast<std::size_t>(symbol.kind);
  for (const Named& named : symbols_)
    if (named.hash == hash && named.symbol == symbol) return named.label;
  symbols_.push_back({hash, symbol, emitter.newLabel()});
  return symbols_.back().label;
}

// Names repeat from one trap of a function to the next.
std::int32_t CodeTables::text(const std::string& text) {
  const std::string_view last(texts_.data() + last_text_, last_size_);
  if (text == last) return last_text_;
  const auto at = static_cast<std::int32_t>(texts_.size());
  texts_ += text;
  return at;
}

asmjit::Label CodeTables::trap(asmjit::BaseEmitter& emitter, const TrapPlace& place) {
  TrapRecord record;
  record.kind = static_cast<std::uint32_t>(place.kind);
  record.block = place.block;
  record.function_offset = text(place.function);
  record.function_size = static_cast<std::uint32_t>(place.function.size());
  last_text_ = record.function_offset;
  last_size_ = place.function.size();
  record.message_offset = static_cast<std::int32_t>(texts_.size());
  record.message_size = static_cast<std::uint32_t>(place.message.size());
  texts_ += place.message;
  traps_.push_back({record, emitter.newLabel()});
  return traps_.back().label;
}

asmjit::Label CodeTables::constant(asmjit::BaseEmitter& emitter, std::uint64_t low,
                                   std::uint64_t high) {
  // Only the last ones are compared: there may be any number of them.
  constexpr std::size_t kCompared = 16;
  const std::size_t first = constants_.size() < kCompared ? 0 : constants_.size() - kCompared;
  for (std::size_t n = first; n != constants_.size(); ++n)
    if (constants_[n].bits[0] == low && constants_[n].bits[1] == high) return constants_[n].label;
  constants_.push_back({{low, high}, emitter.newLabel()});
  return constants_.back().label;
}

asmjit::Label CodeTables::pool(asmjit::BaseEmitter& emitter, const std::vector<std::byte>& bytes) {
  pools_.push_back({pool_bytes_.size(), bytes.size(), emitter.newLabel()});
  pool_bytes_.insert(pool_bytes_.end(), bytes.begin(), bytes.end());
  return pools_.back().label;
}

void CodeTables::embed_traps(asmjit::BaseAssembler& assembler) {
  if (traps_.empty()) return;
  assembler.align(asmjit::AlignMode::kZero, 8);
  auto to_texts = static_cast<std::int32_t>(traps_.size() * sizeof(TrapRecord));
  for (Record& trap : traps_) {
    trap.record.function_offset += to_texts;
    trap.record.message_offset += to_texts;
    to_texts -= static_cast<std::int32_t>(sizeof(TrapRecord));
    assembler.bind(trap.label);
    assembler.embed(&trap.record, sizeof trap.record);
  }
  if (!texts_.empty()) assembler.embed(texts_.data(), texts_.size());
}

void CodeTables::embed(asmjit::BaseAssembler& assembler, std::vector<Relocation>& relocations) {
  if (!constants_.empty() || !pools_.empty()) assembler.align(asmjit::AlignMode::kZero, 16);
  for (const Constant& constant : constants_) {
    assembler.bind(constant.label);
    assembler.embed(constant.bits, sizeof constant.bits);
  }
  for (const Pool& pool : pools_) {
    assembler.align(asmjit::AlignMode::kZero, 16);
    assembler.bind(pool.label);
    if (pool.size != 0) assembler.embed(pool_bytes_.data() + pool.first, pool.size);
  }
  embed_traps(assembler);
  relocations.clear();
  if (symbols_.empty()) return;
  assembler.align(asmjit::AlignMode::kZero, 8);
  for (Named& named : symbols_) {
    constexpr std::uint64_t kNothingYet = 0;
    relocations.push_back({static_cast<std::uint32_t>(assembler.offset()), named.symbol});
    assembler.bind(named.label);
    assembler.embed(&kNothingYet, sizeof kNothingYet);
  }
}

}  // namespace smf::codegen
