// Which of a file's pages are in memory, and how they got there.
//
// A kernel keeps neighbouring pages of a file together in larger pieces ("folios") where it can, by
// how they were written or read, and maps a piece of 2 MiB at one fault. So two files of the same
// bytes, both in memory, can differ by a factor in what a fault costs. To measure the same thing
// each time, a file is dropped and read once, from start to end.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace smf::bench {

// os::drop_pages() of the file at `path`: how many of its pages are in memory all the same. Aborts
// on errors.
std::uint64_t make_cold(const std::string& path);

// Drops it, and reads all of it into `buffer`, which is as large. Aborts on errors.
void read_anew(const std::string& path, std::span<std::byte> buffer);

}  // namespace smf::bench
