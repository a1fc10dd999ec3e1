"""The C++ toolchain configuration: which flags a compiler is given, and when.

Feature names follow the ones of rules_cc's own Unix toolchain where it has them, so
`--features=asan` means the same with either.
"""

load("@rules_cc//cc:action_names.bzl", "ALL_CC_COMPILE_ACTION_NAMES", "ALL_CC_LINK_ACTION_NAMES", "ALL_CPP_COMPILE_ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "env_entry",
    "env_set",
    "feature",
    "feature_set",
    "flag_group",
    "flag_set",
    "tool_path",
    "with_feature_set",
)
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")

_COMPILE = ALL_CC_COMPILE_ACTION_NAMES
_CPP = ALL_CPP_COMPILE_ACTION_NAMES
_LINK = ALL_CC_LINK_ACTION_NAMES

def _set(actions, flags, when = None, unless = None):
    """A flag_set, or None where there is no flag."""
    if not flags:
        return None
    conditions = []
    if when or unless:
        conditions = [with_feature_set(features = when or [], not_features = unless or [])]
    return flag_set(actions = actions, flag_groups = [flag_group(flags = flags)], with_features = conditions)

def _feature(name, sets = [], enabled = False, **kwargs):
    return feature(name = name, enabled = enabled, flag_sets = [s for s in sets if s], **kwargs)

def _sanitizer(name, flags, link_flags = [], conflicts = None):
    return _feature(
        name,
        [
            _set(_COMPILE, flags + ["-fno-omit-frame-pointer", "-g1", "-O1"]),
            _set(_LINK, flags + link_flags),
        ],
        provides = conflicts or [],
    )

