// Functions that are linked into a test directly and imported by it as well; the two must behave
// alike. Between them they meet what compilers emit: jump tables, strings, constants, tables of
// pointers, zeros, COMDAT functions and variables, calls across objects and out of them, unwinding.
#pragma once

#include <cstddef>

extern "C" {
long sample_switch(int which, long x);
double sample_scale(double x);
const char* sample_name(unsigned index);
long sample_through_table(unsigned index, long x);
long sample_count();
long sample_across(long x);
std::size_t sample_length(const char* text);
int sample_catch(int value);
int sample_catch_there(int value);
void* sample_shared_here();
void* sample_shared_there();
// Not told what they do, so that compilers call them.
long sample_twice(long x);
long sample_minus(long x);
extern long sample_start;
}
