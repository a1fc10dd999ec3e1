// The 44 cases of the language's own class, by number and name, each on modules that are packed
// here. Where ours goes beyond, or differs for a reason, the case says so.
#include <gtest/gtest.h>

#include <string>

#include "runtime/jit/jit_testing.h"
#include "runtime/jit/symbol_resolver.h"

namespace smf {
namespace {

class JitBehaviour : public JitModules {
 protected:
  const std::string templates_ = calling("fn", {}, 1) + calling("id", {}, 2);

  // Possible: fn$Vec$i64, whose template nobody has a body of two parameters for; id$i64, id$f64.
  std::string add_listed(std::string_view name = "a.smf") {
    return add(
        name,
        note_text({{"Vec", "i64", "fn$Vec$i64"}, {"id", "i64", "id$i64"}, {"id", "f64", "id$f64"}},
                  {{"Main", "i64", "Main$i64"}}),
        templates_);
  }
};

// ---- Config ----

TEST_F(JitBehaviour, Case01DefaultValues) {
  const JitOptions options;
  // The reference updates at once; the default here is deferred (docs/jit.md).
  EXPECT_EQ(options.update_mode, UpdateMode::kDeferred);
  EXPECT_EQ(options.max_depth, 50u);
  EXPECT_TRUE(options.enabled);
  EXPECT_FALSE(options.verbose);
  EXPECT_FALSE(options.missing_files_ok);
  EXPECT_EQ(options.trust_persisted, TrustPersisted::kOwnerOnly);
}

TEST_F(JitBehaviour, Case02CustomValues) {
  const auto jit = make({.update_mode = UpdateMode::kSync, .max_depth = 7, .verbose = true});
  EXPECT_EQ(jit->options().update_mode, UpdateMode::kSync);
  EXPECT_EQ(jit->options().max_depth, 7u);
  EXPECT_TRUE(jit->options().verbose);
}

TEST_F(JitBehaviour, Case03Disabled) {
  const auto jit = make({.enabled = false});
  EXPECT_FALSE(jit->options().enabled);
}

// ---- Result ----

TEST_F(JitBehaviour, Case04Success) {
  const JitResult result = JitSuccess{.symbol = "f", .address = &templates_};
  EXPECT_TRUE(result.is_success());
  EXPECT_FALSE(result.is_error());
  EXPECT_EQ(result.address(), &templates_);
}

TEST_F(JitBehaviour, Case05SuccessWithoutAddress) {
  const JitResult result = JitSuccess{.symbol = "f"};
  EXPECT_TRUE(result.is_success());
  EXPECT_EQ(result.address(), nullptr);
}

TEST_F(JitBehaviour, Case06CompilationError) {
  const JitResult result = JitCompilationError{"no"};
  EXPECT_FALSE(result.is_success());
  EXPECT_TRUE(result.is_error());
  EXPECT_EQ(result.describe(), "no");
}

TEST_F(JitBehaviour, Case07CircularDependency) {
  const JitResult result = JitCircularDependency{{"a", "b", "a"}};
  EXPECT_FALSE(result.is_success());
  EXPECT_TRUE(result.is_error());
  EXPECT_EQ(result.describe(), "circular dependency: a -> b -> a");
}

TEST_F(JitBehaviour, Case08UpdateFailed) {
  const JitResult result = JitUpdateFailed{"f", {.message = "read-only"}};
  EXPECT_FALSE(result.is_success());
  EXPECT_TRUE(result.is_error());
  EXPECT_EQ(result.describe(), "f was compiled, but its note was not updated: read-only");
}

TEST_F(JitBehaviour, Case09NotFound) {
  const JitResult result = JitNotFound{"f"};
  EXPECT_FALSE(result.is_success());
  EXPECT_FALSE(result.is_error());
  EXPECT_EQ(result.address(), nullptr);
}

// ---- Construction ----

TEST_F(JitBehaviour, Case10StatsAreZero) {
  const auto jit = make();
  const JitStats stats = jit->stats();
  EXPECT_EQ(stats.cached_count, 0u);
  EXPECT_EQ(stats.loaded_smf_count, 0u);
}

TEST_F(JitBehaviour, Case11ConfigIsKept) {
  const auto jit = make({.update_mode = UpdateMode::kOff, .max_depth = 3});
  EXPECT_EQ(jit->options().max_depth, 3u);
  EXPECT_EQ(jit->options().update_mode, UpdateMode::kOff);
}

TEST_F(JitBehaviour, Case12CachesAreEmpty) {
  const auto jit = make();
  EXPECT_EQ(jit->metadata("a.smf"), std::nullopt);
  EXPECT_EQ(jit->find_possible("id$i64"), std::nullopt);
  EXPECT_FALSE(jit->forget("id$i64"));
}

// ---- Metadata ----

TEST_F(JitBehaviour, Case13LoadAModule) {
  const auto jit = make();
  const std::string path = add_listed();
  load(*jit, path);
  const auto metadata = jit->metadata(path);
  ASSERT_TRUE(metadata);
  ASSERT_EQ(metadata->possible.size(), 3u);
  ASSERT_EQ(metadata->instantiations.size(), 1u);
  EXPECT_EQ(metadata->possible[1].mangled_name, "id$i64");
  EXPECT_EQ(metadata->possible[1].template_name, "id");
  EXPECT_EQ(metadata->possible[1].type_args, "i64");
  EXPECT_EQ(metadata->instantiations[0].mangled_name, "Main$i64");
  EXPECT_EQ(metadata->instantiations[0].status, "compiled");
}

TEST_F(JitBehaviour, Case14LoadingTwiceReplaces) {
  const auto jit = make();
  const std::string path = add_listed();
  load(*jit, path);
  write_file(path, module_bytes(note_text({{"id", "u8", "id$u8"}}), templates_));
  load(*jit, path);
  EXPECT_EQ(jit->stats().loaded_smf_count, 1u);
  ASSERT_EQ(jit->metadata(path)->possible.size(), 1u);
  EXPECT_TRUE(jit->can_jit_instantiate("id$u8"));
  EXPECT_FALSE(jit->can_jit_instantiate("id$i64"));
}

TEST_F(JitBehaviour, Case15MissingFile) {
  const std::string path = folder_ + "/missing.smf";
  const auto jit = make();
  const auto loaded = jit->load_metadata(path);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().path, path);
  EXPECT_EQ(jit->stats().loaded_smf_count, 0u);
  // The reference runs this against a stub that takes any path.
  const auto lenient = make({.update_mode = UpdateMode::kOff, .missing_files_ok = true});
  load(*lenient, path);
  EXPECT_EQ(lenient->stats().loaded_smf_count, 1u);
  EXPECT_TRUE(lenient->metadata(path)->possible.empty());
}

TEST_F(JitBehaviour, Case16TwoFiles) {
  const auto jit = make();
  load(*jit, add_listed("a.smf"));
  load(*jit, add_listed("b.smf"));
  EXPECT_EQ(jit->stats().loaded_smf_count, 2u);
}

// ---- Symbols ----

TEST_F(JitBehaviour, Case17DisabledCannot) {
  const auto jit = make({.enabled = false});
  load(*jit, add_listed());
  EXPECT_FALSE(jit->can_jit_instantiate("fn$Vec$i64"));
}

TEST_F(JitBehaviour, Case18UnknownCannot) {
  const auto jit = make();
  load(*jit, add_listed());
  EXPECT_FALSE(jit->can_jit_instantiate("unknown$i64"));
  // Compiled ahead of time is not for the JIT.
  EXPECT_FALSE(jit->can_jit_instantiate("Main$i64"));
}

TEST_F(JitBehaviour, Case19ListedCan) {
  const auto jit = make();
  load(*jit, add_listed());
  EXPECT_TRUE(jit->can_jit_instantiate("fn$Vec$i64"));
}

TEST_F(JitBehaviour, Case20FindUnknown) {
  const auto jit = make();
  load(*jit, add_listed());
  EXPECT_EQ(jit->find_possible("unknown"), std::nullopt);
}

TEST_F(JitBehaviour, Case21FindListed) {
  const auto jit = make();
  const std::string path = add_listed();
  load(*jit, path);
  const auto found = jit->find_possible("fn$Vec$i64");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->module, path);
  EXPECT_EQ(found->row.template_name, "Vec");
  EXPECT_EQ(found->row.type_args, "i64");
}

