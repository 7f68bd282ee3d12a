#include "framework/cli/simulated_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_users_at_once = 1 << 13;

/// What the root asks a rank for: users [first, first + count); none: the end.
struct Wanted {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <class T>
std::span<std::byte> bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

void visit_rows(std::span<const UserOutcome> rows, std::uint64_t first, std::size_t policies,
                const SimulatedRows::Visit& visit) {
  std::vector<SimulatedUser> outcomes(policies);
  for (std::size_t at = 0; at < rows.size(); at += policies) {
    for (std::size_t p = 0; p < policies; ++p) {
      const UserOutcome& row = rows[at + p];
      outcomes[p] = {row.pages, row.clicks, static_cast<double>(row.expected) * FixedSum::k_unit};
    }
    visit(first + at / policies, outcomes);
  }
}

/// Calls use(first, count) for pieces of users [begin, end).
template <class Use>
void each_piece(std::uint64_t begin, std::uint64_t end, const Use& use) {
  for (std::uint64_t first = begin; first < end; first += k_users_at_once) {
    use(first, std::min(k_users_at_once, end - first));
  }
}

}  // namespace

PairedBootstrap over_ranks(const Group& group, PairedBootstrap mine, const BootstrapShape& shape) {
  if (group.size() == 1) return mine;
  PairedBootstrap all(shape.columns, shape.options);
  const std::vector<std::uint64_t> state = mine.state();
  for (const std::vector<std::byte>& bytes : all_gather(group, std::as_bytes(std::span(state)))) {
    std::vector<std::uint64_t> words(bytes.size() / sizeof(std::uint64_t));
    std::memcpy(words.data(), bytes.data(), bytes.size());
    all.merge_state(words);
  }
  return all;
}

SimulatedRows::Share SimulatedRows::share(std::uint64_t begin, std::uint64_t end) const {
  const Share mine{std::max(mine_.begin(), begin), std::min(mine_.end(), end), mine_.policies()};
  return mine.begin < mine.end ? mine : Share{};
}

std::vector<SimulatedRows::Share> SimulatedRows::shares(std::uint64_t begin, std::uint64_t end) const {
  std::vector<Share> all;
  for (const std::vector<std::byte>& bytes : all_gather(group_, bytes_of(share(begin, end)))) {
    std::memcpy(&all.emplace_back(), bytes.data(), sizeof(Share));
  }
  return all;
}

void SimulatedRows::each(std::uint64_t begin, std::uint64_t end, const Visit& visit) const {
  const std::vector<Share> all = shares(begin, end);
  agree_on_errors(group_, "collect simulated users", [&] {
    if (!group_.is_root()) return hand_over();
    std::exception_ptr error;
    try {
      collect(all, visit);
    } catch (...) {
      error = std::current_exception();
    }
    // The others wait for questions until they are let go.
    for (int rank = 1; rank < group_.size(); ++rank) group_.send(rank, bytes_of(Wanted{}));
    if (error) std::rethrow_exception(error);
  });
}

void SimulatedRows::collect(std::span<const Share> shares, const Visit& visit) const {
  for (int rank = 0; rank < group_.size(); ++rank) {
    const Share& from = shares[static_cast<std::size_t>(rank)];
    each_piece(from.begin, from.end, [&](std::uint64_t first, std::uint64_t count) {
      if (rank == 0) return visit_rows(mine_.read(first, count), first, from.policies, visit);
      group_.send(rank, bytes_of(Wanted{first, count}));
      std::uint64_t there = 0;
      group_.receive(rank, bytes_of(there));
      if (there == 0) throw IoError(fmt::format("rank {} cannot read rows of its users", rank), "its disk failed");
      std::vector<UserOutcome> rows(count * from.policies);
      group_.receive(rank, std::as_writable_bytes(std::span(rows)));
      visit_rows(rows, first, from.policies, visit);
    });
  }
}

void SimulatedRows::hand_over() const {
  std::exception_ptr error;
  while (true) {
    Wanted wanted;
    group_.receive(0, bytes_of(wanted));
    if (wanted.count == 0) break;
    std::vector<UserOutcome> rows;
    try {
      rows = mine_.read(wanted.first, wanted.count);
    } catch (...) {
      error = std::current_exception();
    }
    group_.send(0, bytes_of(std::uint64_t{error ? 0u : 1u}));
    if (!error) group_.send(0, std::as_bytes(std::span<const UserOutcome>(rows)));
  }
  if (error) std::rethrow_exception(error);
}

PairedBootstrap SimulatedRows::bootstrap(std::uint64_t begin, std::uint64_t end, std::size_t policies,
                                         const BootstrapOptions& options,
                                         const std::function<void(std::uint64_t)>& progress) const {
  PairedBootstrap rates(policies, options);
  agree_on_errors(group_, "resample simulated users", [&] {
    const Share mine = share(begin, end);
    std::vector<double> values(policies);
    const auto add = [&](std::uint64_t user, std::span<const SimulatedUser> outcomes) {
      std::ranges::transform(outcomes, values.begin(), &SimulatedUser::rate);
      rates.add(UserKey(user), values);
    };
    each_piece(mine.begin, mine.end, [&](std::uint64_t first, std::uint64_t count) {
      visit_rows(mine_.read(first, count), first, policies, add);
      if (progress) progress(first + count - mine.begin);
    });
  });
  return over_ranks(group_, std::move(rates), {policies, options});
}

}  // namespace coldframe
