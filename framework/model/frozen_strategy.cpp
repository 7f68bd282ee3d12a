#include "framework/model/frozen_strategy.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/json_object.h"

namespace coldframe {
namespace {

constexpr const char* k_reference_file = "encoder_reference.json";
constexpr std::int64_t k_format = 1;

/// Exports no weights, only where they came from and their checksum.
class FrozenStrategy final : public Strategy {
 public:
  std::string_view kind() const override { return "frozen"; }

  void attach(Encoder& /*encoder*/, ParameterStore& /*parameters*/, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& /*parameters*/) const override { return true; }

  void export_to(const std::filesystem::path& folder, const Encoder& /*encoder*/, const ParameterStore& /*parameters*/,
                 const std::filesystem::path& encoder_folder) const override {
    AtomicFolder target(folder, IfExists::replace);
    write_json(
        target.temporary() / k_reference_file,
        {{"format_version", k_format}, {"encoder_folder", encoder_folder.string()}, {"encoder_sha256", base_sha256_}});
    target.commit();
  }

  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& /*parameters*/) const override {
    const JsonObject reference(folder / k_reference_file);
    if (reference.integer("format_version", 0, 1 << 20) != k_format) {
      reference.reject("format_version", fmt::format("this version reads format {}", k_format));
    }
    if (reference.text("encoder_sha256") != base_sha256_) {
      reference.reject("encoder_sha256", "the encoder at hand has other weights",
                       fmt::format("use {}", reference.text("encoder_folder")));
    }
  }

 private:
  std::string base_sha256_;
};

}  // namespace

void FrozenOptions::describe(OptionVisitor& /*visitor*/) {}

StrategyEntry frozen_strategy() {
  return {"frozen",
          "the pretrained encoder as it is: nothing is trained",
          [] { return std::make_unique<FrozenOptions>(); },
          [](const Options&) { return std::make_unique<FrozenStrategy>(); },
          true,
          "the encoder's checksum"};
}

}  // namespace coldframe
