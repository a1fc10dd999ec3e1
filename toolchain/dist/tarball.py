"""A .tar.gz whose bytes depend on nothing but what is in it.

tarball.py OUT --folder=NAME --date=SECONDS [--level=1..9] [--file=PLACE=PATH] [--program=PLACE=PATH]
           [--link=PLACE=WHERE] [--tar=PLACE=TAR]...

Everything is in the folder NAME: sorted, of one date, of root, readable by all. Folders have
entries of their own.
"""

import gzip
import io
import os
import sys
import tarfile


def entry(name, date, kind, mode):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = kind, mode, date
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info


def main():
    out, folder, date, level = sys.argv[1], "", 0, 9
    content = {}  # place: (mode, bytes), or (None, where a link leads)

    def add(place, what):
        if place in content:
            sys.exit(f"two files for {place}")
        content[place] = what

    for argument in sys.argv[2:]:
        option, _, value = argument.partition("=")
        place, _, path = value.partition("=")
        if option == "--folder":
            folder = value
        elif option == "--date":
            date = int(value)
        elif option == "--level":
            level = int(value)
        elif option in ("--file", "--program"):
            with open(path, "rb") as file:
                add(place, (0o755 if option == "--program" else 0o644, file.read()))
        elif option == "--link":
            add(place, (None, path))
        elif option == "--tar":
            with tarfile.open(path) as archive:
                for member in archive:
                    add(f"{place}/{member.name}", (0o644, archive.extractfile(member).read()))
        else:
            sys.exit(f"unknown option {option}")

    folders = {folder}
    for place in content:
        parent = os.path.dirname(place)
        while parent:
            folders.add(f"{folder}/{parent}")
            parent = os.path.dirname(parent)

    with open(out, "wb") as raw, gzip.GzipFile("", "wb", level, raw, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        names = sorted(folders | {f"{folder}/{place}" for place in content})
        for name in names:
            if name in folders:
                archive.addfile(entry(name, date, tarfile.DIRTYPE, 0o755))
                continue
            mode, data = content[name[len(folder) + 1:]]
            if mode is None:
                link = entry(name, date, tarfile.SYMTYPE, 0o777)
                link.linkname = data
                archive.addfile(link)
            else:
                file = entry(name, date, tarfile.REGTYPE, mode)
                file.size = len(data)
                archive.addfile(file, io.BytesIO(data))


main()
