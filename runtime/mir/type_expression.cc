#include "runtime/mir/type_expression.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

#include "runtime/note/names.h"

namespace smf::mir {
namespace {

constexpr int kMaxNesting = 100;

struct SpellingRefused {
  ErrorCode code;
  std::string message;
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

class Parser {
 public:
  Parser(std::string_view text, UnitBuilder& builder, const FindType& find)
      : text_(text), builder_(builder), find_(find) {}

  TypeId parse() {
    const TypeId type = this->type();
    if (skip() != '\0') refuse("the end");
    return type;
  }

 private:
  [[noreturn]] void refuse(std::string_view expected) const {
    const std::string_view found = text_.substr(at_, 12);
    throw SpellingRefused{
        ErrorCode::kInvalidInput,
        fmt::format("the type '{}': expected {} at {}, found {}", text_, expected, at_ + 1,
                    found.empty() ? "the end" : fmt::format("'{}'", found))};
  }
  char skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(std::string_view what) {
    skip();
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  void want(std::string_view what) {
    if (!take(what)) refuse(fmt::format("'{}'", what));
  }
  std::string_view word() {
    skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  TypeId type() {
    if (++nesting_ > kMaxNesting) {
      throw SpellingRefused{ErrorCode::kLimit,
                            fmt::format("the type '{}...' is nested deeper than {}",
                                        text_.substr(0, 40), kMaxNesting)};
    }
    const TypeId type = any();
    --nesting_;
    return type;
  }
  TypeId any() {
    if (take("*")) return pointer(TypeKind::kPtr, false);
    if (take("&")) return pointer(TypeKind::kRef, false);
    if (take("[")) return array();
    if (take("(")) return tuple();
    const std::size_t begin = (skip(), at_);
    const std::string_view name = word();
    if (name.empty()) refuse("a type");
    if (name == "mut" && take("*")) return pointer(TypeKind::kPtr, true);
    if (name == "mut" && take("&")) return pointer(TypeKind::kRef, true);
    if (name == "fn" && take("(")) return function();
    const NamedType named = find_(name);
    if (named.type != kNone) return named.type;
    if (named.symbol != kNone) {
      const std::vector<TypeId> parts = arguments();
      if (parts.size() != named.parameters)
        refuse(fmt::format("{} arguments of {} in front of this", named.parameters, name));
      return builder_.type(named.kind, parts, false, named.symbol);
    }
    if (name == "Result") {
      const std::vector<TypeId> parts = arguments();
      if (parts.size() != 2) refuse("two arguments of Result in front of this");
      return builder_.type(TypeKind::kResult, parts);
    }
    const std::string_view basic = canonical_basic_type(name);
    if (basic == "text")
      return builder_.type(TypeKind::kOpaque, {}, false, 0, builder_.string("text"));
    if (basic == "nil") return primitive(TypeKind::kUnit);
    for (std::uint32_t kind = 0; kind != kPrimitives; ++kind)
      if (kTypeNames[kind].text == basic) return kind;
    at_ = begin;
    refuse("a type");
  }
  TypeId pointer(TypeKind kind, bool is_mutable) {
    skip();
    if (!is_mutable && text_.substr(at_).starts_with("mut ")) {
      at_ += 4;
      is_mutable = true;
    }
    const TypeId target = type();
    return builder_.type(kind, {{target}}, is_mutable);
  }
  TypeId array() {
    const TypeId element = type();
    if (take("]")) return builder_.type(TypeKind::kSlice, {{element}});
    want(";");
    const std::string_view digits = word();
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc() || end != digits.data() + digits.size())
      refuse("a number of elements in front of this");
    want("]");
    return builder_.type(TypeKind::kArray, {{element}}, false, size);
  }
  TypeId tuple() {
    std::vector<TypeId> parts;
    while (!take(")")) {
      parts.push_back(type());
      if (!take(",") && parts.size() == 1) {
        want(")");
        return parts[0];
      }
    }
    return builder_.type(TypeKind::kTuple, parts);
  }
  TypeId function() {
    std::vector<TypeId> parts{kNone};
    bool is_variadic = false;
    while (!take(")")) {
      is_variadic = take("...");
      if (!is_variadic) parts.push_back(type());
      if (is_variadic || !take(",")) {
        want(")");
        break;
      }
    }
    if (take("->")) parts[0] = type();
    return builder_.type(TypeKind::kFuncPtr, parts, is_variadic);
  }
  std::vector<TypeId> arguments() {
    std::vector<TypeId> parts;
    if (!take("<")) return parts;
    do {
      parts.push_back(type());
    } while (take(","));
    want(">");
    return parts;
  }

  std::string_view text_;
  UnitBuilder& builder_;
  const FindType& find_;
  std::size_t at_ = 0;
  int nesting_ = 0;
};

class Speller {
 public:
  explicit Speller(const Unit& unit) : unit_(unit) {}

