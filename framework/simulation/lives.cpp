#include "framework/simulation/lives.h"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/row_batch.h"
#include "framework/simulation/detail/parallel_blocks.h"

namespace coldframe {
namespace {

Lives sums_of(std::span<const UserRow> rows) {
  static_assert(std::has_unique_object_representations_v<UserRow>, "rows are digested as bytes");
  Lives sums;
  sums.users = rows.size();
  for (const UserRow& row : rows) {
    sums.pages += row.pages;
    sums.clicks += row.clicks;
    sums.expected.add_raw(row.expected);
  }
  sums.digest = digest_rows({reinterpret_cast<const char*>(rows.data()), rows.size_bytes()}, sizeof(UserRow));
  return sums;
}

void add(const Lives& more, Lives& all) {
  all.users += more.users;
  all.pages += more.pages;
  all.clicks += more.clicks;
  all.expected.add_raw(more.expected.raw());
  all.digest.merge(more.digest);
}

}  // namespace

Lives live(const LifeLaw& law, std::uint64_t begin, std::uint64_t end, std::int64_t threads,
           std::uint64_t block_users) {
  CF_EXPECTS(begin <= end && block_users > 0);
  Lives all;
  std::mutex adding;
  const auto run = [&](std::size_t block) {
    const std::uint64_t first = begin + block * block_users;
    std::vector<UserRow> rows(std::min(block_users, end - first));
    law.live(first, rows);
    const Lives sums = sums_of(rows);
    const std::scoped_lock lock(adding);
    add(sums, all);
  };
  detail::parallel_blocks((end - begin + block_users - 1) / block_users, threads, run, {});
  return all;
}

}  // namespace coldframe
