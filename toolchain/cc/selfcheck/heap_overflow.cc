// Reads one element past an allocation, for AddressSanitizer to find. The index comes from argc so
// that the compiler cannot tell.
#include <memory>

int main(int argc, char**) {
  const auto numbers = std::make_unique<int[]>(4);
  return numbers[static_cast<std::size_t>(3 + argc)] == 12345;
}
