#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "framework/cli/configuration_page.h"
#include "framework/cli/experiment.h"
#include "framework/cli/subcommands.h"
#include "framework/core/atomic_file.h"
#include "framework/core/config.h"

namespace coldframe {
namespace {

TEST(ConfigurationGuideTest, the_committed_page_is_what_the_options_say) {
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  const std::filesystem::path page = std::filesystem::path(source == nullptr ? "." : source) / "docs/guide/configuration.md";
  const std::string text = configuration_page(subcommands());
  if (std::getenv("COLDFRAME_UPDATE_GUIDE") != nullptr) write_file_atomically(page, text);
  EXPECT_EQ(read_file(page), text) << "regenerate it: coldframe --configuration > docs/guide/configuration.md";
}

TEST(ExperimentFilesTest, every_committed_experiment_resolves) {
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  const std::filesystem::path folder = std::filesystem::path(source == nullptr ? "." : source) / "experiments";
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".ini" || entry.path().filename() == "base.ini") continue;
    Experiment experiment;
    ConfigSchema schema;
    experiment.add_to(schema);
    const ResolvedConfig config = load_config(schema, {{entry.path().parent_path() / "base.ini", entry.path()}, {}});
    EXPECT_FALSE(experiment.make_strategies(config).empty()) << entry.path();
    ++found;
  }
  EXPECT_GE(found, 3u);
}

}  // namespace
}  // namespace coldframe
