#include "framework/reporting/simulation_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "framework/core/error.h"
#include "framework/core/json.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_format = 1;
constexpr std::string_view k_kind = "coldframe simulation";

void require_parallel(const SimulationRecord& record, const std::filesystem::path& path) {
  for (const SimulatedPolicy& policy : record.policies) {
    const std::size_t users = policy.users.size(), steps = policy.pages_by_step.size();
    const bool parallel = policy.pages.size() == users && policy.clicks.size() == users &&
                          policy.expected.size() == users && policy.clicks_by_step.size() == steps &&
                          policy.expected_by_step.size() == steps;
    if (!parallel) {
      throw DataError(fmt::format("{} is no simulation record", path.string()),
                      fmt::format("the columns of policy {} differ in length", policy.name), "simulate again");
    }
    if (policy.users != record.policies.front().users) {
      throw DataError(fmt::format("{} is no simulation record", path.string()),
                      fmt::format("{} and {} have other users", record.policies.front().name, policy.name),
                      "simulate again");
    }
    if (std::ranges::adjacent_find(policy.users, std::greater_equal{}) != policy.users.end()) {
      throw DataError(fmt::format("{} is no simulation record", path.string()),
                      fmt::format("users of {} are not ascending", policy.name), "simulate again");
    }
  }
}

// One list of columns for both directions, so that they cannot drift apart.
void each_sum(auto& policy, auto&& column) {
  column("pages_by_step", policy.pages_by_step);
  column("clicks_by_step", policy.clicks_by_step);
  column("expected_by_step", policy.expected_by_step);
  column("shown", policy.shown);
}

constexpr std::uint64_t k_rows_at_once = 1 << 16;

std::string group_of(std::size_t policy) { return fmt::format("/policies/{:03}", policy); }

constexpr const char* k_user_columns[] = {"users", "pages", "clicks", "expected"};
constexpr std::uint64_t k_user_bytes = 2 * sizeof(std::uint64_t) + 2 * sizeof(std::uint32_t);

/// Room for the rows in whole chunks, for the sums, and for what HDF5 keeps about them.
std::uint64_t disk_bytes(const SimulationRecord& head, std::uint64_t users) {
  constexpr std::uint64_t k_margin = 2 << 20;
  std::uint64_t bytes = k_margin + head.summary.dump().size() + head.config.dump().size();
  for (const SimulatedPolicy& policy : head.policies) {
    bytes +=
        users * k_user_bytes + users / 256 + k_margin + 8 * (3 * policy.pages_by_step.size() + policy.shown.size());
  }
  return bytes;
}

Hdf5File create_record(const std::filesystem::path& path, const SimulationRecord& head, std::uint64_t users,
                       std::uint64_t most_in_memory) {
  const bool large = users * k_user_bytes * head.policies.size() > most_in_memory;
  return large ? Hdf5File::create_on_disk(path, disk_bytes(head, users)) : Hdf5File::create(path);
}

}  // namespace

const SimulatedPolicy* SimulationRecord::find(std::string_view policy) const {
  const auto found = std::ranges::find(policies, policy, &SimulatedPolicy::name);
  return found == policies.end() ? nullptr : &*found;
}

SimulationRecordWriter::SimulationRecordWriter(const std::filesystem::path& path, const SimulationRecord& head,
                                               std::uint64_t users, std::uint64_t most_in_memory)
    : target_(path),
      file_(create_record(target_.temporary(), head, users, most_in_memory)),
      waiting_(head.policies.size()) {
  write_head(head);
}

void SimulationRecordWriter::write_head(const SimulationRecord& head) {
  file_.write_attribute("/", "kind", k_kind);
  file_.write_attribute("/", "format", k_format);
  file_.write_strings("/summary", std::vector<std::string>{head.summary.dump()});
  file_.write_strings("/config", std::vector<std::string>{head.config.dump()});
  file_.make_group("/policies");
  for (std::size_t p = 0; p < head.policies.size(); ++p) {
    const SimulatedPolicy& policy = head.policies[p];
    const std::string group = group_of(p);
    file_.make_group(group);
    file_.write_attribute(group, "name", std::string_view(policy.name));
    file_.write_attribute(group, "role", std::string_view(policy.role));
    each_sum(policy, [&](const char* name, const auto& values) { file_.write(group + "/" + name, values); });
  }
  write_waiting();  // makes the columns
}

void SimulationRecordWriter::add(std::uint64_t user, std::span<const SimulatedUser> outcomes) {
  CF_EXPECTS(outcomes.size() == waiting_.size());
  if (last_ && user <= *last_) {
    throw DataError(fmt::format("a simulation record with user {} after user {}", user, *last_),
                    "users of a record ascend", "simulate again");
  }
  last_ = user;
  users_.push_back(user);
  for (std::size_t p = 0; p < outcomes.size(); ++p) {
    waiting_[p].pages.push_back(outcomes[p].pages);
    waiting_[p].clicks.push_back(outcomes[p].clicks);
    waiting_[p].expected.push_back(outcomes[p].expected);
  }
  if (users_.size() == k_rows_at_once) write_waiting();
}

