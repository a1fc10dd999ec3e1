"""One archive of many objects, stripped, with the same bytes for the same objects.

static_library.py AR STRIP OUT MEMBER=OBJECT...
"""

import collections
import os
import shutil
import subprocess
import sys
import tempfile

ar, strip, out, *members = sys.argv[1:]
objects = [member.partition("=")[::2] for member in members]

twice = [name for name, count in collections.Counter(name for name, _ in objects).items() if count > 1]
if twice:
    sys.exit(f"members of one name: {', '.join(twice)}")

with tempfile.TemporaryDirectory() as folder:
    for name, path in objects:
        shutil.copyfile(path, os.path.join(folder, name))
    names = sorted(name for name, _ in objects)
    # Debug information and the names of local symbols go; what a linker wants stays.
    subprocess.run([strip, "--strip-unneeded", "--remove-section=.comment", *names], cwd=folder, check=True)
    archive = os.path.abspath(out)
    if os.path.exists(archive):
        os.remove(archive)
    # D: no times, no owners.
    subprocess.run([ar, "rcsD", archive, *names], cwd=folder, check=True)
