#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace coldframe {

/// What a process returns to the shell, Slurm or CI. Documented in docs/guide/exit-codes.md; never renumbered.
enum class ExitCode : int {
  done = 0,
  unexpected = 1,
  config = 2,
  data = 3,  // a data set or any other file
  expectation_missed = 4,
  distributed = 5,
  undecided = 6,
  numeric = 7,
  stopped = 75,  // stopped on request after a checkpoint: requeue me
};

/// Environment and user errors. Always on, caught once in cli.
/// Wording: `problem (why) suggestion`, lower case, naming key, value, file, line or rank.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, std::string_view problem, std::string_view why, std::string_view suggestion);
  ExitCode exit_code() const { return code_; }

 private:
  ExitCode code_;
};

/// A wrong key, value or combination in a config file or on the command line.
class ConfigError : public Error {
 public:
  explicit ConfigError(std::string_view problem, std::string_view why = {}, std::string_view suggestion = {});
};

/// A data set, encoder folder, checkpoint or other input whose content is wrong.
class DataError : public Error {
 public:
  explicit DataError(std::string_view problem, std::string_view why = {}, std::string_view suggestion = {});
};

/// A file that cannot be opened, read, written or renamed (disk full included).
class IoError : public Error {
 public:
  explicit IoError(std::string_view problem, std::string_view why = {}, std::string_view suggestion = {});
};

/// A rank that is missing, late, or disagrees with the others.
class DistributedError : public Error {
 public:
  explicit DistributedError(std::string_view problem, std::string_view why = {}, std::string_view suggestion = {});
};

/// NaN, infinity or divergence where a number was needed.
class NumericError : public Error {
 public:
  explicit NumericError(std::string_view problem, std::string_view why = {}, std::string_view suggestion = {});
};

namespace detail {
[[noreturn]] void contract_failed(const char* kind, const char* condition, const char* file, int line);
}

}  // namespace coldframe

// Contracts between programmers, checked in debug builds and tests only; never for user input.
#ifdef COLDFRAME_CONTRACTS
#define CF_CONTRACT_IMPL(kind, condition) \
  ((condition) ? (void)0 : ::coldframe::detail::contract_failed(kind, #condition, __FILE__, __LINE__))
#else
#define CF_CONTRACT_IMPL(kind, condition) ((void)0)
#endif
#define CF_EXPECTS(condition) CF_CONTRACT_IMPL("precondition", condition)
#define CF_ASSERT(condition) CF_CONTRACT_IMPL("assertion", condition)
#define CF_ENSURES(condition) CF_CONTRACT_IMPL("postcondition", condition)
