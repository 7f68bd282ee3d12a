#include "framework/cli/finished_run.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "framework/cli/trained_settings.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

/// `runs/x/lora/fold-0/seed-1` as the user gave it, without a slash at the end.
std::string run_name(const std::filesystem::path& folder) {
  const std::filesystem::path plain = folder.lexically_normal();
  return (plain.has_filename() ? plain : plain.parent_path()).string();
}

}  // namespace

NamedRun read_finished_run(const std::string& folder) {
  const std::filesystem::path record = std::filesystem::path(folder) / "run.h5";
  if (!std::filesystem::exists(record)) {
    throw DataError(fmt::format("{} holds no finished run", folder), "run.h5 is missing",
                    "give ROOT/NAME/VARIANT/fold-F/seed-S as `coldframe train` prints it");
  }
  NamedRun run{run_name(folder), read_run_record(record)};
  run.record.config = trained_settings(run.record.config);
  return run;
}

std::string given_twice(std::span<const std::string> paths) {
  std::set<std::filesystem::path> seen;
  for (const std::string& path : paths) {
    std::error_code ignored;
    std::filesystem::path whole = std::filesystem::weakly_canonical(path, ignored);
    if (!whole.has_filename()) whole = whole.parent_path();
    if (!seen.insert(std::move(whole)).second) return path;
  }
  return {};
}

}  // namespace coldframe
