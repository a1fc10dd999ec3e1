"""Libraries that the Bazel Central Registry lacks: from the system or, with MODULE.bazel, as sources."""

load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")
load(":system.bzl", "system_library")

def system_asmjit(name = "asmjit"):
    system_library(
        name = name,
        apt = "libasmjit-dev",
        build_file = Label("//toolchain/deps:asmjit.BUILD"),
        headers = ["asmjit"],
    )

def system_capstone(name = "capstone"):
    system_library(
        name = name,
        apt = "libcapstone-dev",
        build_file = Label("//toolchain/deps:capstone.BUILD"),
        headers = ["capstone"],
    )

# The sources that Debian 12 packages: one revision of each library in both worlds. AsmJit has no
# releases, and the archives that GitHub makes of a revision may change their bytes; these do not.
def _debian_archive(name, file, sha256, strip_prefix):
    path = "debian/pool/main/%s/%s/%s" % (name[0], name, file)
    http_archive(
        name = name,
        build_file = Label("//toolchain/deps:%s_archive.BUILD" % name),
        sha256 = sha256,
        strip_prefix = strip_prefix,
        urls = [
            "https://deb.debian.org/" + path,
            # What the pool no longer has.
            "https://snapshot.debian.org/archive/debian/20230701T000000Z/" + path[len("debian/"):],
        ],
    )

def archive_of_asmjit():
    """Of revision 5b5b0b3, December 2022."""
    _debian_archive(
        name = "asmjit",
        file = "asmjit_0.0~git20221210.5b5b0b3.orig.tar.xz",
        sha256 = "c05b9b913f3be6f22d1452cfa6a7f87372090242cc9526685d02880277b7641f",
        strip_prefix = "asmjit-0.0~git20221210.5b5b0b3",
    )

def archive_of_capstone():
    _debian_archive(
        name = "capstone",
        file = "capstone_4.0.2.orig.tar.gz",
        sha256 = "7c81d798022f81e7507f1a60d6817f63aa76e489aa4e7055255f21a22f5e526a",
        strip_prefix = "capstone-4.0.2",
    )
