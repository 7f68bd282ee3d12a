#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "framework/core/clock.h"

namespace coldframe {

/// What produced a result. The first block is fixed at build time, the second is read from the machine.
struct Provenance {
  std::string version;     // "0.1.0"
  std::string revision;    // git commit, "-dirty" when the tree had changes; "unknown" outside a checkout
  std::string compiler;    // "GNU 12.2.0"
  std::string flags;       // "-O3 -DNDEBUG -ffp-contract=off"
  std::string build_type;  // "Release"
  std::string build_id;    // hex hash over the linker's build ids of the program and its LibTorch, in that order

  std::string cpu_model;
  std::string instruction_set;  // "avx512_bf16", "avx512", "avx2" or "baseline": runs of one class have the same bits
  std::string host;
  std::string date;  // when the process asked, UTC
};

/// The revision is passed in by the program: only `coldframe` itself is relinked when a commit changes it.
Provenance collect_provenance(const Clock& clock, std::string revision);

nlohmann::json to_json(const Provenance& provenance);

}  // namespace coldframe
