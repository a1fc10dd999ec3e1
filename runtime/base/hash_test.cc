#include "runtime/base/hash.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace smf {
namespace {

TEST(Fnv1a, MatchesThePublishedVectors) {
  EXPECT_EQ(fnv1a_32(""), 0x811C9DC5u);
  EXPECT_EQ(fnv1a_32("a"), 0xE40C292Cu);
  EXPECT_EQ(fnv1a_32("foobar"), 0xBF9CF968u);
}

TEST(Xxh3, OfNothingIsThePublishedConstant) {
  EXPECT_EQ(xxh3_64({}), 0x2D06800538D394C2u);
  EXPECT_EQ(xxh3_128({}), (Hash128{0x6001C324468D497Fu, 0x99AA06D3014798D8u}));
}

TEST(Xxh3Stream, GivesBothWidthsOfTheWholeWhateverThePieces) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 7);
  for (const std::size_t piece : {1u, 3u, 64u, 1000u, 5000u}) {
    Xxh3Stream stream;
    for (std::size_t at = 0; at < text.size(); at += piece)
      stream.update(as_bytes(std::string_view(text).substr(at, piece)));
    EXPECT_EQ(stream.digest_64(), xxh3_64(as_bytes(text)));
    EXPECT_EQ(stream.digest_128(), xxh3_128(as_bytes(text)));
  }
}

TEST(Xxh3Stream, CountsZerosAsBytes) {
  const std::string zeros(10'000, '\0');
  Xxh3Stream stream;
  stream.update_zeros(zeros.size());
  EXPECT_EQ(stream.digest_128(), xxh3_128(as_bytes(zeros)));
}

TEST(Xxh3Stream, CloneGoesOnFromTheSamePlace) {
  Xxh3Stream first;
  first.update(as_bytes("same start, "));
  Xxh3Stream second = first.clone();
  first.update(as_bytes("one end"));
  second.update(as_bytes("another end"));
  EXPECT_EQ(first.digest_64(), xxh3_64(as_bytes("same start, one end")));
  EXPECT_EQ(second.digest_64(), xxh3_64(as_bytes("same start, another end")));
}

TEST(Bytes, RangesDoNotWrap) {
  EXPECT_TRUE(in_range(0, 0, 0));
  EXPECT_TRUE(in_range(4, 4, 8));
  EXPECT_FALSE(in_range(5, 4, 8));
  EXPECT_FALSE(in_range(~0ull, 2, 8));
  EXPECT_FALSE(in_range(2, ~0ull, 8));
}

}  // namespace
}  // namespace smf
