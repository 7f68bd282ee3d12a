#include "framework/core/error.h"

#include <fmt/format.h>

namespace coldframe {
namespace {

std::string compose(std::string_view problem, std::string_view why, std::string_view suggestion) {
  std::string text{problem};
  if (!why.empty()) text += fmt::format(" ({})", why);
  if (!suggestion.empty()) text += fmt::format(" {}", suggestion);
  return text;
}

}  // namespace

Error::Error(ExitCode code, std::string_view problem, std::string_view why, std::string_view suggestion)
    : std::runtime_error(compose(problem, why, suggestion)), code_(code) {}

ConfigError::ConfigError(std::string_view problem, std::string_view why, std::string_view suggestion)
    : Error(ExitCode::config, problem, why, suggestion) {}

DataError::DataError(std::string_view problem, std::string_view why, std::string_view suggestion)
    : Error(ExitCode::data, problem, why, suggestion) {}

IoError::IoError(std::string_view problem, std::string_view why, std::string_view suggestion)
    : Error(ExitCode::data, problem, why, suggestion) {}

DistributedError::DistributedError(std::string_view problem, std::string_view why, std::string_view suggestion)
    : Error(ExitCode::distributed, problem, why, suggestion) {}

NumericError::NumericError(std::string_view problem, std::string_view why, std::string_view suggestion)
    : Error(ExitCode::numeric, problem, why, suggestion) {}

namespace detail {

void contract_failed(const char* kind, const char* condition, const char* file, int line) {
  throw std::logic_error(fmt::format("{}:{}: {} failed: {}", file, line, kind, condition));
}

}  // namespace detail
}  // namespace coldframe