// ---- Compiling ----

TEST_F(JitBehaviour, Case22DisabledIsNotFound) {
  const auto jit = make({.enabled = false});
  load(*jit, add_listed());
  const JitResult result = jit->try_jit_instantiate("id$i64");
  ASSERT_TRUE(std::holds_alternative<JitNotFound>(result)) << result.describe();
  EXPECT_EQ(std::get<JitNotFound>(result).symbol, "id$i64");
}

TEST_F(JitBehaviour, Case23MaximumDepth) {
  JitInstantiator* inner = nullptr;
  std::string message;
  auto compiler = std::make_shared<ForeignCompiler>(
      [&](const TemplateRequest& request) -> Result<codegen::Code> {
        const bool is_first = request.symbol == "id$i64";
        const JitResult next = inner->try_jit_instantiate(is_first ? "id$f64" : "fn$Vec$i64");
        if (!is_first) message = error_of(next);
        return numbered_code({{std::string(request.symbol), {}}});
      });
  const auto jit = make({.update_mode = UpdateMode::kOff, .max_depth = 2, .compiler = compiler});
  inner = jit.get();
  load(*jit, add_listed());
  expect_made(jit->try_jit_instantiate("id$i64"), "id$i64");
  EXPECT_EQ(message, "Maximum JIT depth (2) exceeded: id$i64 -> id$f64 -> fn$Vec$i64");
  const auto none = make({.update_mode = UpdateMode::kOff, .max_depth = 0});
  EXPECT_EQ(error_of(none->try_jit_instantiate("id$i64")),
            "Maximum JIT depth (0) exceeded: id$i64");
}

