#include "framework/comm/mpi/silence_ledger.h"

#include <algorithm>
#include <set>
#include <utility>

namespace coldframe::detail {

std::vector<int> watched_ranks(int rank, int size) {
  std::set<int> watched;
  for (int distance = 1; distance < size; distance *= 2) {
    watched.insert((rank + distance) % size);
    watched.insert((rank - distance + size) % size);
  }
  return {watched.begin(), watched.end()};
}

SilenceLedger::SilenceLedger(std::vector<int> watched, double longest_tick_seconds)
    : watched_(std::move(watched)), entries_(watched_.size()), longest_tick_(longest_tick_seconds) {}

void SilenceLedger::tick(double seconds) {
  for (Entry& entry : entries_) entry.silence += std::min(seconds, longest_tick_);
}

void SilenceLedger::heard(int rank, Position position) {
  Entry& entry = entries_[index_of(rank)];
  entry.silence = 0;
  entry.position = std::move(position);
}

void SilenceLedger::left(int rank) { entries_[index_of(rank)].gone = true; }

bool SilenceLedger::everyone_left() const {
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.gone; });
}

std::vector<int> SilenceLedger::silent_for(double seconds) const {
  std::vector<int> silent;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].gone && entries_[i].silence >= seconds) silent.push_back(watched_[i]);
  }
  return silent;
}

double SilenceLedger::silence_of(int rank) const { return entries_[index_of(rank)].silence; }

Position SilenceLedger::position_of(int rank) const {
  const std::size_t i = index_of(rank);
  return i < entries_.size() ? entries_[i].position : Position{};
}

std::size_t SilenceLedger::index_of(int rank) const {
  const auto found = std::lower_bound(watched_.begin(), watched_.end(), rank);
  return found != watched_.end() && *found == rank ? static_cast<std::size_t>(found - watched_.begin())
                                                   : watched_.size();
}

}  // namespace coldframe::detail
