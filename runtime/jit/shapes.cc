#include "runtime/jit/shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace smf::internal {
namespace {

using mir::TypeId;
using mir::TypeKind;

constexpr unsigned kMaxNesting = 100;

std::uint32_t variant_count(const mir::Program& program, const mir::Type& type) {
  if (type.kind == TypeKind::kResult) return 2;
  return program.unit().definitions[type.number].parts.count;
}

class ShapeWriter {
 public:
  explicit ShapeWriter(mir::Program& program) : program_(program) {}

  bool write(TypeId id) {
    if (shape.size() > kMaxShape || nesting_ == kMaxNesting) return false;
    ++nesting_;
    const bool is_done = write_one(id);
    --nesting_;
    return is_done;
  }

  std::string shape{};

 private:
  bool write_one(TypeId id) {
    const mir::Type type = program_.unit().types[id];
    switch (type.kind) {
      case TypeKind::kPtr:
      case TypeKind::kRef:
        shape += 'p';
        return true;
      case TypeKind::kFuncPtr:
        shape += 'f';
        return true;
      case TypeKind::kArray: {
        const TypeId element = program_.unit().parts(type)[0];
        shape += fmt::format("[{}*", type.number);
        return write(element);
      }
      case TypeKind::kSlice:
        shape += "s";
        return true;
      case TypeKind::kOpaque:
        if (program_.unit().string(type.name) != "text") return false;
        shape += 't';
        return true;
      case TypeKind::kTuple:
        return write_fields(id, 0, '(');
      case TypeKind::kStruct:
        return write_fields(id, 0, '{');
      case TypeKind::kEnum:
      case TypeKind::kResult:
        shape += type.kind == TypeKind::kEnum ? 'e' : 'r';
        for (std::uint32_t i = 0; i != variant_count(program_, type); ++i)
          if (!write_fields(id, i, '|')) return false;
        shape += '.';
        return true;
      default:
        if (id >= mir::kPrimitives) return false;
        shape += static_cast<char>('A' + id);
        return true;
    }
  }
  bool write_fields(TypeId id, std::uint32_t variant, char opening) {
    shape += opening;
    const auto fields = program_.fields(id, variant);
    if (!fields) return false;
    for (const TypeId field : *fields)
      if (!write(field)) return false;
    shape += '.';
    return true;
  }

  mir::Program& program_;
  unsigned nesting_ = 0;
};

class EndlessTypes {
 public:
  explicit EndlessTypes(mir::Program& program) : program_(program) {}

  // Whether one was found; `circle` is then it.
  bool visit(TypeId id) {
    if (id == mir::kNone || path_.size() > kMaxNesting || is_finite_.contains(id)) return false;
    const mir::Type type = program_.unit().types[id];
    const bool has_fields =
        type.kind == TypeKind::kStruct || type.kind == TypeKind::kTuple || has_variants(type.kind);
    if (!has_fields && type.kind != TypeKind::kArray) return false;
    if (const auto open = std::ranges::find(path_, id); open != path_.end()) {
      for (auto at = open; at != path_.end(); ++at) circle.push_back(program_.name_of(*at));
      circle.push_back(program_.name_of(id));
      return true;
    }
    path_.push_back(id);
    std::vector<TypeId> parts;
    if (type.kind == TypeKind::kArray) parts.push_back(program_.unit().parts(type)[0]);
    const std::uint32_t variants = has_variants(type.kind) ? variant_count(program_, type) : 1;
    for (std::uint32_t i = 0; has_fields && i != variants; ++i)
      if (const auto fields = program_.fields(id, i); fields)
        parts.insert(parts.end(), fields->begin(), fields->end());
    const bool is_endless =
        std::ranges::any_of(parts, [&](const TypeId part) { return visit(part); });
    path_.pop_back();
    if (!is_endless) is_finite_.insert(id);
    return is_endless;
  }

  std::vector<std::string> circle{};

 private:
  mir::Program& program_;
  std::vector<TypeId> path_{};
  std::set<TypeId> is_finite_{};
};

}  // namespace

std::optional<std::string> shape_of(mir::Program& program, std::span<const TypeId> types) {
  ShapeWriter writer(program);
  for (const TypeId type : types) {
    if (!writer.write(type)) return std::nullopt;
    writer.shape += ',';
  }
  return std::move(writer.shape);
}

std::vector<std::string> find_endless_type(mir::Program& program, mir::FunctionId function) {
  EndlessTypes types(program);
  // By index: types that are made on the way move the arrays.
  const mir::List locals = program.unit().functions[function].locals;
  for (std::uint32_t i = 0; i != locals.count; ++i)
    if (types.visit(program.unit().locals[locals.first + i].type)) break;
  return std::move(types.circle);
}

}  // namespace smf::internal