TEST_F(JitBehaviour, Case24Cached) {
  const auto jit = make();
  load(*jit, add_listed());
  const JitResult first = jit->try_jit_instantiate("id$i64");
  expect_made(first, "id$i64");
  const JitResult second = jit->try_jit_instantiate("id$i64");
  EXPECT_EQ(second.address(), first.address());
  EXPECT_EQ(std::get<JitSuccess>(second).symbol, "id$i64");
  EXPECT_EQ(numbering_->count("id$i64"), 1);
}

TEST_F(JitBehaviour, Case25InProgress) {
  JitInstantiator* inner = nullptr;
  JitResult again;
  auto compiler = std::make_shared<ForeignCompiler>(
      [&](const TemplateRequest& request) -> Result<codegen::Code> {
        if (request.symbol == "id$i64") {
          EXPECT_TRUE(inner->try_jit_instantiate("id$f64").is_success());
        } else {
          again = inner->try_jit_instantiate("id$i64");
        }
        return numbered_code({{std::string(request.symbol), {}}});
      });
  const auto jit = make({.update_mode = UpdateMode::kOff, .compiler = compiler});
  inner = jit.get();
  load(*jit, add_listed());
  expect_made(jit->try_jit_instantiate("id$i64"), "id$i64");
  ASSERT_TRUE(std::holds_alternative<JitCircularDependency>(again)) << again.describe();
  EXPECT_EQ(std::get<JitCircularDependency>(again).cycle,
            (std::vector<std::string>{"id$i64", "id$f64", "id$i64"}));
}

TEST_F(JitBehaviour, Case26UnknownIsNotFound) {
  const auto jit = make();
  load(*jit, add_listed());
  const JitResult result = jit->try_jit_instantiate("unknown$i64");
  EXPECT_TRUE(std::holds_alternative<JitNotFound>(result)) << result.describe();
  EXPECT_TRUE(std::holds_alternative<JitNotFound>(jit->try_jit_instantiate("Main$i64")));
}

// ---- Updates ----

class JitUpdates : public JitBehaviour {
 protected:
  // The note of the file as it is.
  JitMetadata on_disk(const std::string& path) {
    const auto other = make();
    load(*other, path);
    return other->metadata(path).value_or(JitMetadata{});
  }
};

