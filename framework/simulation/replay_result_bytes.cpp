#include <cstring>
#include <type_traits>

#include "framework/core/error.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {
namespace {

class Writer {
 public:
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void put(const T& value) {
    const std::size_t before = bytes_.size();
    bytes_.resize(before + sizeof(T));
    std::memcpy(bytes_.data() + before, &value, sizeof(T));
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void put(const std::vector<T>& values) {
    put(static_cast<std::uint64_t>(values.size()));
    for (const T& value : values) put(value);
  }
  void put(const std::string& text) { put(std::vector<char>(text.begin(), text.end())); }
  /// Member by member: what lies between them in memory has any value.
  void put(const Impression& impression) {
    put(std::uint64_t{impression.item});
    put(impression.time);
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void get(T& value) {
    need(sizeof(T));
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_ = bytes_.subspan(sizeof(T));
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void get(std::vector<T>& values) {
    values.resize(get_count(sizeof(T)));
    for (T& value : values) get(value);
  }
  void get(std::string& text) {
    std::vector<char> characters;
    get(characters);
    text.assign(characters.begin(), characters.end());
  }
  void get(Impression& impression) {
    std::uint64_t item = 0;
    get(item);
    get(impression.time);
    impression.item = static_cast<std::uint32_t>(item);
  }
  std::size_t get_count(std::size_t least_size) {
    std::uint64_t count = 0;
    get(count);
    if (count > bytes_.size() / least_size) need(bytes_.size() + 1);
    return count;
  }
  bool done() const { return bytes_.empty(); }

 private:
  void need(std::size_t size) {
    if (size > bytes_.size()) throw DataError("packed simulation result", "it is cut short", "send it again");
  }
  std::span<const std::byte> bytes_;
};

// One list of members for both directions, so that they cannot drift apart.
void visit(auto& io, auto& row) requires requires { row.position_log_propensity; }
{
  io(row.user, row.profile, row.period, row.session, row.page, row.timestamp, row.items, row.clicks,
     row.position_log_propensity, row.position_log_marginal, row.given_likes, row.query, row.expected, row.prices);
}

void visit(auto& io, auto& row) requires requires { row.pages_by_step; }
{
  io(row.policy, row.user_count, row.pages, row.clicks, row.expected, row.users, row.searches, row.ads,
     row.pages_by_step, row.clicks_by_step, row.expected_by_step, row.shown, row.answers, row.new_items,
     row.new_item_impressions, row.search, row.places, row.relevance, row.digest);
}

}  // namespace

std::vector<std::byte> pack_pages(std::span<const PageRow> pages) {
  Writer writer;
  const auto put = [&](const auto&... members) { (writer.put(members), ...); };
  put(static_cast<std::uint64_t>(pages.size()));
  for (const PageRow& row : pages) visit(put, row);
  return writer.take();
}

std::vector<PageRow> unpack_pages(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const auto get = [&](auto&... members) { (reader.get(members), ...); };
  std::vector<PageRow> pages(reader.get_count(1));
  for (PageRow& row : pages) visit(get, row);
  if (!reader.done()) throw DataError("packed pages", "bytes are left over", "send them again");
  return pages;
}

std::vector<std::byte> pack(const ReplayResult& result) {
  Writer writer;
  const auto put = [&](const auto&... members) { (writer.put(members), ...); };
  put(result.begin, result.end, static_cast<std::uint64_t>(result.policies.size()));
  for (const PolicyOutcome& outcome : result.policies) {
    visit(put, outcome);
    put(static_cast<std::uint64_t>(outcome.log.size()));
    for (const PageRow& row : outcome.log) visit(put, row);
  }
  return writer.take();
}

ReplayResult unpack_replay_result(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const auto get = [&](auto&... members) { (reader.get(members), ...); };
  ReplayResult result;
  get(result.begin, result.end);
  result.policies.resize(reader.get_count(1));
  for (PolicyOutcome& outcome : result.policies) {
    visit(get, outcome);
    outcome.log.resize(reader.get_count(1));
    for (PageRow& row : outcome.log) visit(get, row);
  }
  if (!reader.done()) throw DataError("packed simulation result", "bytes are left over", "send it again");
  return result;
}

}  // namespace coldframe
