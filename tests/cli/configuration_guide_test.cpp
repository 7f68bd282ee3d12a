// docs/guide/configuration.md is written from the described options:
//   COLDFRAME_UPDATE_GUIDE=1 build/release/tests/cli/configuration_guide_test

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "framework/cli/experiment.h"
#include "framework/core/atomic_file.h"
#include "framework/core/config.h"

namespace coldframe {
namespace {

TEST(ConfigurationGuideTest, the_committed_page_is_what_the_options_say) {
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  const std::filesystem::path page = std::filesystem::path(source == nullptr ? "." : source) / "docs/guide/configuration.md";
  Experiment experiment;
  ConfigSchema schema;
  experiment.add_to(schema);
  const std::string text =
      "# Configuration\n\nAn experiment file is INI; every command reads the same one. Later `--config` files override earlier ones, and\n"
      "`--section.key=value` overrides all files. Instance sections such as `[strategy.wide]` take a key `kind`\n"
      "(default: their own name). This page is written from the program's own option tables.\n\n" +
      config_markdown(schema);
  if (std::getenv("COLDFRAME_UPDATE_GUIDE") != nullptr) write_file_atomically(page, text);
  EXPECT_EQ(read_file(page), text) << "regenerate it with the command at the top of this test";
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
