// The order of a function's blocks, and the shape of its loops.
#include <algorithm>

#include "runtime/codegen/optimiser.h"

namespace smf::codegen {
namespace {

constexpr std::uint32_t kNowhere = ~std::uint32_t{0};

}  // namespace

void Optimiser::order_blocks(Function& function) {
  find_first_order(function);
  find_depths(function);
  if (has_loops_) find_order(function, true);
  rebuild(function);
}

// Reverse postorder, in which definitions come before uses.
void Optimiser::find_first_order(Function& function) {
  thread_jumps(function);
  find_order(function, false);
  depths_.assign(function.blocks.size(), 0);
}

// A jump to a block that is only a jump goes where that goes.
void Optimiser::thread_jumps(Function& function) {
  const auto destination = [&](std::uint32_t block) {
    // Blocks that jump in a circle end somewhere.
    for (std::size_t steps = 0; steps != 16; ++steps) {
      const Instruction* only = nullptr;
      for (const Instruction& one : function.of(function.blocks[block])) {
        if (one.op == Op::kNop) continue;
        only = &one;
        break;
      }
      if (only->op != Op::kJump) break;
      block = only->target;
    }
    return block;
  };
  for (const Block& block : function.blocks) {
    Instruction& last = function.of(block).back();
    if (last.op == Op::kJump) last.target = destination(last.target);
    if (last.op != Op::kBranch && last.op != Op::kFloatBranch) continue;
    last.target = destination(last.target);
    last.other = destination(last.other);
    if (last.target == last.other) last = {.op = Op::kJump, .target = last.target};
  }
}

// Reverse postorder; what is deeper in loops stays together, because what leaves a loop is visited
// first, so comes last.
void Optimiser::find_order(Function& function, bool is_by_depth) {
  order_.clear();
  position_.assign(function.blocks.size(), kNowhere);
  // A block, and how many of its successors have been visited.
  work_.clear();
  const auto enter = [&](std::uint32_t block) {
    position_[block] = 0;
    work_.push_back(block);
    work_.push_back(0);
  };
  enter(0);
  while (!work_.empty()) {
    const std::uint32_t block = work_[work_.size() - 2];
    std::uint32_t& visited = work_.back();
    Successors next = successors(function.of(function.blocks[block]).back());
    if (next.count == 2) {
      std::swap(next.blocks[0], next.blocks[1]);
      if (is_by_depth && depths_[next.blocks[0]] > depths_[next.blocks[1]])
        std::swap(next.blocks[0], next.blocks[1]);
    }
    if (visited != next.count) {
      const std::uint32_t successor = next.blocks[visited++];
      if (position_[successor] == kNowhere) enter(successor);
      continue;
    }
    order_.push_back(block);
    work_.resize(work_.size() - 2);
  }
  std::ranges::reverse(order_);
  for (std::uint32_t i = 0; i != order_.size(); ++i) position_[order_[i]] = i;
}

void Optimiser::find_predecessors(const Function& function) {
  first_from_.assign(function.blocks.size() + 1, 0);
  has_loops_ = false;
  for (const std::uint32_t block : order_) {
    const Successors next = successors(function.of(function.blocks[block]).back());
    for (std::uint32_t i = 0; i != next.count; ++i) {
      ++first_from_[next.blocks[i] + 1];
      has_loops_ = has_loops_ || position_[next.blocks[i]] <= position_[block];
    }
  }
  for (std::size_t i = 1; i != first_from_.size(); ++i) first_from_[i] += first_from_[i - 1];
  from_.resize(first_from_.back());
  filled_.assign(first_from_.begin(), first_from_.end() - 1);
  for (const std::uint32_t block : order_) {
    const Successors next = successors(function.of(function.blocks[block]).back());
    for (std::uint32_t i = 0; i != next.count; ++i) from_[filled_[next.blocks[i]]++] = block;
  }
}

// A loop is what leads to a jump back, from where that goes; loops with one beginning are one.
bool Optimiser::find_members(std::uint32_t header) {
  const std::uint32_t loop = header + 1;
  work_.clear();
  is_entered_elsewhere_ = false;
  bool is_loop = false;
  const auto add = [&](std::uint32_t block) {
    if (position_[block] < position_[header]) is_entered_elsewhere_ = true;
    if (members_[block] == loop || position_[block] < position_[header]) return;
    members_[block] = loop;
    work_.push_back(block);
  };
  for (std::uint32_t i = first_from_[header]; i != first_from_[header + 1]; ++i) {
    if (position_[from_[i]] < position_[header]) continue;
    is_loop = true;
    members_[header] = loop;
    add(from_[i]);
  }
  while (!work_.empty()) {
    const std::uint32_t block = work_.back();
    work_.pop_back();
    for (std::uint32_t i = first_from_[block]; i != first_from_[block + 1]; ++i) add(from_[i]);
  }
  return is_loop;
}

void Optimiser::find_depths(const Function& function) {
  depths_.assign(function.blocks.size(), 0);
  find_predecessors(function);
  if (!has_loops_) return;
  members_.assign(function.blocks.size(), 0);
  for (const std::uint32_t header : order_) {
    if (!find_members(header)) continue;
    for (const std::uint32_t block : order_)
      if (members_[block] == header + 1) ++depths_[block];
  }
}

// Where a loop ends in a jump back to its test, the test is done there: one jump less a round.
void Optimiser::rotate_loops(Function& function) {
  constexpr std::uint32_t kMaxTest = 10;
  rebuilt_.clear();
  rebuilt_blocks_ = function.blocks;
  bool is_changed = false;
  for (std::uint32_t b = 0; b != function.blocks.size(); ++b) {
    const auto block = function.of(function.blocks[b]);
    const auto at = static_cast<std::uint32_t>(rebuilt_.size());
    rebuilt_.insert(rebuilt_.end(), block.begin(), block.end());
    const Instruction last = block.back();
    if (last.op == Op::kJump && last.target <= b) {
      const Block& header = function.blocks[last.target];
      const auto test = function.of(header);
      const Op end = test.back().op;
      if ((end == Op::kBranch || end == Op::kFloatBranch) && test.size() <= kMaxTest &&
          std::ranges::none_of(test, [](const Instruction& one) { return one.op == Op::kCall; })) {
        rebuilt_.pop_back();
        rebuilt_.insert(rebuilt_.end(), test.begin(), test.end());
        is_changed = true;
      }
    }
    rebuilt_blocks_[b].instructions = {.first = at,
                                       .count = static_cast<std::uint32_t>(rebuilt_.size()) - at};
  }
  if (!is_changed) return;
  function.instructions.swap(rebuilt_);
  function.blocks.swap(rebuilt_blocks_);
}

void Optimiser::mark_loop_heads(Function& function) {
  for (std::uint32_t b = 0; b != function.blocks.size(); ++b) {
    const Successors next = successors(function.of(function.blocks[b]).back());
    for (std::uint32_t i = 0; i != next.count; ++i)
      if (next.blocks[i] <= b) function.blocks[next.blocks[i]].is_loop_head = true;
  }
}

// In that order, without what cannot be reached or does nothing.
void Optimiser::rebuild(Function& function) {
  rebuilt_.clear();
  rebuilt_blocks_.clear();
  for (const std::uint32_t block : order_) {
    const auto first = static_cast<std::uint32_t>(rebuilt_.size());
    for (const Instruction& one : function.of(function.blocks[block])) {
      if (one.op == Op::kNop) continue;
      rebuilt_.push_back(one);
    }
    Instruction& last = rebuilt_.back();
    if (last.op == Op::kJump || last.op == Op::kBranch || last.op == Op::kFloatBranch) {
      last.target = position_[last.target];
      if (last.op != Op::kJump) last.other = position_[last.other];
    }
    rebuilt_blocks_.push_back(
        {.instructions = {.first = first,
                          .count = static_cast<std::uint32_t>(rebuilt_.size()) - first},
         .depth = depths_[block]});
  }
  function.instructions.swap(rebuilt_);
  function.blocks.swap(rebuilt_blocks_);
  // They are numbered as they are laid out.
  for (std::uint32_t i = 0; i != order_.size(); ++i) order_[i] = i;
  position_ = order_;
}

}  // namespace smf::codegen
