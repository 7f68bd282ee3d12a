#pragma once

#include "framework/simulation/encoder_policy.h"

namespace coldframe {

/// User vectors of an encoder that reads queries: (1 - w) u + w q scaled to length 1, u what the encoder makes of
/// profile and likes, q of the query's text alone; u itself while a user browses. Borrows everything.
class SearchingVectors final : public UserVectors {
 public:
  /// queries [rows of Query, D], each of length 1 as users are; weight w in [0, 1].
  SearchingVectors(const UserVectors& users, const VectorTable& queries, double weight);
  std::size_t width() const override { return users_->width(); }
  void compute(std::span<const PolicyRequest> requests, std::span<float> vectors) const override;

 private:
  const UserVectors* users_;
  const VectorTable* queries_;
  float weight_;
};

}  // namespace coldframe
