#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace coldframe::testing {

/// Runs the statement, expects this kind of error, and that its message holds every one of the words.
template <class Kind, class Statement>
void expect_error(Statement statement, const std::vector<std::string>& words) {
  try {
    statement();
    FAIL() << "no error was thrown";
  } catch (const Kind& error) {
    for (const std::string& word : words) EXPECT_THAT(error.what(), ::testing::HasSubstr(word));
  }
}

}  // namespace coldframe::testing
