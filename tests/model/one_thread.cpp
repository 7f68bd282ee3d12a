#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace coldframe {
namespace {

/// Lanes compute with one intra-op thread each; so do these tests.
class OneThread final : public testing::Environment {
 public:
  void SetUp() override { at::set_num_threads(1); }
};

const testing::Environment* const k_one_thread = testing::AddGlobalTestEnvironment(new OneThread);

}  // namespace
}  // namespace coldframe
