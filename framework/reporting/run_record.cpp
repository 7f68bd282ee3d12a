#include "framework/reporting/run_record.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/data/hdf5_file.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_format = 1;

void write_metrics(Hdf5File& file, const MetricsTable& metrics) {
  file.write("/metrics/step", metrics.steps);
  file.write_strings("/metrics/kind", metrics.kinds);
  std::vector<std::string> names;
  for (std::size_t c = 0; c < metrics.columns.size(); ++c) {
    names.push_back(metrics.columns[c].first);
    file.write(fmt::format("/metrics/values/{}", c), metrics.columns[c].second);
  }
  file.write_strings("/metrics/columns", names);
}

MetricsTable read_metrics_table(const Hdf5File& file) {
  MetricsTable metrics{file.read<std::int64_t>("/metrics/step"), file.read_strings("/metrics/kind"), {}};
  const std::vector<std::string> names = file.read_strings("/metrics/columns");
  for (std::size_t c = 0; c < names.size(); ++c) {
    metrics.columns.emplace_back(names[c], file.read<double>(fmt::format("/metrics/values/{}", c)));
    if (metrics.columns.back().second.size() != metrics.steps.size()) {
      throw DataError(fmt::format("{} is damaged", file.path().string()),
                      fmt::format("column {} has another length", names[c]));
    }
  }
  return metrics;
}

void write_newcomers(Hdf5File& file, const std::string& group, const NewcomerRow& row) {
  file.make_group(group);
  file.write_attribute(group, "name", std::string_view(row.name));
  file.write_attribute(group, "role", std::string_view(row.role));
  file.write_attribute(group, "left_out", row.table.left_out);
  std::vector<std::uint64_t> users;
  for (const UserKey user : row.table.users) users.push_back(user.value());
  file.write(group + "/users", users);
  std::vector<std::string> metrics;
  for (const MetricCut& metric : row.table.metrics) metrics.push_back(to_string(metric));
  file.write_strings(group + "/metrics", metrics);
  for (const ShotRow& shot : row.table.rows) {
    const std::string at = fmt::format("{}/shots/{:03}", group, shot.shots);
    file.make_group(at);
    file.write_attribute(at, "shots", shot.shots);
    for (std::size_t m = 0; m < metrics.size(); ++m) file.write(fmt::format("{}/{}", at, metrics[m]), shot.values[m]);
    file.write(at + "/shown", shot.exposure.counts());
    std::vector<double> by_cell;
    for (const std::vector<double>& values : shot.by_cell) by_cell.insert(by_cell.end(), values.begin(), values.end());
    if (!row.table.cells.empty()) file.write_matrix<double>(at + "/by_cell", by_cell, users.size());
  }
  if (row.table.cells.empty()) return;
  std::vector<std::string> slicings, buckets;
  for (const SliceCell& cell : row.table.cells) {
    slicings.push_back(cell.slicing);
    buckets.push_back(cell.bucket);
  }
  file.write_strings(group + "/cells/slicing", slicings);
  file.write_strings(group + "/cells/bucket", buckets);
}

/// Records from before slices existed have none.
void read_cells(const Hdf5File& file, const std::string& group, NewcomerTable& table) {
  if (!file.exists(group + "/cells")) return;
  const std::vector<std::string> slicings = file.read_strings(group + "/cells/slicing"),
                                 buckets = file.read_strings(group + "/cells/bucket");
  const auto damaged = [&](const std::string& what) {
    throw DataError(fmt::format("{} is damaged", file.path().string()), fmt::format("{} has another length", what));
  };
  if (slicings.size() != buckets.size()) damaged(group + "/cells/bucket");
  for (std::size_t c = 0; c < slicings.size(); ++c) table.cells.push_back({slicings[c], buckets[c]});
  for (ShotRow& shot : table.rows) {
    const std::string at = fmt::format("{}/shots/{:03}/by_cell", group, shot.shots);
    const std::vector<double> values = file.read<double>(at);
    const std::size_t users = table.users.size();
    if (values.size() != table.cells.size() * users) damaged(at);
    for (std::size_t c = 0; c < table.cells.size(); ++c) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(c * users);
      shot.by_cell.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(users));
    }
  }
}

