#!/usr/bin/env python3
"""Packing needs little memory however large the data is: memory_test.py SMFTOOL MIB LIMIT_MIB"""

import os
import sys
import tempfile


def peak_mib(arguments):
    """Runs a program; its largest resident size in MiB."""
    child = os.posix_spawn(arguments[0], arguments, os.environ)
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        sys.exit("%s: status %d" % (" ".join(arguments), status))
    return usage.ru_maxrss / 1024


def main():
    if "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ:
        print("skipped: sanitizers need memory of their own")
        return
    smftool, size, limit = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as folder:
        data = os.path.join(folder, "data")
        with open(data, "wb") as file:
            file.truncate(size << 20)  # sparse
        for compression in ("none", "zstd", "lz4"):
            module = os.path.join(folder, compression + ".smf")
            # Without compression the module would fill the disk with zeros.
            if compression == "none" and size > 512:
                continue
            peak = peak_mib([smftool, "pack", "-q", "-o", module, "--data", "data=" + data,
                             "--compress", compression])
            print("%d MiB with %s: %.0f MiB of memory" % (size, compression, peak))
            if peak > limit:
                sys.exit("over the limit of %d MiB" % limit)


if __name__ == "__main__":
    main()