void SimulationRecordWriter::write_waiting() {
  const auto append = [&](const std::string& column, auto& values) {
    file_.append(column, std::span<const typename std::remove_cvref_t<decltype(values)>::value_type>(values));
  };
  for (std::size_t p = 0; p < waiting_.size(); ++p) {
    const std::string group = group_of(p);
    append(group + "/users", users_);
    append(group + "/pages", waiting_[p].pages);
    append(group + "/clicks", waiting_[p].clicks);
    append(group + "/expected", waiting_[p].expected);
    waiting_[p].pages.clear();
    waiting_[p].clicks.clear();
    waiting_[p].expected.clear();
  }
  users_.clear();
}

void SimulationRecordWriter::finish() {
  write_waiting();
  file_.close();
  // What was taken of the disk and not needed goes back.
  std::error_code ignored;
  std::filesystem::resize_file(target_.temporary(), std::filesystem::file_size(target_.temporary()), ignored);
  target_.commit();
}

SimulationRecordReader::SimulationRecordReader(const std::filesystem::path& path) : file_(Hdf5File::open(path)) {
  const bool ours = file_.has_attribute("/", "kind") && file_.read_text("/", "kind") == k_kind &&
                    file_.has_attribute("/", "format") && file_.read_integer("/", "format") == k_format;
  if (!ours) {
    throw DataError(fmt::format("{} is no simulation record of format {}", path.string(), k_format),
                    "another program or version wrote it", "give what `coldframe simulate` wrote, or simulate again");
  }
  const auto json_at = [&](const char* object) {
    const std::vector<std::string> texts = file_.read_strings(object);
    if (texts.size() != 1) {
      throw DataError(fmt::format("{} is damaged", path.string()), fmt::format("{} holds no text", object));
    }
    return parse_json(texts.front(), fmt::format("{}:{}", path.string(), object));
  };
  head_ = {json_at("/summary"), json_at("/config"), {}};
  for (const std::string& name : file_.children("/policies")) {
    const std::string group = "/policies/" + name;
    SimulatedPolicy& policy = head_.policies.emplace_back();
    policy.name = file_.read_text(group, "name");
    policy.role = file_.read_text(group, "role");
    each_sum(policy, [&]<class T>(const char* column, std::vector<T>& values) {
      values = file_.read<T>(fmt::format("{}/{}", group, column));
    });
    for (const char* column : k_user_columns) {
      if (file_.shape(fmt::format("{}/{}", group, column)) == file_.shape(group + "/users")) continue;
      throw DataError(fmt::format("{} is no simulation record", path.string()),
                      fmt::format("the columns of policy {} differ in length", policy.name), "simulate again");
    }
  }
}

void SimulationRecordReader::read_users(std::size_t policy, SimulatedPolicy& into) const {
  read_users(policy, into, 0, file_.shape(group_of(policy) + "/users").front());
}

void SimulationRecordReader::read_users(std::size_t policy, SimulatedPolicy& into, std::uint64_t first,
                                        std::uint64_t count) const {
  const std::string group = group_of(policy);
  into.users = file_.read_rows<std::uint64_t>(group + "/users", first, count);
  into.pages = file_.read_rows<std::uint32_t>(group + "/pages", first, count);
  into.clicks = file_.read_rows<std::uint32_t>(group + "/clicks", first, count);
  into.expected = file_.read_rows<double>(group + "/expected", first, count);
}

void SimulationRecordReader::each_user(std::span<const std::size_t> policies, const Visit& visit) const {
  if (policies.empty()) return;
  const std::uint64_t users = file_.shape(group_of(policies.front()) + "/users").front();
  std::vector<SimulatedUser> outcomes(policies.size());
  std::vector<SimulatedPolicy> rows(policies.size());
  for (std::uint64_t first = 0; first < users; first += k_rows_at_once) {
    const std::uint64_t count = std::min(k_rows_at_once, users - first);
    for (std::size_t p = 0; p < policies.size(); ++p) {
      read_users(policies[p], rows[p], first, count);
      if (rows[p].users != rows.front().users) {
        throw DataError(fmt::format("{} is no simulation record", file_.path().string()),
                        fmt::format("{} and {} have other users", head_.policies[policies.front()].name,
                                    head_.policies[policies[p]].name),
                        "simulate again");
      }
    }
    for (std::size_t u = 0; u < count; ++u) {
      for (std::size_t p = 0; p < policies.size(); ++p) outcomes[p] = rows[p].user(u);
      visit(rows.front().users[u], outcomes);
    }
  }
}

void write_simulation_record(const std::filesystem::path& path, const SimulationRecord& record) {
  require_parallel(record, path);
  const std::size_t users = record.policies.empty() ? 0 : record.policies.front().users.size();
  SimulationRecordWriter writer(path, record, users);
  std::vector<SimulatedUser> outcomes(record.policies.size());
  for (std::size_t u = 0; u < users; ++u) {
    for (std::size_t p = 0; p < outcomes.size(); ++p) outcomes[p] = record.policies[p].user(u);
    writer.add(record.policies.front().users[u], outcomes);
  }
  writer.finish();
}

SimulationRecord read_simulation_record(const std::filesystem::path& path) {
  const SimulationRecordReader reader(path);
  SimulationRecord record = reader.head();
  for (std::size_t p = 0; p < record.policies.size(); ++p) reader.read_users(p, record.policies[p]);
  require_parallel(record, path);
  return record;
}

}  // namespace coldframe
