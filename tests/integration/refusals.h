#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/program.h"

// How a program answers what it cannot do, and ways to spoil its files.
namespace coldframe::testing {

constexpr int k_config = 2, k_data = 3;  // exit codes

inline int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// One error with this code and these words, and no crash.
inline void expect_refused(const Outcome& outcome, int code, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.code, code) << outcome.errors;
  EXPECT_EQ(count(outcome.errors, " error: "), 1) << outcome.errors;
  for (const std::string& word : words) EXPECT_THAT(outcome.errors, ::testing::HasSubstr(word));
  for (const char* banner : {"crashed", "terminate called", "unexpected", "MPI_ABORT"}) {
    EXPECT_EQ(outcome.errors.find(banner), std::string::npos) << outcome.errors;
  }
}

/// Everything below a folder, by relative path.
inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const std::filesystem::directory_entry& entry : std::filesystem::recursive_directory_iterator(folder)) {
    names.push_back(std::filesystem::relative(entry.path(), folder).string());
  }
  std::ranges::sort(names);
  return names;
}

/// Adds text to the end of a file.
inline void append(const std::filesystem::path& file, const std::string& text) { std::ofstream(file, std::ios::app) << text; }

/// Cuts a file off.
inline void keep_first(const std::filesystem::path& file, std::uintmax_t bytes) {
  ASSERT_GT(std::filesystem::file_size(file), bytes) << file;
  std::filesystem::resize_file(file, bytes);
}

/// Changes one byte in the middle.
inline void damage(const std::filesystem::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(file) / 2);
  stream.seekg(middle);
  const char old = static_cast<char>(stream.get());
  stream.seekp(middle);
  stream.put(static_cast<char>(old ^ 0x10));
}

}  // namespace coldframe::testing
