#include "runtime/mir/unit.h"

#include <algorithm>

namespace smf::mir {

const std::array<Names, kTypeKinds> kTypeNames = {{
    {"I8", "i8"},           {"I16", "i16"},
    {"I32", "i32"},         {"I64", "i64"},
    {"U8", "u8"},           {"U16", "u16"},
    {"U32", "u32"},         {"U64", "u64"},
    {"F32", "f32"},         {"F64", "f64"},
    {"Bool", "bool"},       {"Char", "char"},
    {"Unit", "unit"},       {"Never", "never"},
    {"Ptr", "*"},           {"Ref", "&"},
    {"FuncPtr", "fn"},      {"Array", "["},
    {"Slice", "["},         {"Tuple", "("},
    {"Struct", "struct"},   {"Enum", "enum"},
    {"Dict", "dict"},       {"Result", "result"},
    {"Union", "union"},     {"Opaque", "opaque"},
    {"Promise", "promise"}, {"Generator", "generator"},
    {"ActorType", "actor"}, {"TypeParam", "param"},
}};

const std::array<Names, kBinaryOps> kBinaryNames = {{
    {"Add", "add"},
    {"Sub", "sub"},
    {"Mul", "mul"},
    {"Div", "div"},
    {"Rem", "rem"},
    {"Pow", "pow"},
    {"BitAnd", "and"},
    {"BitOr", "or"},
    {"BitXor", "xor"},
    {"Shl", "shl"},
    {"Shr", "shr"},
    {"Eq", "eq"},
    {"Ne", "ne"},
    {"Lt", "lt"},
    {"Le", "le"},
    {"Gt", "gt"},
    {"Ge", "ge"},
    {"Offset", "offset"},
}};

const std::array<Names, kUnaryOps> kUnaryNames = {{
    {"Neg", "neg"},
    {"Not", "not"},
    {"BitNot", "bitnot"},
}};

const std::array<Names, kOps> kOpNames = {{
    {"Nop", "nop"},
    {"Const", "const"},
    {"Copy", "copy"},
    {"Move", "move"},
    {"BinOp", ""},
    {"CheckedBinOp", "checked"},
    {"UnaryOp", ""},
    {"Alloc", "alloc"},
    {"Load", "load"},
    {"Store", "store"},
    {"GlobalAddr", "global"},
    {"GetElementPtr", "element"},
    {"Aggregate", "aggregate"},
    {"GetField", "field"},
    {"SetField", "set_field"},
    {"Cast", "cast"},
    {"Bitcast", "bitcast"},
    {"Call", "call"},
    {"CallIndirect", "call_indirect"},
    {"Intrinsic", "intrinsic"},
    {"DebugValue", "debug"},
    {"", "foreign"},
}};

const std::array<Names, 3> kConstraintNames = {{
    {"any", "any"},
    {"numeric", "numeric"},
    {"ordered", "ordered"},
}};

const Definition* Unit::definition(Symbol symbol) const {
  const auto found = std::ranges::find(definitions, symbol, &Definition::symbol);
  return found == definitions.end() ? nullptr : &*found;
}

}  // namespace smf::mir
