"""The rules that other repositories load. What is not here may change at any time."""

load("//toolchain/smf:aspect.bzl", _smf_pack_aspect = "smf_pack_aspect")
load("//toolchain/smf:instantiate.bzl", _smf_instantiate = "smf_instantiate")
load("//toolchain/smf:library.bzl", _smf_library = "smf_library")
load("//toolchain/smf:module.bzl", _smf_module = "smf_module")
load("//toolchain/smf:providers.bzl", _SmfInfo = "SmfInfo", _SmfRuntimeToolchainInfo = "SmfRuntimeToolchainInfo", _SmfToolchainInfo = "SmfToolchainInfo")
load("//toolchain/smf:test.bzl", _smf_test = "smf_test")
load("//toolchain/smf:toolchain.bzl", _smf_runtime = "smf_runtime", _smf_runtime_toolchain = "smf_runtime_toolchain", _smf_toolchain = "smf_toolchain")

SmfInfo = _SmfInfo
SmfRuntimeToolchainInfo = _SmfRuntimeToolchainInfo
SmfToolchainInfo = _SmfToolchainInfo
smf_instantiate = _smf_instantiate
smf_library = _smf_library
smf_module = _smf_module
smf_pack_aspect = _smf_pack_aspect
smf_runtime = _smf_runtime
smf_runtime_toolchain = _smf_runtime_toolchain
smf_test = _smf_test
smf_toolchain = _smf_toolchain
