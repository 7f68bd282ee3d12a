#include "framework/reporting/crc32c.h"

#include <gtest/gtest.h>

namespace coldframe {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, agrees_with_the_vectors_of_rfc_3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

// 0xE3069283 >> 15 is 0x1C60D, << 17 is 0x25060000; together 0x2507C60D, plus 0xA282EAD8 is 0xC78AB0E5.
TEST(Crc32c, is_masked_by_a_rotation_and_an_offset) { EXPECT_EQ(masked_crc32c("123456789"), 0xC78AB0E5U); }

}  // namespace
}  // namespace coldframe
