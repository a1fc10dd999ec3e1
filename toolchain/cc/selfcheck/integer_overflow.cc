// Overflows a signed integer, for UndefinedBehaviorSanitizer to find. The addend comes from argc so
// that the compiler cannot tell.
#include <limits>

int main(int argc, char**) { return std::numeric_limits<int>::max() + argc == 12345; }
