// Does what hardening guards: buffers on the stack, copies whose size is not known before, a frame
// of many pages, calls by pointer. ./run looks for the guards in what the compiler made of it.
#include <cstdio>
#include <cstring>

namespace {

// Of a size that the compiler knows, so that the library's checking function is called.
void copy(const char* text, std::size_t size) {
  char buffer[16];
  std::memcpy(buffer, text, size);
  std::puts(buffer);
}

// More than a guard page: each page has to be touched on the way.
void large_frame(void (*volatile* use)(char*)) {
  char pages[1 << 18];
  (*use)(pages);
}

void clear_first(char* pages) { pages[0] = '\0'; }

}  // namespace

int main(int argc, char** argv) {
  copy(argv[0], static_cast<std::size_t>(argc));
  void (*volatile use)(char*) = clear_first;
  large_frame(&use);
  return 0;
}
