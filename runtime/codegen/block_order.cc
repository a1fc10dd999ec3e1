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
  rebuild(function, false);
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
  const auto redirect = [&](std::uint32_t& target) {
    const std::uint32_t end = destination(target);
    is_changed_ = is_changed_ || end != target;
    target = end;
  };
  for (const Block& block : function.blocks) {
    Instruction& last = function.of(block).back();
    const bool is_branch = last.op == Op::kBranch || last.op == Op::kFloatBranch;
    if (!is_branch && last.op != Op::kJump) continue;
    redirect(last.target);
    if (is_branch) redirect(last.other);
    if (is_branch && last.target == last.other) last = {.op = Op::kJump, .target = last.target};
  }
}

// Reverse postorder; what is deeper in loops stays together, because what leaves a loop is visited
// first, so comes last.
void Optimiser::find_order(Function& function, bool is_by_depth) {
  const std::size_t blocks = function.blocks.size();
  position_.assign(blocks, kNowhere);
  order_.resize(blocks);
  // The blocks on the way, each with how many of its successors have been visited.
  work_.resize(2 * blocks);
  std::size_t depth = 0;
  const auto enter = [&](std::uint32_t block) {
    position_[block] = 0;
    work_[depth++] = block;
    work_[depth++] = 0;
  };
  // From the end: of what is left last, the first is left first.
  std::size_t first = blocks;
  enter(0);
  while (depth != 0) {
    const std::uint32_t block = work_[depth - 2];
    std::uint32_t& visited = work_[depth - 1];
    Successors next = successors(function.of(function.blocks[block]).back());
    if (next.count == 2 && (!is_by_depth || depths_[next.blocks[1]] <= depths_[next.blocks[0]]))
      std::swap(next.blocks[0], next.blocks[1]);
    if (visited != next.count) {
      const std::uint32_t successor = next.blocks[visited++];
      if (position_[successor] == kNowhere) enter(successor);
      continue;
    }
    order_[--first] = block;
    depth -= 2;
  }
  // Without those that nobody leads to.
  order_.erase(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(first));
  for (std::uint32_t i = 0; i != order_.size(); ++i) position_[order_[i]] = i;
  if (!is_by_depth) is_changed_ = false;
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

// Whether they are as rebuild() would lay them out, but for what does nothing.
bool Optimiser::is_in_order(const Function& function) const {
  if (order_.size() != function.blocks.size()) return false;
  std::uint32_t next = 0;
  for (std::uint32_t i = 0; i != order_.size(); ++i) {
    const List instructions = function.blocks[i].instructions;
    if (order_[i] != i || instructions.first != next) return false;
    next += instructions.count;
  }
  return true;
}

// Whether a branch has the deeper way as its second: else the order by depth is what it is.
bool Optimiser::has_depth_behind(const Function& function) const {
  return std::ranges::any_of(function.blocks, [&](const Block& block) {
    const Successors next = successors(function.of(block).back());
    return next.count == 2 && depths_[next.blocks[1]] > depths_[next.blocks[0]];
  });
}

// Where a loop ends in a jump back to its test, the test is done there: one jump less a round. The
// jump is the last of rebuilt_.
void Optimiser::rotate_loop(const Function& function, std::uint32_t header) {
  constexpr std::uint32_t kMaxTest = 10;
  if (header == rebuilt_blocks_.size()) return;
  // As it came: a test that was put there is another loop's.
  const Op end = function.of(function.blocks[order_[header]]).back().op;
  const List test = rebuilt_blocks_[header].instructions;
  if ((end != Op::kBranch && end != Op::kFloatBranch) || test.count > kMaxTest) return;
  for (std::uint32_t i = test.first; i != test.first + test.count; ++i)
    if (rebuilt_[i].op == Op::kCall) return;
  rebuilt_.pop_back();
  for (std::uint32_t i = test.first; i != test.first + test.count; ++i)
    rebuilt_.push_back(rebuilt_[i]);
}

// In that order, without what cannot be reached or does nothing. In the end, with loops as they are
// encoded.
void Optimiser::rebuild(Function& function, bool is_final) {
  rebuilt_.clear();
  rebuilt_blocks_.clear();
  for (std::uint32_t position = 0; position != order_.size(); ++position) {
    const std::uint32_t block = order_[position];
    const auto first = static_cast<std::uint32_t>(rebuilt_.size());
    for (const Instruction& one : function.of(function.blocks[block]))
      if (one.op != Op::kNop) rebuilt_.push_back(one);
    Instruction& last = rebuilt_.back();
    if (last.op == Op::kJump || last.op == Op::kBranch || last.op == Op::kFloatBranch) {
      last.target = position_[last.target];
      if (last.op != Op::kJump) last.other = position_[last.other];
    }
    if (is_final && last.op == Op::kJump && last.target <= position)
      rotate_loop(function, last.target);
    rebuilt_blocks_.push_back(
        {.instructions = {.first = first,
                          .count = static_cast<std::uint32_t>(rebuilt_.size()) - first},
         .depth = depths_[block]});
    if (!is_final || !has_loops_) continue;
    const Successors next = successors(rebuilt_.back());
    for (std::uint32_t i = 0; i != next.count; ++i)
      if (next.blocks[i] <= position) rebuilt_blocks_[next.blocks[i]].is_loop_head = true;
  }
  function.instructions.swap(rebuilt_);
  function.blocks.swap(rebuilt_blocks_);
  // They are numbered as they are laid out.
  for (std::uint32_t i = 0; i != order_.size(); ++i) order_[i] = i;
  position_ = order_;
}

}  // namespace smf::codegen
