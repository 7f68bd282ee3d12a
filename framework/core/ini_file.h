#pragma once

#include <filesystem>
#include <string>
#include <vector>

// The pre-scan that Boost.Program_options needs: its own reader knows no lines and cuts values at any `#`.
namespace coldframe::detail {

struct IniAssignment {
  std::string section;  // "" before the first section
  std::string key;
  std::string text;  // comment removed, quotes kept
  int line = 0;
};

struct IniSection {
  std::string name;
  int line = 0;
};

struct IniFile {
  std::vector<IniSection> sections;  // empty and reopened ones included
  std::vector<IniAssignment> assignments;
  std::vector<std::string> problems;  // `expected key = value in base.ini:3 (...)`
};

/// IoError when the file cannot be read; mistakes in it are collected.
IniFile scan_ini(const std::filesystem::path& path);

}  // namespace coldframe::detail
