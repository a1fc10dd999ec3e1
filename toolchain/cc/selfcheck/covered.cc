// One line is run and one is not, for the report of coverage to tell.
int main(int argc, char**) {
  if (argc > 1000) {
    return 1;  // not run
  }
  return 0;  // run
}
