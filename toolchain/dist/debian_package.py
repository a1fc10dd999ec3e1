"""A .deb of what is in the tarball, for the Debian that it is built on.

debian_package.py TARBALL OUT --version=V --abi=N --date=SECONDS --control=FILE --copyright=FILE
                  --overrides=FILE --maintainer=WHO

The tarball's tree goes below /usr, but where Debian has another place for something. What the
programs depend on is found out here: by dpkg-shlibdeps, or, where that is not installed, as at
least the versions of the packages that the libraries on this machine belong to.
"""

import argparse
import email.utils
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile


def output_of(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def compress(path, out):
    """As gzip -9n; the file itself goes."""
    with open(path, "rb") as file, open(out, "wb") as raw:
        with gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
            shutil.copyfileobj(file, packed)
    os.remove(path)


def unpack(tarball, root):
    """The tree without its top folder, below usr."""
    with tarfile.open(tarball) as archive:
        archive.extractall(root)
    (top,) = os.listdir(root)
    os.rename(os.path.join(root, top), os.path.join(root, "usr"))


def suit_debian(root, options):
    """Where Debian wants what, and what its policy asks for beside."""
    share = os.path.join(root, "usr/share")
    # In Debian, zsh looks for what packages bring in another folder.
    os.makedirs(f"{share}/zsh/vendor-completions")
    shutil.move(f"{share}/zsh/site-functions/_smftool", f"{share}/zsh/vendor-completions/_smftool")
    os.rmdir(f"{share}/zsh/site-functions")
    man = f"{share}/man/man1/smftool.1"
    compress(man, man + ".gz")

    documents = f"{share}/doc/smf"
    os.remove(f"{documents}/LICENSE")  # the copyright file has it
    shutil.copyfile(options.copyright, f"{documents}/copyright")
    changes = f"{documents}/changelog"
    with open(changes, "w", encoding="utf-8") as file:
        date = email.utils.formatdate(options.date)
        file.write(f"smf ({options.version}) unstable; urgency=medium\n\n  * Version {options.version}.\n\n"
                   f" -- {options.maintainer}  {date}\n")
    compress(changes, changes + ".gz")
    os.makedirs(f"{share}/lintian/overrides")
    shutil.copyfile(options.overrides, f"{share}/lintian/overrides/smf")


def files_of(root):
    for folder, _, names in os.walk(root):
        for name in names:
            yield os.path.join(folder, name)


def owner(library):
    """The package, NAME or NAME:ARCHITECTURE, with the file that the linker finds by this name."""
    listed = output_of("/sbin/ldconfig", "-p")
    for path in re.findall(rf"^\s*{re.escape(library)} .* => (\S+)$", listed, re.MULTILINE):
        for candidate in (path, os.path.realpath(path)):
            found = subprocess.run(["dpkg-query", "-S", candidate], stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.DEVNULL, check=False)
            if found.returncode == 0:
                return re.split(": |, ", found.stdout)[0]
    sys.exit(f"no package has the library {library}")


def installed_depends(programs):
    """At least what is installed here: it cannot be told which older version would do."""
    needed = set()
    for program in programs:
        needed.update(re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "-d", program)))
    packages = sorted({owner(library) for library in needed if not library.startswith("ld-linux")})
    versions = [output_of("dpkg-query", "-W", "-f", "${Version}", package) for package in packages]
    return ", ".join(f"{package.split(':')[0]} (>= {version})"
                     for package, version in zip(packages, versions))


def depends(programs):
    if not shutil.which("dpkg-shlibdeps"):
        return installed_depends(programs)
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/debian")
        with open(f"{folder}/debian/control", "w", encoding="utf-8") as file:
            file.write("Source: smf\n\nPackage: smf\nArchitecture: any\n")
        wanted = [f"-e{os.path.abspath(program)}" for program in programs]
        # It warns that the programs are not where Debian's own tools would have put them.
        result = subprocess.run(["dpkg-shlibdeps", "-O", *wanted], cwd=folder, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        sys.exit(result.stderr)
    return result.stdout.strip().partition("=")[2]


def write_control(root, options):
    folder = os.path.join(root, "DEBIAN")
    programs = [f"{root}/usr/bin/smftool", f"{root}/usr/lib/libsmf_rt.so.{options.abi}"]
    size = sum(os.path.getsize(file) for file in files_of(f"{root}/usr") if not os.path.islink(file))
    values = {
        "VERSION": options.version,
        "ARCHITECTURE": output_of("dpkg", "--print-architecture").strip(),
        "MAINTAINER": options.maintainer,
        "DEPENDS": depends(programs),
        "INSTALLED_SIZE": str((size + 1023) // 1024),
    }
    os.makedirs(folder)
    with open(options.control, encoding="utf-8") as file:
        control = re.sub(r"@(\w+)@", lambda match: values[match[1]], file.read())
    texts = {
        "control": control,
        "shlibs": f"libsmf_rt {options.abi} smf (>= {options.version})\n",
        "triggers": "activate-noawait ldconfig\n",
        "md5sums": "".join(sorted(f"{md5(file)}  {os.path.relpath(file, root)}\n"
                                  for file in files_of(f"{root}/usr") if not os.path.islink(file))),
    }
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


def md5(path):
    with open(path, "rb") as file:
        return hashlib.md5(file.read()).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tarball")
    parser.add_argument("out")
    for name in ("version", "abi", "control", "copyright", "overrides", "maintainer"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--date", required=True, type=int)
    parser.add_argument("--level", default=6, type=int, help="of xz; 6 takes ten times as long as 1")
    options = parser.parse_args()

    os.umask(0o022)
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.join(folder, "root")
        os.mkdir(root)
        unpack(options.tarball, root)
        suit_debian(root, options)
        write_control(root, options)
        # dpkg-deb gives what is newer than this date this date.
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{options.level}", "-b", root,
                        os.path.abspath(options.out)],
                       env=dict(os.environ, SOURCE_DATE_EPOCH=str(options.date)), check=True,
                       stdout=subprocess.DEVNULL)


main()
