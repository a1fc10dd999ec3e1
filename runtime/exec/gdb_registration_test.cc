#include "runtime/exec/gdb_registration.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/exec/frame_description.h"
#include "runtime/exec/tiny_code.h"

namespace smf {
namespace {

// The objects that a debugger which is attached now would find, in the list's order. Also looks at
// the list itself.
std::vector<Bytes> listed() {
  std::vector<Bytes> objects;
  const internal::GdbEntry* previous = nullptr;
  for (const internal::GdbEntry* entry = internal::__jit_debug_descriptor.first; entry != nullptr;
       entry = entry->next) {
    EXPECT_EQ(entry->previous, previous);
    objects.emplace_back(entry->symbol_file, entry->symbol_file_size);
    previous = entry;
  }
  return objects;
}

struct Symbol {
  std::string name{};
  const std::byte* address = nullptr;
  std::size_t size = 0;

  friend bool operator==(const Symbol&, const Symbol&) = default;
};

Elf64_Shdr section(Bytes file, std::string_view wanted) {
  const auto header = load<Elf64_Ehdr>(file, 0);
  const auto at = [&](unsigned number) {
    return load<Elf64_Shdr>(file, header.e_shoff + number * sizeof(Elf64_Shdr));
  };
  const Elf64_Shdr names = at(header.e_shstrndx);
  for (unsigned i = 0; i != header.e_shnum; ++i) {
    const char* const name =
        reinterpret_cast<const char*>(file.data()) + names.sh_offset + at(i).sh_name;
    if (name == wanted) return at(i);
  }
  ADD_FAILURE() << "no section " << wanted;
  return {};
}

std::vector<Symbol> symbols_of(Bytes file) {
  const Elf64_Shdr text = section(file, ".text"), table = section(file, ".symtab"),
                   strings = section(file, ".strtab");
  std::vector<Symbol> symbols;
  for (std::size_t at = table.sh_entsize; at < table.sh_size; at += table.sh_entsize) {
    const auto symbol = load<Elf64_Sym>(file, table.sh_offset + at);
    EXPECT_EQ(symbol.st_info, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
    EXPECT_LE(symbol.st_value + symbol.st_size, text.sh_size);
    const char* const name =
        reinterpret_cast<const char*>(file.data()) + strings.sh_offset + symbol.st_name;
    symbols.push_back(
        {name, reinterpret_cast<const std::byte*>(text.sh_addr) + symbol.st_value, symbol.st_size});
  }
  return symbols;
}

CodeMemory make(std::vector<std::shared_ptr<CodeListener>> listeners) {
  CodeMemoryOptions options;
  options.listeners = std::move(listeners);
  return CodeMemory::create(options).value();
}

const std::byte* add(CodeMemory& memory, std::string_view name) {
  const auto code = code_returning(7);
  auto writer = memory.begin(code.size()).value();
  std::ranges::copy(code, writer.bytes().begin());
  return static_cast<const std::byte*>(writer.commit(name).value());
}

TEST(GdbRegistration, AFunctionIsAnObjectWithItsNameAddressSizeAndFrames) {
  const auto gdb = std::make_shared<GdbRegistration>();
  CodeMemory memory = make({gdb});
  const std::byte* const code = add(memory, "sum$i64");
  const auto objects = listed();
  ASSERT_EQ(objects.size(), 1u);
  const Bytes file = objects[0];

  const auto header = load<Elf64_Ehdr>(file, 0);
  EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  EXPECT_EQ(header.e_type, ET_REL);
  const Bytes block = memory.find(code);
  EXPECT_EQ(symbols_of(file), (std::vector<Symbol>{{"sum$i64", code, block.size()}}));
  const Elf64_Shdr text = section(file, ".text");
  EXPECT_EQ(text.sh_type, SHT_NOBITS);
  EXPECT_EQ(text.sh_size, block.size());

  const Elf64_Shdr frames = section(file, ".eh_frame");
  const ByteVector expected = internal::describe_frames(block);
  ASSERT_TRUE(in_range(frames.sh_offset, frames.sh_size, file.size()));
  EXPECT_TRUE(std::ranges::equal(file.subspan(frames.sh_offset, frames.sh_size), expected));
  EXPECT_TRUE(gdb->status());
}

TEST(GdbRegistration, ABatchIsOneObjectWithAllNames) {
  CodeMemory memory = make({std::make_shared<GdbRegistration>()});
  auto batch = memory.begin_batch(1000).value();
  const auto first = batch.add(20, "first").value();
  const auto unnamed = batch.add(30).value();
  const auto last = batch.add(10, "two\nlines").value();
  const void* const block = batch.commit("whole").value();
  const auto objects = listed();
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(symbols_of(objects[0]), (std::vector<Symbol>{{"first", first.address, 20},
                                                         {"whole", unnamed.address, 30},
                                                         {"two lines", last.address, 10}}));
  memory.free(block).value();
  EXPECT_TRUE(listed().empty());
}

TEST(GdbRegistration, CodeWithoutANameIsCalledByItsAddress) {
  CodeMemory memory = make({std::make_shared<GdbRegistration>()});
  const std::byte* const code = add(memory, {});
  char name[32];
  std::snprintf(name, sizeof name, "jit_%zx", reinterpret_cast<std::size_t>(code));
  EXPECT_EQ(symbols_of(listed().at(0)).at(0).name, name);
}

TEST(GdbRegistration, WhatIsFreedIsNotListedAnyMore) {
  CodeMemory memory = make({std::make_shared<GdbRegistration>()});
  std::vector<const std::byte*> codes;
  for (const char* const name : {"a", "b", "c", "d"}) codes.push_back(add(memory, name));
  const auto names = [] {
    std::string all;
    for (const Bytes file : listed()) all += symbols_of(file).at(0).name;
    return all;
  };
  EXPECT_EQ(names(), "dcba");
  memory.free(codes[1]).value();  // in the middle
  EXPECT_EQ(names(), "dca");
  memory.free(codes[3]).value();  // the first
  EXPECT_EQ(names(), "ca");
  memory.free(codes[0], 1).value();  // the last; somebody may still run it
  EXPECT_EQ(names(), "ca");
  memory.reclaim(1).value();
  EXPECT_EQ(names(), "c");
}

TEST(GdbRegistration, NothingIsListedOnceTheCodeMemoryIsGone) {
  const auto gdb = std::make_shared<GdbRegistration>();
  CodeMemory kept = make({gdb});
  add(kept, "kept");
  {
    CodeMemory memory = make({gdb});
    for (int i = 0; i != 10; ++i) add(memory, "gone");
    EXPECT_EQ(listed().size(), 11u);
  }
  const auto objects = listed();
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(symbols_of(objects[0]).at(0).name, "kept");
}

TEST(GdbRegistration, ThreadsShareTheList) {
  CodeMemory memory = make({std::make_shared<GdbRegistration>()});
  CodeMemory other = make({std::make_shared<GdbRegistration>()});
  std::mutex mutex;
  std::set<std::pair<std::string, const std::byte*>> live;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread != 3; ++thread) {
      threads.emplace_back([&, thread] {
        CodeMemory& own = thread == 0 ? other : memory;
        const std::string name = "of_thread_" + std::to_string(thread);
        for (int i = 0; i != 200; ++i) {
          const std::byte* const code = add(own, name);
          if (i % 4 != 0) {
            own.free(code).value();
          } else {
            const std::lock_guard lock(mutex);
            live.emplace(name, code);
          }
        }
      });
    }
  }
  std::set<std::pair<std::string, const std::byte*>> seen;
  for (const Bytes file : listed()) {
    const Symbol symbol = symbols_of(file).at(0);
    seen.emplace(symbol.name, symbol.address);
  }
  EXPECT_EQ(seen, live);
}

}  // namespace
}  // namespace smf
