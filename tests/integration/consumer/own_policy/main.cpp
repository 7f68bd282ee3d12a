// A policy written outside the repository: shows the candidates in a random order keyed by user and page.
// Expected output:
//   keyed_shuffle shows 3 of 5 candidates
//   a missing store is refused with exit code 3
#include <algorithm>
#include <cstdio>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/data/dataset_store.h"
#include "framework/simulation/policy.h"

namespace {

using namespace coldframe;  // NOLINT(google-build-using-namespace): an example, and the only namespace there is

class KeyedShuffle final : public Policy {
 public:
  explicit KeyedShuffle(std::uint64_t seed) : random_(seed, Purpose::exploration) {}

  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return PolicyKind::stochastic; }

  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override {
    for (std::size_t i = 0; i < requests.size(); ++i) slates[i] = shuffle(requests[i]);
  }

 private:
  Slate shuffle(const PolicyRequest& request) const {
    auto draw = [&](ItemId item) {
      return random_.uniform(request.user, request.time.session, request.time.page, item.value());
    };
    Slate slate{.items = {request.candidates.begin(), request.candidates.end()}};
    std::ranges::sort(slate.items, {}, draw);
    slate.items.resize(std::min(request.slate_size, slate.items.size()));
    return slate;
  }

  std::string name_ = "keyed_shuffle";
  KeyedRandom random_;
};

}  // namespace

int main() {
  const std::vector<ItemId> candidates{ItemId{0}, ItemId{1}, ItemId{2}, ItemId{3}, ItemId{4}};
  const PolicyRequest request{.user = UserKey{7}, .candidates = candidates, .slate_size = 3};
  const KeyedShuffle policy(1);
  Slate slate;
  policy.rank({&request, 1}, {&slate, 1});
  std::printf("%s shows %zu of %zu candidates\n", policy.name().c_str(), slate.items.size(), candidates.size());
  try {
    read_dataset("missing.h5");
  } catch (const Error& error) {
    std::printf("a missing store is refused with exit code %d\n", static_cast<int>(error.exit_code()));
  }
  return 0;
}
