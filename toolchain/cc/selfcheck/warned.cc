// Something that a warning is for.
int unused_parameter(int parameter);

int unused_parameter(int parameter) { return 0; }
