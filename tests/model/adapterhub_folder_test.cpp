#include "framework/model/adapterhub_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/model/compacter_strategy.h"
#include "framework/model/houlsby_strategy.h"
#include "framework/model/parallel_strategy.h"
#include "framework/model/weight_files.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/scratch_folder.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using testing::HasSubstr;

/// Strategies that fit the folders which AdapterHub saved (make_adapterhub_goldens.py).
std::unique_ptr<Options> options_of(const std::string& kind) {
  if (kind == "houlsby") {
    auto options = std::make_unique<HoulsbyOptions>();
    options->layer_norms = false;
    return options;
  }
  auto options = std::make_unique<CompacterOptions>();
  options->reduction = 8;
  return options;
}

class AdapterHubFolderTest : public testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path saved() const { return test::golden_folder() / "adapterhub" / GetParam(); }
  std::filesystem::path copy() const {
    const std::filesystem::path folder = scratch_.path() / "copy";
    constexpr auto how = std::filesystem::copy_options::overwrite_existing | std::filesystem::copy_options::recursive;
    std::filesystem::copy(saved(), folder, how);
    return folder;
  }
  Model model() const {
    Model made(test::tiny_encoder());
    made.attach(GetParam(), *options_of(GetParam()));
    return made;
  }

  test::ScratchFolder scratch_;
};

TEST_P(AdapterHubFolderTest, what_adapterhub_saved_computes_what_it_computed) {
  Model loaded = model();
  loaded.strategy->import_from(saved(), *loaded.encoder, loaded.parameters);
  const nlohmann::json golden = test::read_golden("adapterhub.json");
  const at::Tensor embeddings = loaded.embed(pack(golden["gradient_texts"].get<test::TokenTexts>()));
  const nlohmann::json& expected = golden["folders"][GetParam()];
  ASSERT_EQ(static_cast<std::size_t>(embeddings.size(0)), expected.size());
  for (std::size_t n = 0; n < expected.size(); ++n) {
    for (int k = 0; k < 4; ++k) {
      EXPECT_NEAR(test::project("embedding." + std::to_string(n), k, embeddings[static_cast<std::int64_t>(n)]),
                  expected[n][static_cast<std::size_t>(k)].get<double>(), 2e-5)
          << "text " << n;
    }
  }
}

TEST_P(AdapterHubFolderTest, what_is_written_has_the_keys_values_and_tensors_of_adapterhub) {
  Model loaded = model();
  loaded.strategy->import_from(saved(), *loaded.encoder, loaded.parameters);
  const std::filesystem::path ours = scratch_.path() / "ours";
  loaded.strategy->export_to(ours, *loaded.encoder, loaded.parameters, test::tiny_encoder());
  const nlohmann::json theirs = read_json(saved() / "adapter_config.json")["config"];
  const nlohmann::json written = read_json(ours / "adapter_config.json")["config"];
  for (const auto& [key, value] : written.items()) {
    if (key == "architecture") continue;
    EXPECT_EQ(theirs.at(key), value) << key;
  }
  const WeightFiles their_file(saved() / "adapter.safetensors"), our_file(ours / "adapter.safetensors");
  EXPECT_EQ(our_file.tensors().size(), their_file.tensors().size());
  for (const auto& [key, stored] : our_file.tensors()) {
    std::string name = "bert." + key;
    name.replace(name.find(".coldframe."), 11, ".films.");
    EXPECT_TRUE(test::same_bits(our_file.read(key), their_file.read(name))) << key;
  }
}

TEST_P(AdapterHubFolderTest, forms_that_differ_are_named) {
  Model loaded = model();
  const auto complaint = [&](const char* key, const nlohmann::json& value) {
    const std::filesystem::path folder = copy();
    nlohmann::json config = read_json(folder / "adapter_config.json");
    config["config"][key] = value;
    write_json(folder / "adapter_config.json", config);
    return test::message_of<DataError>(
        [&] { loaded.strategy->import_from(folder, *loaded.encoder, loaded.parameters); });
  };
  EXPECT_THAT(complaint("non_linearity", "relu"), HasSubstr("non_linearity = \"relu\""));
  EXPECT_THAT(complaint("mh_adapter", false), HasSubstr("mh_adapter = false"));
  EXPECT_THAT(complaint("is_parallel", true), HasSubstr("is_parallel = true"));
  EXPECT_THAT(complaint("reduction_factor", 4), HasSubstr("reduction_factor = 4"));
  EXPECT_THAT(complaint("leave_out", {0}), HasSubstr("leave_out = [0]"));
  EXPECT_THAT(complaint("leave_out", {1}), HasSubstr("only the lowest layers"));
  EXPECT_THAT(complaint("ln_before", true), HasSubstr("only false is supported"));
  EXPECT_THAT(complaint("inv_adapter", "nice"), HasSubstr("only null is supported"));
  EXPECT_THAT(complaint("scaling", "channel"), HasSubstr("config.scaling"));
  EXPECT_THAT(complaint("reduction_factor", {{"default", 16}}), HasSubstr("reduction_factor is missing or no number"));
}

INSTANTIATE_TEST_SUITE_P(Saved, AdapterHubFolderTest, testing::Values("houlsby", "compacter"),
                         [](const auto& test) { return test.param; });

TEST(AdapterHubPickleTest, a_pickle_is_refused_with_the_way_out) {
  const test::ScratchFolder scratch;
  const std::filesystem::path folder = scratch.path() / "pickle";
  std::filesystem::create_directory(folder);
  std::filesystem::copy(test::golden_folder() / "adapterhub" / "houlsby" / "adapter_config.json", folder);
  write_json(folder / "pytorch_adapter.bin", {});
  EXPECT_THAT(test::message_of<DataError>([&] { read_adapterhub_folder(folder); }), HasSubstr("use_safetensors=True"));
}

TEST(AdapterHubWidthTest, a_width_that_divides_nothing_survives_the_reduction_factor) {
  const test::ScratchFolder scratch;
  for (std::int64_t width = 1; width <= 64; ++width) {
    ParallelOptions options;
    options.width = width;
    options.train_scale = width % 2 == 0;
    Model trained(test::tiny_encoder());
    trained.attach("parallel", options);
    trained.strategy->export_to(scratch.path() / "p", *trained.encoder, trained.parameters, test::tiny_encoder());
    const nlohmann::json config = read_json(scratch.path() / "p" / "adapter_config.json")["config"];
    EXPECT_EQ(static_cast<std::int64_t>(64 / config["reduction_factor"].get<double>()), width);
    trained.strategy->import_from(scratch.path() / "p", *trained.encoder, trained.parameters);
  }
}

}  // namespace
}  // namespace coldframe
