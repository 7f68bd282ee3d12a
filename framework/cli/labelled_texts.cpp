#include "framework/cli/labelled_texts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "framework/cli/entity_rows.h"
#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/nearest.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

struct Row {
  std::string text;
  std::string label;
  std::string place;  // "FILE:LINE"
};

void require_column(const EntityRows& rows, const std::filesystem::path& path, const std::string& column) {
  if (rows.has(column)) return;
  throw DataError(fmt::format("{} has no column {}", path.string(), column),
                  fmt::format("it has {}", fmt::join(rows.columns(), ", ")), suggest_name(column, rows.columns()));
}

const std::vector<std::string>& column_of(const EntityTable& table, const std::string& name) {
  return name == "id" ? table.ids : table.find(name)->texts;
}

std::vector<Row> read_rows(const std::filesystem::path& path, const LabelSources& sources) {
  if (!is_table_name(path)) {
    throw ConfigError(fmt::format("{} is no table", path.string()), "its name does not say that it has columns",
                      "give a .csv or .tsv file with a header");
  }
  EntityRows rows(path, {});
  require_column(rows, path, sources.text_column);
  require_column(rows, path, sources.label_column);
  constexpr std::size_t piece = 4096;
  std::vector<Row> read;
  for (EntityTable table = rows.next(piece); table.size() > 0; table = rows.next(piece)) {
    const std::vector<std::string>&texts = column_of(table, sources.text_column),
          &labels = column_of(table, sources.label_column);
    for (std::size_t r = 0; r < table.size(); ++r) {
      if (labels[r].empty()) {
        throw DataError(fmt::format("the row at {} has no {}", rows.place(r), sources.label_column),
                        "every text needs a class", "fill it in, or take the row out");
      }
      read.push_back({texts[r], labels[r], rows.place(r)});
    }
  }
  if (read.empty()) throw DataError(fmt::format("{} holds no text", path.string()), "only the header is there");
  return read;
}

/// Of rows of one class in keyed order, how many of the last to take: never so many that equal texts part.
std::size_t taken(const std::vector<std::pair<std::uint64_t, Row>>& rows, std::size_t end, double share) {
  const auto wanted = static_cast<std::size_t>(share * static_cast<double>(rows.size()));
  std::size_t begin = end - std::min(end, wanted);
  while (begin < end && (begin == 0 || rows[begin - 1].first == rows[begin].first)) ++begin;
  return end - begin;
}

/// Moves shares of `train` into empty roles.
void deal(const LabelSources& sources, std::vector<Row>& train, std::vector<Row>& validate, std::vector<Row>& test) {
  const std::uint64_t seed = combine_hash(sources.seed, static_cast<std::uint64_t>(Purpose::roles));
  std::map<std::string, std::vector<std::pair<std::uint64_t, Row>>> classes;
  for (Row& row : train) {
    const std::uint64_t key = stable_hash(row.text, seed);
    classes[row.label].emplace_back(key, std::move(row));
  }
  train.clear();
  const bool deal_test = sources.test.empty(), deal_validate = sources.validate.empty();
  for (auto& [label, rows] : classes) {
    std::ranges::stable_sort(rows, {}, &std::pair<std::uint64_t, Row>::first);
    const std::size_t tested = deal_test ? taken(rows, rows.size(), sources.test_share) : 0;
    const std::size_t rest = rows.size() - tested;
    const std::size_t validated = deal_validate ? taken(rows, rest, sources.validate_share) : 0;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      std::vector<Row>& role = r < rest - validated ? train : r < rest ? validate : test;
      role.push_back(std::move(rows[r].second));
    }
  }
}

void require_rows(const std::vector<Row>& rows, const char* verb, const char* option) {
  if (!rows.empty()) return;
  throw DataError(fmt::format("no text is left to {}", verb), "every class has too few texts to spare one",
                  fmt::format("give {}", option));
}

std::vector<std::string> classes_of(const std::vector<Row>& train, const LabelSources& sources) {
  std::set<std::string> names;
  for (const Row& row : train) names.insert(row.label);
  if (names.size() < 2) {
    throw DataError(
        fmt::format("all texts of {} have the {} \"{}\"", sources.train.string(), sources.label_column, *names.begin()),
        "there is nothing to tell apart", "give texts of two classes or more");
  }
  return {names.begin(), names.end()};
}

void append(LabelTask& task, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const auto found = std::ranges::lower_bound(task.classes, row.label);
    if (found == task.classes.end() || *found != row.label) {
      const auto all = std::ranges::count(rows, row.label, &Row::label);
      throw DataError(fmt::format("the class \"{}\" at {} is in no text of role T", row.label, row.place),
                      fmt::format("{} texts have it, and no head can predict what it never met", all),
                      "train on it, or take these rows out");
    }
    task.texts.push_back(row.text);
    task.labels.push_back(static_cast<std::uint32_t>(found - task.classes.begin()));
  }
}

}  // namespace

LabelTask read_label_task(const LabelSources& sources) {
  std::vector<Row> train = read_rows(sources.train, sources), validate, test;
  if (!sources.validate.empty()) validate = read_rows(sources.validate, sources);
  if (!sources.test.empty()) test = read_rows(sources.test, sources);
  if (sources.validate.empty() || sources.test.empty()) deal(sources, train, validate, test);
  LabelTask task;
  task.classes = classes_of(train, sources);
  require_rows(validate, "validate", "--validate FILE");
  require_rows(test, "test", "--test FILE");
  std::set<std::string> seen;
  for (const std::vector<Row>* rows : {&train, &validate}) {
    for (const Row& row : *rows) seen.insert(row.text);
  }
  task.repeated =
      static_cast<std::size_t>(std::ranges::count_if(test, [&](const Row& row) { return seen.contains(row.text); }));
  task.trained = train.size();
  task.validated = validate.size();
  task.tested = test.size();
  for (const std::vector<Row>* rows : {&train, &validate, &test}) append(task, *rows);
  return task;
}

}  // namespace coldframe
