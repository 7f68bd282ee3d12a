#include "framework/data/attribute_builder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "framework/data/cell_values.h"

namespace coldframe {
namespace {

std::pair<std::string, std::string> split_pair(const std::string& entry) {
  const std::size_t sign = entry.rfind('=');
  return {entry.substr(0, sign), entry.substr(sign + 1)};
}

std::string part_of(const std::string& cell, const std::string& part) {
  if (part == "whole") return cell;
  const TitleAndYear split = split_title_and_year(cell);
  return std::string(part == "year" ? split.year : split.title);
}

template <class Value>
void store(std::vector<Value>& column, std::size_t row, Value value, const Value& missing) {
  if (column.size() <= row) column.resize(row + 1, missing);
  column[row] = std::move(value);
}

}  // namespace

AttributeBuilder::AttributeBuilder(const AttributeMapping& mapping, const std::vector<std::string>& missing)
    : options_(mapping.options), missing_(missing.begin(), missing.end()) {
  column_.name = mapping.name;
  column_.kind = options_.kind;
  if (!options_.flags) columns_.push_back(options_.column);
  for (const std::string& entry : options_.columns) {
    auto [value, column] = split_pair(entry);
    flag_values_.push_back(std::move(value));
    columns_.push_back(std::move(column));
  }
  for (const std::string& entry : options_.rename) rename_.insert(split_pair(entry));
}

bool AttributeBuilder::is_missing(const std::string& text) const { return text.empty() || missing_.count(text) > 0; }

void AttributeBuilder::count_unreadable(const std::string& text) {
  if (unreadable_++ == 0) first_unreadable_ = text.substr(0, 60);
}

void AttributeBuilder::set(std::size_t row, const std::string* cells) {
  if (options_.flags) return set_flags(row, cells);
  std::string text = part_of(*cells, options_.part);
  if (is_missing(text)) text.clear();
  switch (options_.kind) {
    case AttributeKind::number:
      return set_number(row, std::move(text));
    case AttributeKind::multi:
      return set_multi(row, text);
    default:
      break;
  }
  std::replace(text.begin(), text.end(), k_list_separator, ' ');
  if (const auto meaning = rename_.find(text); meaning != rename_.end()) text = meaning->second;
  if (!text.empty()) ++present_;
  store(column_.texts, row, std::move(text), {});
}

void AttributeBuilder::set_number(std::size_t row, std::string text) {
  constexpr double k_missing = std::numeric_limits<double>::quiet_NaN();
  if (!options_.prefix.empty()) {
    if (text.compare(0, options_.prefix.size(), options_.prefix) == 0) text.erase(0, options_.prefix.size());
    text.erase(std::remove(text.begin(), text.end(), ','), text.end());
  }
  const auto number = parse_number(text);
  if (number) ++present_;
  if (!number && !text.empty()) count_unreadable(text);
  store(column_.numbers, row, number.value_or(k_missing), k_missing);
}

void AttributeBuilder::set_multi(std::size_t row, const std::string& text) {
  const bool list = text.find(k_list_separator) != std::string::npos;
  const std::string separator =
      list ? std::string(1, k_list_separator) : (options_.separator == "space" ? std::string(" ") : options_.separator);
  std::vector<std::string> values;
  for (std::string& value : split_values(text, separator)) {
    const bool repeated = std::find(values.begin(), values.end(), value) != values.end();
    if (!is_missing(value) && !repeated) values.push_back(std::move(value));
  }
  if (!values.empty()) ++present_;
  store(column_.values, row, std::move(values), {});
}

void AttributeBuilder::set_flags(std::size_t row, const std::string* cells) {
  std::vector<std::string> values;
  for (std::size_t flag = 0; flag < flag_values_.size(); ++flag) {
    if (cells[flag] == "1") {
      if (!is_missing(flag_values_[flag])) values.push_back(flag_values_[flag]);
    } else if (cells[flag] != "0" && !is_missing(cells[flag])) {
      count_unreadable(cells[flag]);
    }
  }
  if (!values.empty()) ++present_;
  store(column_.values, row, std::move(values), {});
}

AttributeColumn AttributeBuilder::finish(std::size_t rows) && {
  switch (column_.kind) {
    case AttributeKind::number:
      column_.numbers.resize(rows, std::numeric_limits<double>::quiet_NaN());
      break;
    case AttributeKind::multi:
      column_.values.resize(rows);
      break;
    default:
      column_.texts.resize(rows);
  }
  return std::move(column_);
}

}  // namespace coldframe