void write_groups(Hdf5File& file, const std::vector<UserLabels>& groups) {
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::string at = fmt::format("/groups/{:03}", g);
    file.make_group(at);
    file.write_attribute(at, "name", std::string_view(groups[g].name));
    file.write_strings(at + "/labels", groups[g].labels);
  }
}

std::vector<UserLabels> read_groups(const Hdf5File& file, const RunRecord& record) {
  std::vector<UserLabels> groups;
  if (!file.exists("/groups")) return groups;
  const std::size_t users = record.newcomers.empty() ? 0 : record.newcomers.front().table.users.size();
  for (const std::string& name : file.children("/groups")) {
    const std::string at = "/groups/" + name;
    groups.push_back({file.read_text(at, "name"), file.read_strings(at + "/labels")});
    if (groups.back().labels.size() == users) continue;
    throw DataError(fmt::format("{} is damaged", file.path().string()), fmt::format("{} has another length", at));
  }
  return groups;
}

NewcomerRow read_newcomers(const Hdf5File& file, const std::string& group) {
  NewcomerRow row{file.read_text(group, "name"), file.read_text(group, "role"), {}};
  row.table.left_out = static_cast<std::size_t>(file.read_integer(group, "left_out"));
  for (const std::uint64_t user : file.read<std::uint64_t>(group + "/users")) row.table.users.emplace_back(user);
  const std::vector<std::string> metrics = file.read_strings(group + "/metrics");
  for (const std::string& metric : metrics) row.table.metrics.push_back(parse_metric(metric));
  if (!file.exists(group + "/shots")) return row;
  for (const std::string& name : file.children(group + "/shots")) {
    const std::string at = fmt::format("{}/shots/{}", group, name);
    ShotRow shot{static_cast<std::size_t>(file.read_integer(at, "shots")),
                 {},
                 Exposure::from_counts(file.read<std::uint64_t>(at + "/shown"))};
    for (const std::string& metric : metrics) {
      shot.values.push_back(file.read<double>(fmt::format("{}/{}", at, metric)));
      if (shot.values.back().size() != row.table.users.size()) {
        throw DataError(fmt::format("{} is damaged", file.path().string()),
                        fmt::format("{}/{} has another length", at, metric));
      }
    }
    row.table.rows.push_back(std::move(shot));
  }
  read_cells(file, group, row.table);
  return row;
}

std::vector<std::uint64_t> words_of(const std::vector<UserKey>& users) {
  std::vector<std::uint64_t> words;
  for (const UserKey user : users) words.push_back(user.value());
  return words;
}

/// Rows that were not measured are NaN.
void write_task(Hdf5File& file, const std::string& group, const TaskPeople& people) {
  const std::size_t users = people.tested.users.size();
  file.write(group + "/users", words_of(people.tested.users));
  std::vector<double> rows;
  for (const std::vector<double>& row : people.tested.rows) {
    rows.insert(rows.end(), row.begin(), row.end());
    if (row.empty()) rows.insert(rows.end(), users, std::numeric_limits<double>::quiet_NaN());
  }
  file.write_matrix<double>(group + "/rows", rows, users);
  file.write(group + "/next_users", words_of(people.next.users));
  file.write(group + "/next", people.next.model);
  file.write(group + "/next_popularity", people.next.popularity);
}

TaskPeople read_task(const Hdf5File& file, const std::string& group) {
  TaskPeople people;
  for (const std::uint64_t user : file.read<std::uint64_t>(group + "/users")) people.tested.users.emplace_back(user);
  for (const std::uint64_t user : file.read<std::uint64_t>(group + "/next_users")) people.next.users.emplace_back(user);
  const std::vector<double> rows = file.read<double>(group + "/rows");
  const std::size_t users = people.tested.users.size();
  people.next.model = file.read<double>(group + "/next");
  people.next.popularity = file.read<double>(group + "/next_popularity");
  const auto fits = [&](const std::vector<double>& values) {
    return values.empty() || values.size() == people.next.users.size();
  };
  if (users == 0 || rows.size() % users != 0 || !fits(people.next.model) || !fits(people.next.popularity)) {
    throw DataError(fmt::format("{} is damaged", file.path().string()),
                    fmt::format("{} has arrays of other lengths", group));
  }
  for (auto row = rows.begin(); row != rows.end(); row += static_cast<std::ptrdiff_t>(users)) {
    people.tested.rows.emplace_back(row, std::isnan(*row) ? row : row + static_cast<std::ptrdiff_t>(users));
  }
  return people;
}