  void type(TypeId id) {
    if (id == kNone) return;
    const Type& type = unit_.types[id];
    const auto parts = unit_.parts(type);
    const auto kind = static_cast<std::size_t>(type.kind);
    switch (type.kind) {
      case TypeKind::kPtr:
      case TypeKind::kRef:
        if (type.flag) out += "mut";
        out += kTypeNames[kind].text;
        return this->type(parts[0]);
      case TypeKind::kFuncPtr:
        out += "fn(";
        list(parts.subspan(1));
        if (type.flag) out += parts.size() > 1 ? ",..." : "...";
        out += ')';
        if (parts[0] != kNone) out += "->";
        return this->type(parts[0]);
      case TypeKind::kArray:
      case TypeKind::kSlice:
        out += '[';
        this->type(parts[0]);
        if (type.kind == TypeKind::kArray)
          out.append(1, ';').append(fmt::format_int(type.number).c_str());
        out += ']';
        return;
      case TypeKind::kTuple:
        out += '(';
        list(parts);
        out += parts.size() == 1 ? ",)" : ")";
        return;
      case TypeKind::kStruct:
      case TypeKind::kEnum: {
        const Definition* const definition = unit_.definition(static_cast<Symbol>(type.number));
        if (definition == nullptr) {
          out += fmt::format("{}#{}", kTypeNames[kind].text, type.number);
        } else {
          out += unit_.string(definition->name);
        }
        break;
      }
      case TypeKind::kOpaque:
      case TypeKind::kParameter:
        out += unit_.string(type.name);
        return;
      case TypeKind::kResult:
        out += "Result";
        break;
      case TypeKind::kUnit:
        out += "nil";
        return;
      default:
        out += kTypeNames[kind].text;
    }
    if (parts.empty()) return;
    out += '<';
    list(parts);
    out += '>';
  }
  void list(std::span<const TypeId> parts) {
    for (std::size_t i = 0; i != parts.size(); ++i) {
      if (i != 0) out += ',';
      type(parts[i]);
    }
  }

  std::string out{};

 private:
  const Unit& unit_;
};

}  // namespace

Result<TypeId> parse_type(std::string_view expression, UnitBuilder& builder,
                          const FindType& find) try {
  return Parser(expression, builder, find).parse();
} catch (const SpellingRefused& refused) {
  return fail(refused.code, refused.message);
}

CalleeExpression split_callee(std::string_view expression) {
  const std::size_t open = expression.find('<');
  if (open == std::string_view::npos || !expression.ends_with('>')) return {.name = expression};
  return {.name = expression.substr(0, open),
          .arguments = split_type_args(expression.substr(open + 1, expression.size() - open - 2))};
}

std::string spell_type(const Unit& unit, TypeId type) {
  Speller speller(unit);
  speller.type(type);
  return std::move(speller.out);
}

}  // namespace smf::mir
