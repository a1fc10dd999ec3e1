// A library of this alone has nothing that could go into a module.
#pragma once

#define SMF_NOTHING_TO_PACK 1
