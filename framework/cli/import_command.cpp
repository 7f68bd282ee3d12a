#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <ostream>

#include "framework/cli/dataset_sources.h"
#include "framework/cli/subcommands.h"
#include "framework/data/mapping_importer.h"

namespace coldframe {
namespace {

struct ImportOptions final : Options {
  std::string source;
  std::string input;
  std::string output;
  bool overwrite = false;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "source", .doc = "a name under datasets/, or a mapping file"}, source);
    visitor.visit({.name = "input", .doc = "folder with the source files (plain or .gz)"}, input);
    visitor.visit({.name = "output", .doc = "dataset store to write (.h5)"}, output);
    visitor.visit({.name = "overwrite", .doc = "replace an existing store"}, overwrite);
  }

  std::vector<Problem> validate() const override {
    std::vector<Problem> problems;
    if (source.empty()) problems.push_back({"source", "(is missing) give a name or a mapping file"});
    if (input.empty()) problems.push_back({"input", "(is missing) give the folder with the source files"});
    if (output.empty()) problems.push_back({"output", "(is missing) give the store to write"});
    return problems;
  }
};

class ImportCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--source NAME --input DIR --output FILE.h5 [--overwrite]",
            .text =
                "Reads the source files of a data set as its mapping describes them, checks every row, and writes a\n"
                "dataset store that appears complete or not at all. Prints what was read, kept and dropped."};
  }
  Options& options() override { return options_; }

  ExitCode run(const Invocation& invocation) override {
    const Mapping mapping = load_mapping(find_mapping(options_.source));
    if (!options_.overwrite && std::filesystem::exists(options_.output)) {
      throw IoError(fmt::format("cannot write {}", options_.output), "it exists", "give --overwrite to replace it");
    }
    invocation.output << import_dataset(mapping, options_.input, options_.output).text();
    return ExitCode::done;
  }

 private:
  ImportOptions options_;
};

}  // namespace

std::unique_ptr<Subcommand> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace coldframe
