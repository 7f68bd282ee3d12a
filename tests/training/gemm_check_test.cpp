#include "framework/training/gemm_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Topology host(std::vector<int> cores, int ranks) {
  const std::vector<detail::Placement> placements(static_cast<std::size_t>(ranks), {"a", std::move(cores), 0});
  return detail::place(placements, 0);
}

std::vector<std::string> judge(GemmSpeed speed, const Topology& topology, int threads,
                               const char* instruction_set = "avx512_bf16", Precision precision = Precision::fp32) {
  return judge_gemm(speed, topology, threads, instruction_set, precision);
}

TEST(GemmCheck, usual_speeds_are_passed_over_in_silence) {
  // Measured with LibTorch's own library: AVX-512 without and with bfloat16 products, one core.
  EXPECT_THAT(judge({102e9, 0.99}, host({0, 1}, 2), 1), IsEmpty());
  EXPECT_THAT(judge({222e9, 0.99}, host({0, 1}, 1), 2, "avx512_bf16", Precision::bf16), IsEmpty());
  EXPECT_THAT(judge({40e9, 0.99}, host({0}, 1), 1, "avx2"), IsEmpty());
}

TEST(GemmCheck, a_library_without_wide_instructions_is_named_with_the_remedy) {
  // A reference implementation reaches 1 to 3 GFLOP/s.
  const std::vector<std::string> messages = judge({2e9, 0.99}, host({0, 1}, 1), 2);
  EXPECT_THAT(messages,
              ElementsAre(HasSubstr("2.0 GFLOP/s per core (a processor with avx512_bf16 reaches 16 or more)")));
  EXPECT_THAT(messages.front(), HasSubstr("libtorch_cpu.so"));
  EXPECT_THAT(judge({30e9, 1}, host({0}, 1), 1, "avx512_bf16", Precision::bf16),
              ElementsAre(HasSubstr("encoder.precision = fp32")));
  EXPECT_THAT(judge({5e9, 1}, host({0}, 1), 1, "baseline"), IsEmpty());
}

TEST(GemmCheck, more_threads_than_cores_are_laid_at_the_bindings_door) {
  EXPECT_THAT(judge({100e9, 0.5}, host({3}, 1), 2),
              ElementsAre(HasSubstr("2 threads on 1 core (it is bound to them) start mpirun with --bind-to none")));
}

TEST(GemmCheck, more_ranks_than_cores_are_counted) {
  EXPECT_THAT(judge({100e9, 0.5}, host({0, 1}, 3), 1), ElementsAre(HasSubstr("3 ranks share 2 cores of this host")));
}

TEST(GemmCheck, other_work_on_the_same_cores_shows_in_the_time_off_core) {
  EXPECT_THAT(judge({100e9, 0.5}, host({0, 1}, 2), 1), ElementsAre(HasSubstr("50 % of the time")));
}

TEST(GemmCheck, the_measurement_gives_a_speed_and_a_share) {
  LanePool pool(2);
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    const GemmSpeed speed = measure_gemm(pool, precision);
    EXPECT_GT(speed.core_flops, 1e6);
    EXPECT_GT(speed.on_core, 0);
    EXPECT_LE(speed.on_core, 1);
  }
}

}  // namespace
}  // namespace coldframe
