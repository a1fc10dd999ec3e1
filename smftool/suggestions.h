// "did you mean": the known word that a mistyped one is nearest to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smf::tool {

// Empty where none is near: at most a third of the letters may differ. Neighbours exchanged count
// as one difference.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace smf::tool
