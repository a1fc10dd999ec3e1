"""Libraries of the system that go into a shared library of ours, so that who embeds it needs none.

Where they come as sources, from the registry, they are linked in anyway, and there is no library of
the system to look for.
"""

LIBRARIES_ARE_OF_THE_SYSTEM = Label("@zstd//:zstd").workspace_root.rpartition("/")[2] == "zstd"

# Linked in where they are needed; what the dependencies ask for afterwards is there already. The
# static libraries of the system are made for programs: this works for a shared library that shows
# none of their symbols.
EMBEDDED_LIBRARIES = [
    "-Wl,--push-state,-Bstatic",
    "-lzstd",
    "-llz4",
    "-lxxhash",
    "-Wl,--pop-state",
] if LIBRARIES_ARE_OF_THE_SYSTEM else []
