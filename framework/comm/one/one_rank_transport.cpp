#include "framework/comm/one/one_rank_transport.h"

#include <stdexcept>

#include "framework/comm/last_words.h"
#include "framework/comm/position.h"

namespace coldframe::detail {
namespace {

class OneRankTransport final : public Transport {
 public:
  explicit OneRankTransport(LastWords last_words) : host_(this_host()), last_words_(last_words) {}

  int rank() const override { return 0; }
  int size() const override { return 1; }
  void exchange(int, std::span<const std::byte>, std::span<std::byte>) override {
    throw std::logic_error("a group of one rank has nobody to exchange with");
  }
  void report_position(std::string_view phase, std::int64_t step) override {
    if (last_words_ == LastWords::kept) set_last_words(describe_rank(0, host_, {std::string(phase), step}));
  }
  std::string host_of(int) const override { return host_; }

 private:
  std::string host_;
  LastWords last_words_;
};

}  // namespace

std::shared_ptr<Transport> make_one_rank_transport(LastWords last_words) {
  return std::make_shared<OneRankTransport>(last_words);
}

}  // namespace coldframe::detail
