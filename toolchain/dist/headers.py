"""The public headers and, in turn, each header of this repository that they include, as a tar file.

headers.py OUT --public=INCLUDED... INCLUDED=PATH...

INCLUDED is what stands in an #include. Headers that are nobody's stay out; one that includes what
is not there, or what only a library of others has, is refused: who includes ours needs no headers
but ours.
"""

import re
import sys
import tarfile

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def main():
    out, public, paths = sys.argv[1], [], {}
    arguments = iter(sys.argv[2:])
    for argument in arguments:
        if argument == "--public":
            public.append(next(arguments))
        else:
            name, _, path = argument.partition("=")
            paths[name] = path

    wanted, mistakes = {}, []
    waiting = [(name, "the list of public headers") for name in public]
    while waiting:
        name, asked_by = waiting.pop()
        if name in wanted:
            continue
        if name not in paths:
            mistakes.append(f"{asked_by}: '{name}' is in no library of the package")
            continue
        with open(paths[name], encoding="utf-8") as file:
            wanted[name] = file.read()
        for bracket, included in INCLUDE.findall(wanted[name]):
            if bracket == '"':
                waiting.append((included, name))
            elif "/" in included and not included.startswith(("sys/", "linux/", "asm/")):
                mistakes.append(f"{name}: <{included}> is of a library that users would need the headers of")
    if mistakes:
        sys.exit("\n".join(mistakes))

    # Times and owners do not matter: tarball.py sets them.
    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:
        for name in sorted(wanted):
            entry = tarfile.TarInfo(name)
            entry.size = len(wanted[name].encode())
            with open(paths[name], "rb") as file:
                archive.addfile(entry, file)


main()
