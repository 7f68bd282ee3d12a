#include "framework/comm/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace coldframe {
namespace {

using detail::Launcher;
using ::testing::HasSubstr;

detail::Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

Launcher detect(std::map<std::string, std::string> variables) {
  return detail::detect_launcher(environment(std::move(variables)));
}

TEST(LaunchTest, tells_launchers_apart_by_their_environment) {
  EXPECT_EQ(detect({}), Launcher::none);
  EXPECT_EQ(detect({{"OMPI_COMM_WORLD_SIZE", "2"}}), Launcher::mpi);
  EXPECT_EQ(detect({{"PMIX_RANK", "0"}, {"SLURM_STEP_NUM_TASKS", "2"}}), Launcher::mpi);
  EXPECT_EQ(detect({{"SLURM_NTASKS", "1"}, {"SLURM_STEP_NUM_TASKS", "1"}}), Launcher::none);
}

TEST(LaunchTest, srun_without_pmi_is_detected_before_anything_starts) {
  EXPECT_EQ(detect({{"SLURM_NTASKS", "4"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "0"}}),
            Launcher::srun_without_pmi);
  EXPECT_EQ(detect({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "3"}}), Launcher::srun_without_pmi);
}

TEST(LaunchTest, one_process_inside_a_batch_script_is_legitimate) {
  EXPECT_EQ(detect({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}), Launcher::batch_script_alone);
  EXPECT_EQ(detect({{"SLURM_NTASKS", "4"}}), Launcher::batch_script_alone);
}

TEST(LaunchTest, the_remedy_names_both_ways_to_start) {
  const std::string remedy = detail::srun_without_pmi_remedy(environment({{"SLURM_NTASKS", "4"}}));
  EXPECT_THAT(remedy, HasSubstr("srun --mpi=pmix"));
  EXPECT_THAT(remedy, HasSubstr("mpirun -n 4"));
}

TEST(LaunchTest, a_process_started_by_hand_is_a_group_of_one) {
  Launch launch;
  EXPECT_EQ(launch.group().size(), 1);
  CommOptions options;
  options.deadline_seconds = 5;
  launch.configure(options);
  EXPECT_EQ(launch.finish(ExitCode::stopped), 75);
}

TEST(LaunchTest, failing_alone_returns_the_code_to_main) {
  Launch launch;
  EXPECT_EQ(launch.fail(ExitCode::data, ""), 3);
}

}  // namespace
}  // namespace coldframe
