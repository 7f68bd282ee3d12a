#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "framework/core/json.h"
#include "tests/model/golden.h"

namespace coldframe::test {

/// A folder of one test, removed afterwards.
class ScratchFolder {
 public:
  ScratchFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string("coldframe-") + test->test_suite_name() + "-" + test->name();
    std::replace(name.begin(), name.end(), '/', '-');  // of tests with parameters
    path_ = std::filesystem::temp_directory_path() / (name + "-" + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  /// A copy of the tiny encoder to be changed.
  std::filesystem::path copy_of_tiny_encoder() const {
    const std::filesystem::path copy = path_ / "encoder";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(tiny_encoder(), copy, std::filesystem::copy_options::recursive);
    return copy;
  }

 private:
  std::filesystem::path path_;
};

inline void change_json(const std::filesystem::path& file, const nlohmann::json& changes) {
  nlohmann::json value = read_json(file);
  value.merge_patch(changes);
  write_json(file, value);
}

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

/// The message of the error that `work` throws; fails when it throws none of that type.
template <class ErrorType, class Work>
std::string message_of(const Work& work) {
  try {
    work();
  } catch (const ErrorType& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

}  // namespace coldframe::test
