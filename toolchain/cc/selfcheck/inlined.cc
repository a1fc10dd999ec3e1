// Calls what is in another file. Only an optimiser that sees both can do without the call.
int twice(int x);

int main(int argc, char**) { return twice(argc) == 2 ? 0 : 1; }
