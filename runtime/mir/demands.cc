#include "runtime/mir/demands.h"

#include <cstddef>

namespace smf::mir {

using Where = Demands::Sized::Where;

DemandNotes::DemandNotes(const Program& program, FunctionId general,
                         std::span<const TypeId> parameters) {
  demands_.kinds.assign(parameters.size(), ~TypeKinds{0});
  // Of two parameters of one name the last is meant (Program::import).
  for (std::size_t i = 0; i != parameters.size(); ++i)
    found_.insert_or_assign(parameters[i],
                            Demands::Sized{Where::kArgument, static_cast<std::uint32_t>(i)});
  const Unit& unit = program.unit();
  const auto locals = Unit::of(unit.locals, unit.functions[general].locals);
  for (const Local& local : locals)
    if (local.type != kNone) found_.try_emplace(local.type, Where::kLocal, local.id);
  for (const Local& local : locals) {
    if (local.type == kNone) continue;
    const TypeKind kind = unit.types[local.type].kind;
    if (kind == TypeKind::kPtr || kind == TypeKind::kRef)
      found_.try_emplace(unit.parts(local.type)[0], Where::kPointee, local.id);
  }
}

void DemandNotes::kinds(TypeId parameter, TypeKinds kinds, Demands::Place place) {
  const auto found = found_.find(parameter);
  if (found == found_.end() || found->second.where != Where::kArgument) {
    places_.insert(place);
    return;
  }
  demands_.kinds[found->second.index] &= kinds;
}

void DemandNotes::size(TypeId type, Demands::Place place) {
  if (sized_.contains(type)) return;
  const auto found = found_.find(type);
  if (found == found_.end()) {
    // Of a constant, mostly.
    places_.insert(place);
    return;
  }
  sized_.insert(type);
  demands_.sizes.push_back(found->second);
}

Demands DemandNotes::take() {
  demands_.places.assign(places_.begin(), places_.end());
  return std::move(demands_);
}

}  // namespace smf::mir
