/* The native part of the sample module: code, a constant, a variable, and calls between them. */

const int the_answer = 42;
int times_asked;

static int count(void) { return ++times_asked; }

int answer(void) {
  count();
  return the_answer;
}
