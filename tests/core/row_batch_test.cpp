#include "framework/core/row_batch.h"

#include <gtest/gtest.h>

#include <string>

#include "framework/core/philox.h"

namespace coldframe {
namespace {

std::string random_bytes(std::size_t count) {
  const KeyedRandom random(4, Purpose::subsample);
  std::string bytes;
  for (std::uint32_t i = 0; i < count; ++i) bytes += static_cast<char>(random.block(UserKey(count), 0, 0, i)[0]);
  return bytes;
}

TEST(RowBatch, digests_rows_of_any_length_as_one_by_one) {
  for (const std::size_t row_bytes : {1, 7, 8, 9, 16, 31, 90, 170}) {
    for (const std::size_t rows : {0, 1, 7, 8, 9, 40}) {
      const std::string bytes = random_bytes(rows * row_bytes);
      RowDigest one_by_one;
      for (std::size_t r = 0; r < rows; ++r) {
        one_by_one.add_row(std::string_view(bytes).substr(r * row_bytes, row_bytes));
      }
      EXPECT_EQ(digest_rows(bytes, row_bytes).hex(), one_by_one.hex()) << rows << " rows of " << row_bytes;
    }
  }
}

}  // namespace
}  // namespace coldframe
