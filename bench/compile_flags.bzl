"""A header that tells a program how it was compiled."""

load("@rules_cc//cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")

# What changes code: no warnings, no paths, no words for messages.
_KEPT = ("-O", "-f", "-m", "-g", "-std=", "-D", "-U")
_LEFT_OUT = ("-fdiagnostics", "-D__DATE__", "-D__TIME", "-frandom-seed", "-fno-canonical-system-headers")

def _compile_flags_impl(ctx):
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts,
    )
    flags = [
        flag
        for flag in cc_common.get_memory_inefficient_command_line(
            feature_configuration = features,
            action_name = CPP_COMPILE_ACTION_NAME,
            variables = variables,
        )
        if flag.startswith(_KEPT) and not flag.startswith(_LEFT_OUT)
    ]
    text = " ".join(flags).replace("\\", "\\\\").replace("\"", "\\\"")
    header = ctx.actions.declare_file(ctx.attr.name)
    ctx.actions.write(header, "\n".join([
        "#pragma once",
        "#define SMF_COMPILE_FLAGS \"{}\"".format(text),
        "#define SMF_COMPILATION_MODE \"{}\"".format(ctx.var["COMPILATION_MODE"]),
        "",
    ]))
    return [DefaultInfo(files = depset([header]))]

compile_flags = rule(
    implementation = _compile_flags_impl,
    attrs = {
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    doc = "Declares the header NAME with SMF_COMPILE_FLAGS and SMF_COMPILATION_MODE, two strings.",
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(),
)
