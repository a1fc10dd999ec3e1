// Two threads write one variable without a lock, for ThreadSanitizer to find.
#include <thread>

int main() {
  int shared = 0;
  const auto count = [&shared] {
    for (int i = 0; i < 100'000; ++i) ++shared;
  };
  std::thread other(count);
  count();
  other.join();
  return shared == 12345;
}