TEST_F(JitUpdates, Case27RowMoves) {
  const auto jit = make({.update_mode = UpdateMode::kSync});
  const std::string path = add("one.smf", note_text({{"id", "i64", "id$i64"}}), templates_);
  load(*jit, path);
  expect_made(jit->try_jit_instantiate("id$i64"), "id$i64");
  for (const JitMetadata& now : {*jit->metadata(path), on_disk(path)}) {
    EXPECT_EQ(now.possible.size(), 0u);
    ASSERT_EQ(now.instantiations.size(), 1u);
    EXPECT_EQ(now.instantiations[0].mangled_name, "id$i64");
    EXPECT_EQ(now.instantiations[0].to_obj, "jit_memory");
  }
}

TEST_F(JitUpdates, Case28OnlyThatRow) {
  const auto jit = make({.update_mode = UpdateMode::kSync});
  const std::string path = add_listed();
  load(*jit, path);
  expect_made(jit->try_jit_instantiate("id$f64"), "id$f64");
  for (const JitMetadata& now : {*jit->metadata(path), on_disk(path)}) {
    ASSERT_EQ(now.possible.size(), 2u);
    EXPECT_EQ(now.possible[0].mangled_name, "fn$Vec$i64");
    EXPECT_EQ(now.possible[1].mangled_name, "id$i64");
  }
}

TEST_F(JitUpdates, Case29AppendedAfterExistingRows) {
  const auto jit = make({.update_mode = UpdateMode::kSync});
  const std::string path = add_listed();
  load(*jit, path);
  expect_made(jit->try_jit_instantiate("id$f64"), "id$f64");
  for (const JitMetadata& now : {*jit->metadata(path), on_disk(path)}) {
    ASSERT_EQ(now.instantiations.size(), 2u);
    EXPECT_EQ(now.instantiations[0].mangled_name, "Main$i64");
    EXPECT_EQ(now.instantiations[1].mangled_name, "id$f64");
    EXPECT_EQ(now.instantiations[1].status, "jit_compiled");
  }
}

TEST_F(JitUpdates, Case30UnknownModuleIsNoError) {
  const auto jit = make({.update_mode = UpdateMode::kSync});
  EXPECT_TRUE(jit->update_note(folder_ + "/nowhere.smf", "id$i64"));
  const std::string path = add_listed();
  load(*jit, path);
  EXPECT_TRUE(jit->update_note(path, "unknown"));
  EXPECT_EQ(on_disk(path).possible.size(), 3u);
  EXPECT_TRUE(jit->update_note(path, "id$i64"));
  EXPECT_EQ(on_disk(path).possible.size(), 2u);
}

TEST_F(JitUpdates, Case31OffIsRespected) {
  const auto jit = make({.update_mode = UpdateMode::kOff});
  const std::string path = add_listed();
  load(*jit, path);
  const std::string before = read_file(path);
  expect_made(jit->try_jit_instantiate("id$i64"), "id$i64");
  EXPECT_TRUE(jit->flush());
  EXPECT_EQ(read_file(path), before);
  EXPECT_EQ(jit->metadata(path)->possible.size(), 3u);
}

// ---- Stats ----

TEST_F(JitBehaviour, Case32Zero) {
  const JitStats stats = make()->stats();
  EXPECT_EQ(stats.cached_count, 0u);
  EXPECT_EQ(stats.loaded_smf_count, 0u);
  EXPECT_EQ(stats.smf_cache_hits, 0u);
  EXPECT_EQ(stats.smf_cache_misses, 0u);
  EXPECT_EQ(stats.smf_files_mapped, 0u);
  EXPECT_EQ(stats.smf_memory_mapped, 0u);
  EXPECT_EQ(stats.persisted_hits, 0u);
  EXPECT_EQ(stats.compile_ns, 0u);
  EXPECT_EQ(stats.code_bytes, 0u);
}

TEST_F(JitBehaviour, Case33TwoCached) {
  const auto jit = make();
  load(*jit, add_listed());
  expect_made(jit->try_jit_instantiate("id$i64"), "id$i64");
  expect_made(jit->try_jit_instantiate("id$f64"), "id$f64");
  const JitStats stats = jit->stats();
  EXPECT_EQ(stats.cached_count, 2u);
  EXPECT_EQ(stats.compiled, 2u);
  EXPECT_GT(stats.compile_ns, 0u);
  EXPECT_GT(stats.code_bytes, 0u);
}

