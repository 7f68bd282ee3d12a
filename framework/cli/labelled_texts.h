#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace coldframe {

/// Where the texts of a label task stand, and how rows become roles where no file says so.
struct LabelSources {
  std::filesystem::path train;          // CSV or TSV with a header
  std::filesystem::path validate = {};  // the same, or empty
  std::filesystem::path test = {};
  std::string text_column = "text";
  std::string label_column = "label";
  double validate_share = 0.2;  // of the rows of `train`, where `validate` is empty
  double test_share = 0.2;      // the same of `test`
  std::uint64_t seed = 1;
};

/// Texts with one class each: those of role T, then V, then H.
struct LabelTask {
  std::vector<std::string> classes;  // ascending
  std::vector<std::string> texts;
  std::vector<std::uint32_t> labels;  // index of a class
  std::size_t trained = 0, validated = 0, tested = 0;
  std::size_t repeated = 0;  // texts of the test that stand in T or V too, word for word
};

/// Reads the files. Rows that a share takes out of `train` are dealt by a keyed hash of their text within each class,
/// so that no class is left without a row of T, the order of rows changes nothing, and equal texts of a class stay
/// together. DataError naming file and line for a file without rows, a column that is not there, a row without a class
/// and a class that is in no row of T; for a single class, and where nothing is left to validate or to test.
LabelTask read_label_task(const LabelSources& sources);

}  // namespace coldframe
