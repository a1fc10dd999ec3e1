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

// Writes the file out and drops it from the page cache. How many of its pages are in memory all the
// same, as mincore(2) says: some, where somebody maps it, or where the file system is in memory.
// What lies below (a hypervisor's cache, the drive's) is not asked. Aborts on errors.
std::uint64_t make_cold(const std::string& path);

// Drops it, and reads all of it into `buffer`, which is as large. Aborts on errors.
void read_anew(const std::string& path, std::span<std::byte> buffer);

}  // namespace smf::bench