TEST_F(JitBehaviour, Case34ThreeLoads) {
  const auto jit = make();
  for (const char* const name : {"a.smf", "b.smf", "c.smf"}) load(*jit, add_listed(name));
  const JitStats stats = jit->stats();
  EXPECT_EQ(stats.loaded_smf_count, 3u);
  EXPECT_EQ(stats.smf_cache_misses, 3u);
  EXPECT_EQ(stats.smf_files_mapped, 3u);
  EXPECT_GT(stats.smf_memory_mapped, 0u);
}

// ---- Resolver ----

const void* at(std::uintptr_t address) { return reinterpret_cast<const void*>(address); }

TEST_F(JitBehaviour, Case35ResolverUnknown) {
  const auto jit = make();
  EXPECT_EQ(JitSymbolResolver(*jit).resolve("unknown"), nullptr);
}

TEST_F(JitBehaviour, Case36ResolverDisabled) {
  const auto jit = make({.enabled = false});
  load(*jit, add_listed());
  EXPECT_EQ(JitSymbolResolver(*jit).resolve("id$i64"), nullptr);
}

TEST_F(JitBehaviour, Case37Register) {
  const auto jit = make();
  JitSymbolResolver resolver(*jit);
  ASSERT_TRUE(resolver.register_symbol("own", at(0x1000)));
  EXPECT_EQ(jit->registered_symbol("own"), at(0x1000));
}

TEST_F(JitBehaviour, Case38RegisterAgainReplaces) {
  const auto jit = make();
  JitSymbolResolver resolver(*jit);
  ASSERT_TRUE(resolver.register_symbol("own", at(0x1000)));
  ASSERT_TRUE(resolver.register_symbol("own", at(0x2000)));
  EXPECT_EQ(resolver.resolve("own"), at(0x2000));
}

TEST_F(JitBehaviour, Case39ResolveRegistered) {
  const auto jit = make();
  load(*jit, add_listed());
  JitSymbolResolver resolver(*jit);
  ASSERT_TRUE(resolver.register_symbol("id$i64", at(0x1000)));
  EXPECT_EQ(resolver.resolve("id$i64"), at(0x1000));
  EXPECT_EQ(numbering_->count("id$i64"), 0);
}

TEST_F(JitBehaviour, Case40ResolveUnknown) {
  const auto jit = make();
  JitSymbolResolver resolver(*jit);
  ASSERT_TRUE(resolver.register_symbol("own", at(0x1000)));
  EXPECT_EQ(resolver.resolve("other"), nullptr);
}

TEST_F(JitBehaviour, Case41ListedNameWithoutMetadata) {
  const auto jit = make();
  add_listed();
  EXPECT_EQ(JitSymbolResolver(*jit).resolve("fn$Vec$i64"), nullptr);
}

TEST_F(JitBehaviour, Case42CachedResolvesTwice) {
  const auto jit = make();
  load(*jit, add_listed());
  JitSymbolResolver resolver(*jit);
  const void* const first = resolver.resolve("id$i64");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(resolver.resolve("id$i64"), first);
  EXPECT_EQ(jit->stats().compiled, 1u);
}

TEST_F(JitBehaviour, Case43LoadSmf) {
  const auto jit = make();
  JitSymbolResolver resolver(*jit);
  ASSERT_TRUE(resolver.load_smf(add_listed()));
  EXPECT_EQ(jit->stats().loaded_smf_count, 1u);
  EXPECT_NE(resolver.resolve("id$i64"), nullptr);
}

TEST_F(JitBehaviour, Case44InvalidPath) {
  const auto jit = make();
  JitSymbolResolver resolver(*jit);
  EXPECT_FALSE(resolver.load_smf(folder_ + "/no/such.smf"));
  write_file(folder_ + "/text.smf", "this is no module");
  EXPECT_FALSE(resolver.load_smf(folder_ + "/text.smf"));
  EXPECT_EQ(jit->stats().loaded_smf_count, 0u);
  const auto lenient = make({.update_mode = UpdateMode::kOff, .missing_files_ok = true});
  EXPECT_TRUE(JitSymbolResolver(*lenient).load_smf(folder_ + "/no/such.smf"));
  EXPECT_TRUE(JitSymbolResolver(*lenient).load_smf(folder_ + "/text.smf"));
}

}  // namespace
}  // namespace smf