def _impl(ctx):
    clang = ctx.attr.compiler == "clang"
    x86 = ctx.attr.cpu == "x86_64"
    arm = ctx.attr.cpu == "aarch64"
    branch_protection = ["-fcf-protection=full"] if x86 else ["-mbranch-protection=standard"] if arm else []

    features = [
        feature(name = "supports_pic", enabled = True),
        feature(name = "supports_dynamic_linker", enabled = True),
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        _feature("default_compile_flags", enabled = True, sets = [
            _set(_COMPILE, ctx.attr.compile_flags + ["-fno-omit-frame-pointer", "-fdiagnostics-color=auto"]),
            _set(_COMPILE, ["-O0", "-g"], when = ["dbg"]),
            _set(_COMPILE, ["-O0", "-g1"], when = ["fastbuild"]),
            _set(_COMPILE, ["-O2", "-g1", "-DNDEBUG", "-ffunction-sections", "-fdata-sections"], when = ["opt"]),
            _set(_CPP, ["-std=" + ctx.attr.cxx_standard]),
        ]),
        _feature("default_link_flags", enabled = True, sets = [
            _set(_LINK, ctx.attr.link_flags + ["-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,--build-id=sha1"]),
            _set(_LINK, ["-Wl,--gc-sections"], when = ["opt"]),
        ]),

        # Two checkouts in different folders give the same bytes. Debug information names the folder
        # of the compiler: one name for whatever it is. What a compiler calls at random, once it leaves
        # code or counters for later, is called as the output.
        feature(
            name = "deterministic",
            enabled = True,
            env_sets = [env_set(actions = _COMPILE + _LINK, env_entries = [env_entry("PWD", "/proc/self/cwd")])],
        ),
        feature(
            name = "random_seed",
            enabled = True,
            flag_sets = [flag_set(actions = _COMPILE, flag_groups = [flag_group(
                flags = ["-frandom-seed=%{output_file}"],
                expand_if_available = "output_file",
            )], with_features = [with_feature_set(features = [f]) for f in ["coverage", "lto"]])],
        ),
        _feature("redacted_macros", enabled = True, sets = [
            _set(_COMPILE, [
                "-no-canonical-prefixes",
                "-Wno-builtin-macro-redefined",
                "-D__DATE__=\"redacted\"",
                "-D__TIMESTAMP__=\"redacted\"",
                "-D__TIME__=\"redacted\"",
            ]),

            # Or dependency files name where links in /usr/include lead to.
            _set(_COMPILE, [] if clang else ["-fno-canonical-system-headers"]),
        ]),
        _feature("warnings", enabled = True, sets = [
            _set(_COMPILE, ["-Wall", "-Wextra", "-Wformat=2", "-Wundef"]),
            _set(_CPP, ["-Wnon-virtual-dtor", "-Woverloaded-virtual"]),
        ]),
        _feature("treat_warnings_as_errors", [_set(_COMPILE, ["-Werror"]), _set(_LINK, ["-Wl,--fatal-warnings"])]),

        # -O1 or more is what makes the compiler see buffer sizes: opt only.
        _feature("hardening", [
            _set(_COMPILE, ["-fstack-protector-strong", "-fstack-clash-protection", "-ftrivial-auto-var-init=zero"] + branch_protection),
            _set(_CPP, ["-D_GLIBCXX_ASSERTIONS"]),
            _set(_COMPILE, ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3"], when = ["opt"], unless = ["asan"]),
        ]),
        _sanitizer("asan", ["-fsanitize=address"], conflicts = ["shadow_memory"]),
        _sanitizer("tsan", ["-fsanitize=thread"], conflicts = ["shadow_memory"]),
        # Code made at run time has no type in front of it, which clang's check of calls reads.
        _sanitizer("ubsan", ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"] + (["-fno-sanitize=function"] if clang else []), link_flags = ["-fsanitize-link-c++-runtime"] if clang else []),

        # For the target with LLVMFuzzerTestOneInput. Only clang has it.
        _feature("fuzzer", [
            _set(_COMPILE, ["-fsanitize=fuzzer-no-link"]),
            _set(_LINK, ["-fsanitize=fuzzer"]),
        ] if clang else []),

        # Not "thin_lto": Bazel gives that name a meaning of its own (an index per link).
        _feature("lto", [
            _set(_COMPILE, ["-flto=thin"] if clang else ["-flto=auto", "-ffat-lto-objects"]),
            _set(_LINK, ["-flto=thin", "-fuse-ld=lld"] if clang else ["-flto=auto"]),
        ]),
        _feature("coverage", provides = ["profile"]),
        _feature("gcc_coverage_map_format", [
            _set(_COMPILE, ["-fprofile-arcs", "-ftest-coverage"]),
            _set(_LINK, ["--coverage"]),
        ], requires = [feature_set(features = ["coverage"])], provides = ["coverage_format"]),
        _feature("llvm_coverage_map_format", [
            _set(_COMPILE, ["-fprofile-instr-generate", "-fcoverage-mapping"]),
            _set(_LINK, ["-fprofile-instr-generate"]),
        ], requires = [feature_set(features = ["coverage"])], provides = ["coverage_format"]),

        # Last, to come after the libraries that need them.
        _feature("default_libs", enabled = True, sets = [_set(_LINK, ["-lstdc++", "-lm"])]),
    ]

    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = "{}-linux-{}".format(ctx.attr.compiler, ctx.attr.cpu),
        compiler = ctx.attr.compiler,
        features = features,
        cxx_builtin_include_directories = ctx.attr.builtin_include_directories,
        tool_paths = [tool_path(name = n, path = p) for n, p in ctx.attr.tool_paths.items()],
        # Bazel 4.2 insists on these; later ones ignore them.
        host_system_name = "local",
        target_system_name = "local",
        target_cpu = ctx.attr.cpu,
        target_libc = "glibc",
        abi_version = "unknown",
        abi_libc_version = "unknown",
    )

smf_cc_toolchain_config = rule(
    implementation = _impl,
    attrs = {
        "builtin_include_directories": attr.string_list(mandatory = True),
        "compile_flags": attr.string_list(),
        "compiler": attr.string(mandatory = True, values = ["clang", "gcc"]),
        "cpu": attr.string(mandatory = True),
        "cxx_standard": attr.string(default = "c++23"),
        "link_flags": attr.string_list(),
        "tool_paths": attr.string_dict(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)
