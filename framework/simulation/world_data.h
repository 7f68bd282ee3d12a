#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coldframe {

/// One real user of role W.
struct WorldUser {
  std::uint64_t key = 0;  // stable hash of the external id
  std::uint32_t group = 0;
  double weight = 1;                 // bootstrap weight
  std::vector<double> x;             // centred attributes [P]
  std::vector<std::uint32_t> likes;  // distinct items
};

/// What worlds are fitted on. Users are in the order of their keys, so that the order of rows in a file changes
/// nothing.
struct WorldData {
  std::size_t item_count = 0;
  std::size_t group_count = 1;
  std::size_t attribute_size = 0;  // P
  std::vector<WorldUser> users;

  double like_weight() const;  // sum over users of weight * likes
  std::vector<double> group_shares() const;
};

/// The same users with keyed Poisson(1) weights (protocol: at least ten worlds carry the uncertainty of the fit).
/// replicate 0 is the data as they are. Throws DataError when no user is left.
WorldData bootstrap_world_data(const WorldData& data, std::uint64_t seed, std::uint32_t replicate);

/// Keyed split of the users: roughly `share` of them are held out.
struct WorldSplit {
  WorldData fit;
  WorldData held_out;
};
WorldSplit split_world_data(const WorldData& data, std::uint64_t seed, double share);

/// Log-likelihood per like of the held-out users under smoothed counts of the fitting users alone: the floor every
/// world has to beat.
double unigram_log_likelihood(const WorldData& fit, const WorldData& held_out, double pseudo_count);

/// Share of every item in all likes, by the weights of users, `pseudo_count` likes added to each item. [items], sums to 1
std::vector<double> item_shares(const WorldData& data, double pseudo_count);

}  // namespace coldframe
