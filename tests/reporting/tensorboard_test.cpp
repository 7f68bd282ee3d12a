#include "framework/reporting/tensorboard.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "framework/core/atomic_file.h"
#include "framework/reporting/crc32c.h"
#include "tests/reporting/outside_program.h"
#include "tests/reporting/tiny_records.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using namespace std::string_literals;
using testing::TemporaryFolder;

std::string little_endian(std::uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

TEST(TensorBoard, writes_the_bytes_computed_by_hand) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  MetricsTable metrics{{300}, {"step"}, {{"loss", {1.5}}, {"score", {none}}}};
  TemporaryFolder folder;
  write_tensorboard(folder / k_tensorboard_name, metrics, 2.0);
  // 09 + double 2.0 | 10 + varint step | 1a + length 13 + text
  const std::string version = "\x09\x00\x00\x00\x00\x00\x00\x00\x40\x10\x00\x1a\x0d"s + "brain.Event:2";
  // step 300 = ac 02; summary 2a, length 18: value 0a, length 16: tag 0a, length 9, text; value 15 + float 1.5 =
  // 3fc00000
  const std::string event = "\x09\x00\x00\x00\x00\x00\x00\x00\x40\x10\xac\x02\x2a\x12\x0a\x10\x0a\x09"s + "step/loss" +
                            "\x15\x00\x00\xc0\x3f"s;
  std::string expected;
  for (const std::string& message : {version, event}) {
    const std::string length = std::string(1, static_cast<char>(message.size())) + std::string(7, '\0');
    expected += length + little_endian(masked_crc32c(length)) + message + little_endian(masked_crc32c(message));
  }
  EXPECT_EQ(read_file(folder / k_tensorboard_name), expected);
}

TEST(TensorBoard, is_read_by_tensorboard_itself) {
  const std::string python = testing::report_python("tensorboard");
  if (python.empty())
    GTEST_SKIP() << "no Python with tensorboard (set COLDFRAME_REPORT_PYTHON)";
  TemporaryFolder folder;
  const MetricsTable metrics = testing::tiny_run({}).metrics;
  write_tensorboard(folder / k_tensorboard_name, metrics, 100.0);
  const std::string program =
      "import sys\n"
      "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
      "a = EventAccumulator(sys.argv[1]); a.Reload()\n"
      "for tag in sorted(a.Tags()['scalars']):\n"
      "    e = a.Scalars(tag); print(tag, len(e), e[-1].step, round(e[-1].value, 6), e[-1].wall_time)\n";
  const testing::Finished finished = testing::run_outside({python, "-c", program, folder.path().string()});
  ASSERT_EQ(finished.status, 0) << finished.output;
  // 30 steps of 0.25 s from second 100 on
  EXPECT_NE(finished.output.find("step/loss 30 30 0.1 107.5\n"), std::string::npos) << finished.output;
  EXPECT_NE(finished.output.find("validation/score 3 30 0.3 107.5\n"), std::string::npos) << finished.output;
}

}  // namespace
}  // namespace coldframe
