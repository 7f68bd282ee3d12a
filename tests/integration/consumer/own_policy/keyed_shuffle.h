#pragma once

#include <string>

#include "framework/core/philox.h"
#include "framework/simulation/policy.h"

/// Shows the candidates in a random order keyed by user and page: every ordered page with probability (C - K)! / C!.
class KeyedShuffle final : public coldframe::Policy {
 public:
  KeyedShuffle(std::string name, std::uint64_t seed)
      : name_(std::move(name)), random_(seed, coldframe::Purpose::exploration) {}

  const std::string& name() const override { return name_; }
  coldframe::PolicyKind kind() const override { return coldframe::PolicyKind::stochastic; }
  void rank(std::span<const coldframe::PolicyRequest> requests, std::span<coldframe::Slate> slates) const override;
  /// Says how probable any page is: that lets `epsilon:` mix it, and logs be asked about it.
  void weigh(std::span<const coldframe::PolicyRequest> requests, std::span<coldframe::Slate> slates) const override;

 private:
  std::string name_;
  coldframe::KeyedRandom random_;
};
