// A dependency graph as one HTML page: for looking at why something is instantiated, and where a
// cycle comes from.
//
// The page needs nothing but itself, and is told not to fetch anything. The picture is inline SVG
// (graph_layout.h), edges drawn by kind, those of cycles in colour, with a legend and a list of the
// cycles. A script of a few lines shows the neighbours of the node under the pointer, the nodes
// that a search finds, and a cycle's way; without it all is there to read. Light and dark follow
// the reader's settings. Equal graphs give equal bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/note/graph.h"

namespace smf {

inline constexpr std::size_t kMaxPageNodes = 5'000;  // more, a browser is no help with
inline constexpr std::size_t kMaxPageEdges = 50'000;

// `title` is shown as text. kLimit above the numbers; kOutOfMemory.
Result<std::string> to_html(const DependencyGraph& graph, std::string_view title);

}  // namespace smf
