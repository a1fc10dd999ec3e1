// How the unwinder is told about frames, and that they are gone.
#pragma once

// Of libgcc, which declares them in no header that it installs. A frame that was not registered
// must not be deregistered: it aborts.
extern "C" {
void __register_frame(void* eh_frame);
void __deregister_frame(void* eh_frame);
}
