// Names of instantiations: how they are made, and when two argument lists are the same.
//
// A mangled name is an opaque key: the compiler made it, and nothing is read out of it. When the
// library has to make one it is the template's name, `$`, and the names of the arguments joined
// with `_`; a template without arguments keeps its name. That can collide (`Map<a_b,c>` and
// `Map<a,b_c>` are both `Map$a_b_c`), so whoever finds something by its mangled name also compares
// the template and the canonical arguments.
//
// Arguments stand in a note as one text, joined with `,`: `text,List<i64>`. A comma inside brackets
// belongs to the argument. The compiler spells the basic types in several ways; canonical are
// i8 … i64, u8 … u64, f32, f64, bool, text and nil. All functions are pure and thread-safe; those
// that return strings throw std::bad_alloc like the containers they are made of.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace smf {

// The canonical spelling of a basic type (`Int` is `i64`, `String` is `text`), or `type` itself.
std::string_view canonical_basic_type(std::string_view type);

// `List<Int>` is `List<i64>`: every word of a type in its canonical spelling, without blanks. `()`
// is `nil`.
std::string canonical_type(std::string_view type);

// The arguments of `type_args`, without blanks around them; none for an empty text. An argument
// goes to the next comma outside of `<>`, `()`, `[]` and `{}`; brackets that do not match belong to
// the text as they are.
std::vector<std::string_view> split_type_args(std::string_view type_args);

// split_type_args, each canonical, joined with `,`.
std::string canonical_type_args(std::string_view type_args);

// Whether both are the same arguments. Allocates only where the texts differ.
bool same_type_args(std::string_view a, std::string_view b);

// `List` and {`Int`} make `List$Int`: the arguments as they are spelled.
std::string mangled_name(std::string_view template_name, std::span<const std::string_view> args);

}  // namespace smf
