#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "framework/model/adalora_options.h"
#include "framework/model/parameters.h"
#include "framework/model/peft_folder.h"

namespace coldframe {

/// One linear map with its update W + scale P diag(e) Q.
struct AdaloraSite {
  std::string module;
  ParameterIndex weight = -1;  // W [out, in]
  ParameterIndex q = -1;       // [rank, in]
  ParameterIndex e = -1;       // [rank]
  ParameterIndex p = -1;       // [out, rank]
};

/// An AdaLoRA adapter as its PEFT folder describes it.
struct AdaloraForm {
  AdaloraOptions options;
  std::int64_t steps = 0;  // of the run, 0: unknown
  std::vector<AdaloraSite> sites;
  /// Triplets that stay, sites one after the other, [sites * initial rank]; empty before the last choice.
  std::vector<char> kept;

  double scale() const { return options.alpha / (static_cast<double>(options.initial_rank) + 1e-5); }
};

/// Triplets that were given up are left out of the folder, and named in its rank_pattern.
void write_adalora_folder(const std::filesystem::path& folder, const AdapterBase& base, const AdaloraForm& form,
                          const ParameterStore& parameters);

/// The inverse, of folders of PEFT as well; what is left out gets e = 0. Fills form.kept. DataError names what differs.
void read_adalora_folder(const std::filesystem::path& folder, std::string_view base_sha256, AdaloraForm& form,
                         ParameterStore& parameters);

}  // namespace coldframe
