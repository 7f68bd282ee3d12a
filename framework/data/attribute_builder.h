#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "framework/data/mapping.h"

namespace coldframe {

/// Turns the cells of input columns into one attribute column.
class AttributeBuilder {
 public:
  AttributeBuilder(const AttributeMapping& mapping, const std::vector<std::string>& missing);

  /// Input columns that set() expects, in this order.
  const std::vector<std::string>& columns() const { return columns_; }
  /// Row `row` from the cells [columns]; rows in between stay missing.
  void set(std::size_t row, const std::string* cells);
  /// Cells that should have been numbers; they are taken as missing.
  std::size_t unreadable() const { return unreadable_; }
  const std::string& first_unreadable() const { return first_unreadable_; }
  std::size_t present() const { return present_; }
  /// The column with `rows` rows; rows never set are missing.
  AttributeColumn finish(std::size_t rows) &&;

 private:
  void set_number(std::size_t row, std::string text);
  void set_flags(std::size_t row, const std::string* cells);
  void set_multi(std::size_t row, const std::string& text);
  bool is_missing(const std::string& text) const;
  void count_unreadable(const std::string& text);

  AttributeOptions options_;
  std::vector<std::string> columns_;
  std::vector<std::string> flag_values_;
  std::unordered_set<std::string> missing_;
  std::unordered_map<std::string, std::string> rename_;
  AttributeColumn column_;
  std::size_t unreadable_ = 0;
  std::string first_unreadable_;
  std::size_t present_ = 0;
};

}  // namespace coldframe
