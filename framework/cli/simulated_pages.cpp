#include "framework/cli/simulated_pages.h"

#include <fmt/format.h>

#include <cstring>
#include <exception>
#include <vector>

#include "framework/comm/agreement.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_no_more = ~std::uint64_t{0};  // the root asks for blocks by number, this one last
constexpr std::uint64_t k_failed = ~std::uint64_t{0};   // size of a block that cannot be read

template <class T>
std::vector<T> of_all_ranks(const Group& group, const T& mine) {
  std::vector<T> all;
  for (const std::vector<std::byte>& bytes : all_gather(group, std::as_bytes(std::span(&mine, 1)))) {
    std::memcpy(&all.emplace_back(), bytes.data(), sizeof(T));
  }
  return all;
}

void send_number(const Group& group, int rank, std::uint64_t number) {
  group.send(rank, std::as_bytes(std::span(&number, 1)));
}

std::uint64_t receive_number(const Group& group, int rank) {
  std::uint64_t number = 0;
  group.receive(rank, std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

}  // namespace

std::span<const PageSpool::Block> SimulatedPages::blocks(std::size_t policy) const {
  return policy < mine_.policies() ? mine_.blocks(policy) : std::span<const PageSpool::Block>();
}

SimulatedPages::Extent SimulatedPages::extent(std::size_t policy) const {
  Extent mine;
  if (policy < mine_.policies()) mine = {mine_.impressions(policy), mine_.columns(policy)};
  Extent all;
  for (const Extent& rank : of_all_ranks(group_, mine)) {
    all.impressions += rank.impressions;
    all.columns.marginals = all.columns.marginals || rank.columns.marginals;
    all.columns.prices = all.columns.prices || rank.columns.prices;
  }
  return all;
}

void SimulatedPages::each(std::size_t policy, std::uint64_t begin, std::uint64_t end, const Visit& visit) const {
  const std::vector<std::uint64_t> counts = of_all_ranks(group_, std::uint64_t{blocks(policy).size()});
  // Of what was stopped, blocks behind the last user of all are there too.
  const Visit wanted = [&](const PageRow& page) {
    if (page.user >= begin && page.user < end) visit(page);
  };
  agree_on_errors(group_, "collect simulated pages", [&] {
    if (!group_.is_root()) return hand_over(policy);
    std::exception_ptr error;
    try {
      collect(policy, counts, wanted);
    } catch (...) {
      error = std::current_exception();
    }
    // The others wait for questions until they are let go.
    for (int rank = 1; rank < group_.size(); ++rank) send_number(group_, rank, k_no_more);
    if (error) std::rethrow_exception(error);
  });
}

void SimulatedPages::collect(std::size_t policy, std::span<const std::uint64_t> counts, const Visit& visit) const {
  for (int rank = 0; rank < group_.size(); ++rank) {
    for (std::uint64_t block = 0; block < counts[static_cast<std::size_t>(rank)]; ++block) {
      std::vector<std::byte> packed;
      if (rank == 0) {
        packed = mine_.read(blocks(policy)[block]);
      } else {
        send_number(group_, rank, block);
        const std::uint64_t size = receive_number(group_, rank);
        if (size == k_failed)
          throw IoError(fmt::format("rank {} cannot read pages of its users", rank), "its disk failed");
        packed.resize(size);
        group_.receive(rank, packed);
      }
      for (const PageRow& page : unpack_pages(packed)) visit(page);
    }
  }
}

void SimulatedPages::hand_over(std::size_t policy) const {
  std::exception_ptr error;
  while (true) {
    const std::uint64_t block = receive_number(group_, 0);
    if (block == k_no_more) break;
    std::vector<std::byte> packed;
    try {
      packed = mine_.read(blocks(policy)[block]);
    } catch (...) {
      error = std::current_exception();
    }
    send_number(group_, 0, error ? k_failed : packed.size());
    if (!error) group_.send(0, packed);
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace coldframe
