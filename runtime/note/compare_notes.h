// What two modules' notes differ in, row by row, whatever form they are written in.
//
// Rows are equal if what they say is: ids, the order of rows, tables and columns, the names that
// writers give to columns, and quotes do not count. Rows that were turned into comments and rows
// that were appended are where an update leaves them: gone, and there.
#pragma once

#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/compare.h"
#include "runtime/format/view.h"

namespace smf {

// Differences of Part::kNote as compare_modules() has them, which only knows lines: `name` is the
// table, `field` the row without its id; a changed row is one removed and one added. A module
// without a note is one with an empty note. Fails for a note that cannot be read; the error's path
// is `before` or `after`. Linear.
Result<std::vector<Difference>> compare_notes(const SmfView& before, const SmfView& after);

}  // namespace smf