void write_calibrated(Hdf5File& file, const std::vector<CalibratedPeople>& calibrated) {
  for (std::size_t i = 0; i < calibrated.size(); ++i) {
    const std::string at = fmt::format("/calibration/{:03}", i);
    file.make_group(at);
    file.write_attribute(at, "name", std::string_view(calibrated[i].name));
    file.write_attribute(at, "shots", calibrated[i].shots);
    file.write(at + "/users", words_of(calibrated[i].users));
    file.write(at + "/log_loss", calibrated[i].log_loss);
  }
}

std::vector<CalibratedPeople> read_calibrated(const Hdf5File& file) {
  std::vector<CalibratedPeople> calibrated;
  if (!file.exists("/calibration")) return calibrated;
  for (const std::string& name : file.children("/calibration")) {
    const std::string at = "/calibration/" + name;
    CalibratedPeople& people = calibrated.emplace_back();
    people.name = file.read_text(at, "name");
    people.shots = static_cast<std::size_t>(file.read_integer(at, "shots"));
    for (const std::uint64_t user : file.read<std::uint64_t>(at + "/users")) people.users.emplace_back(user);
    people.log_loss = file.read<double>(at + "/log_loss");
    if (people.log_loss.size() == people.users.size()) continue;
    throw DataError(fmt::format("{} is damaged", file.path().string()), fmt::format("{} has another length", at));
  }
  return calibrated;
}

}  // namespace

void write_run_record(const std::filesystem::path& path, const RunRecord& record) {
  AtomicFile target(path);
  Hdf5File file = Hdf5File::create(target.temporary());
  file.write_attribute("/", "format", k_format);
  file.write_strings("/summary", std::vector<std::string>{record.summary.dump()});
  file.write_strings("/config", std::vector<std::string>{record.config.dump()});
  write_metrics(file, record.metrics);
  file.write("/roles/train", record.train_users);
  file.write("/roles/validate", record.validate_users);
  file.make_group("/newcomers");
  for (std::size_t i = 0; i < record.newcomers.size(); ++i) {
    write_newcomers(file, fmt::format("/newcomers/{:03}", i), record.newcomers[i]);
  }
  write_calibrated(file, record.calibrated);
  write_groups(file, record.groups);
  for (std::size_t i = 0; i < record.tasks.size(); ++i) {
    write_task(file, fmt::format("/tasks/{:03}", i), record.tasks[i]);
  }
  file.close();
  target.commit();
}

RunRecord read_run_record(const std::filesystem::path& path) {
  const Hdf5File file = Hdf5File::open(path);
  if (!file.has_attribute("/", "format") || file.read_integer("/", "format") != k_format) {
    throw DataError(fmt::format("{} is no run record of format {}", path.string(), k_format),
                    "another program or version wrote it", "train again, or use the version that wrote it");
  }
  const auto json_at = [&](const char* object) {
    const std::vector<std::string> texts = file.read_strings(object);
    if (texts.size() != 1)
      throw DataError(fmt::format("{} is damaged", path.string()), fmt::format("{} holds no text", object));
    return parse_json(texts.front(), fmt::format("{}:{}", path.string(), object));
  };
  RunRecord record;
  record.summary = json_at("/summary");
  record.config = json_at("/config");
  record.metrics = read_metrics_table(file);
  record.train_users = file.read<std::uint64_t>("/roles/train");
  record.validate_users = file.read<std::uint64_t>("/roles/validate");
  for (const std::string& name : file.children("/newcomers")) {
    record.newcomers.push_back(read_newcomers(file, "/newcomers/" + name));
  }
  record.calibrated = read_calibrated(file);
  record.groups = read_groups(file, record);
  if (!file.exists("/tasks")) return record;
  for (const std::string& name : file.children("/tasks")) record.tasks.push_back(read_task(file, "/tasks/" + name));
  return record;
}

}  // namespace coldframe
