"""Finds the C++ compilers on this machine and declares a toolchain for each."""

# The label of config.bzl as another repository has to spell it. Bazel 4.2 leaves the
# repository out when it is the main one; with MODULE.bazel it is a canonical name.
_CONFIG_LABEL = str(Label("//toolchain/cc:config.bzl"))
_CONFIG = _CONFIG_LABEL if _CONFIG_LABEL.startswith("@") else "@smf" + _CONFIG_LABEL

_GCC_VERSIONS = ["", "-15", "-14", "-13", "-12"]
_CLANG_VERSIONS = ["-21", "-20", "-19"]  # 18 and older lack std::expected with libstdc++

_TRIPLES = {
    "aarch64": "aarch64-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "x86_64": "x86_64-linux-gnu",
}

_TOOLCHAIN = """
smf_cc_toolchain_config(
    name = "{id}_config",
    builtin_include_directories = {includes},
    compile_flags = {compile_flags},
    compiler = "{compiler}",
    cpu = "{cpu}",
    link_flags = {link_flags},
    tool_paths = {tools},
)

cc_toolchain(
    name = "{id}_cc",
    all_files = ":empty",
    ar_files = ":empty",
    as_files = ":empty",
    compiler_files = ":empty",
    dwp_files = ":empty",
    linker_files = ":empty",
    objcopy_files = ":empty",
    strip_files = ":empty",
    supports_param_files = True,
    toolchain_config = ":{id}_config",
)

"""

_REGISTRATION = """
toolchain(
    name = "{name}",
    exec_compatible_with = {exec_constraints},
    target_compatible_with = {target_constraints},
    toolchain = "//:{id}_cc",
    toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
)
"""

def _host_cpu(rctx):
    return rctx.execute(["uname", "-m"]).stdout.strip()

def _first(rctx, names):
    for name in names:
        path = rctx.which(name)
        if path:
            return str(path)
    return None

def _includes(rctx, compiler, flags, language):
    """The directories the compiler looks into by itself."""
    found = []
    for extra in [[], ["-no-canonical-prefixes"]]:
        result = rctx.execute([compiler] + flags + extra + ["-E", "-x", language, "/dev/null", "-v"], environment = {"LC_ALL": "C"})
        listed = result.stderr.partition("#include <...> search starts here:")[2].partition("End of search list.")[0]
        for line in listed.splitlines():
            if line.strip():
                # Dependency files name a header by either path.
                directory = rctx.path(line.strip())
                found.extend([str(directory), str(directory.realpath)])
    return found

def _unique(values):
    return {v: None for v in values}.keys()

def _works(rctx, compiler, flags):
    """Whether the compiler can turn a C++ file into an object for this target."""
    rctx.file("probe.cc", "#include <vector>\nint main() { return static_cast<int>(std::vector<int>().size()); }\n")
    return rctx.execute([compiler] + flags + ["-fsyntax-only", "-x", "c++", str(rctx.path("probe.cc"))]).return_code == 0

def _constraints(cpu):
    return ["@platforms//os:linux", "@platforms//cpu:" + cpu]

def _version_of_gcc(cc):
    """As in the program's name: -12 or nothing."""
    number = cc.rpartition("-")[2]
    return "-" + number if number.isdigit() else ""

def _tools(rctx, compiler, cc, prefix):
    """The programs beside a compiler; those of LLVM read what clang of the same version makes."""
    version = cc.rpartition("clang")[2]
    llvm = ["llvm-{}" + version, "llvm-{}"] if compiler == "clang" else []
    tools = {"gcc": cc, "cpp": cc, "dwp": "/bin/false"}
    for tool in ["ar", "ld", "nm", "objcopy", "objdump", "strip"]:
        names = [name.format(tool) for name in llvm + [prefix + "{}"]]
        tools[tool] = _first(rctx, names) or "/bin/false"
    gcov = ["llvm-profdata" + version, "llvm-profdata"] if llvm else [prefix + "gcov" + _version_of_gcc(cc), prefix + "gcov"]
    tools["gcov"] = _first(rctx, gcov) or "/bin/false"
    return tools

def _toolchain(rctx, compiler, cpu, cc, flags, prefix):
    includes = _unique(_includes(rctx, cc, flags, "c++") + _includes(rctx, cc, flags, "c"))
    return _TOOLCHAIN.format(
        id = compiler + "_" + cpu,
        compiler = compiler,
        cpu = cpu,
        includes = includes,
        compile_flags = flags,
        link_flags = flags,
        tools = _tools(rctx, compiler, cc, prefix),
    )

def _registration(name, id, host, cpu):
    return _REGISTRATION.format(
        name = name,
        id = id,
        exec_constraints = _constraints(host),
        target_constraints = _constraints(cpu),
    )

def _impl(rctx):
    host = _host_cpu(rctx)
    host = {"arm64": "aarch64", "amd64": "x86_64"}.get(host, host)
    body = [
        "load(\"@rules_cc//cc/toolchains:cc_toolchain.bzl\", \"cc_toolchain\")\n",
        "load(\"{}\", \"smf_cc_toolchain_config\")\n".format(_CONFIG),
        "\npackage(default_visibility = [\"//visibility:public\"])\n",
        "\nfilegroup(name = \"empty\")\n",
    ]
    defaults = {}
    by_compiler = {"clang": [], "gcc": []}
    found = []
    order = ["gcc", "clang"]
    if rctx.os.environ.get("SMF_CC") == "clang":
        order = ["clang", "gcc"]
    for compiler in order:
        for cpu, triple in _TRIPLES.items():
            native = cpu == host
            prefix = "" if native else triple + "-"
            if compiler == "gcc":
                cc = _first(rctx, [prefix + "gcc" + v for v in _GCC_VERSIONS])
                flags = []
            else:
                cc = _first(rctx, ["clang" + v for v in _CLANG_VERSIONS])
                flags = [] if native else ["--target=" + triple]
            if cc and _works(rctx, cc, flags):
                body.append(_toolchain(rctx, compiler, cpu, cc, flags, prefix))
                id = compiler + "_" + cpu
                body.append(_registration(id, id, host, cpu))
                defaults.setdefault(cpu, _registration(cpu, id, host, cpu))
                by_compiler[compiler].append(_registration(cpu, id, host, cpu))
                found.append("{}: {}".format(id, cc))
    rctx.file("found.txt", "\n".join(found) + "\n")
    rctx.file("BUILD.bazel", "".join(body))
    rctx.file("default/BUILD.bazel", "".join(defaults.values()))
    for compiler, registrations in by_compiler.items():
        # To be asked for one and given the other would look like success.
        rctx.file(compiler + "/BUILD.bazel", "".join(registrations) or "fail(\"No {} on this machine that knows C++23\")\n".format(compiler))

smf_cc_configure = repository_rule(
    implementation = _impl,
    configure = True,
    environ = ["PATH", "SMF_CC"],
    local = True,
)
