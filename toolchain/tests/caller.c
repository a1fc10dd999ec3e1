/* Calls what another library has: a module of this one alone imports it. */

int answer(void);

int call_answer(void);

int call_answer(void) { return answer() + 1; }
