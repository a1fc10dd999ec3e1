// write_sample_module PATH: for tests that run programs.
#include "runtime/ffi/sample_module.h"

int main(int argc, char** argv) { return argc == 2 && write_sample_module(argv[1]) ? 0 : 1; }
