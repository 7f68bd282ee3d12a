#include "framework/comm/agreement.h"

#include <fmt/format.h>

#include <charconv>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>

#include "framework/comm/agreed_error.h"
#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

struct Failure {
  ExitCode code = ExitCode::unexpected;
  std::string message;
  std::exception_ptr error;
};

thread_local std::exception_ptr t_agreed;

[[noreturn]] void throw_agreed(std::exception_ptr error) {
  t_agreed = error;
  std::rethrow_exception(std::move(error));
}

std::optional<Failure> run(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return Failure{error.exit_code(), error.what(), std::current_exception()};
  } catch (const std::filesystem::filesystem_error& error) {
    return Failure{ExitCode::data, error.what(), std::current_exception()};
  } catch (const std::exception& error) {
    return Failure{ExitCode::unexpected, error.what(), std::current_exception()};
  } catch (...) {
    return Failure{ExitCode::unexpected, "an exception of unknown type", std::current_exception()};
  }
}

/// "" for success, else "<exit code>:<message>".
std::string encode(const std::optional<Failure>& failure) {
  return failure ? fmt::format("{}:{}", static_cast<int>(failure->code), failure->message) : std::string();
}

}  // namespace

void agree_on_errors(const Group& group, std::string_view phase, const std::function<void()>& work) {
  if (group.size() == 1) return work();
  const std::optional<Failure> mine = run(work);
  std::vector<std::string> reports;
  try {
    if (!any_rank(group, mine.has_value())) return;
    reports = all_gather_text(group, encode(mine));
  } catch (...) {
    // The others cannot be told any more; what went wrong here comes first.
    if (mine) std::rethrow_exception(mine->error);
    throw;
  }
  for (int r = 0; r < group.size(); ++r) {
    const std::string& report = reports[static_cast<std::size_t>(r)];
    if (report.empty()) continue;
    int code = 0;
    std::from_chars(report.data(), report.data() + report.size(), code);
    const auto agreed = static_cast<ExitCode>(code);
    if (mine && mine->code == agreed) throw_agreed(mine->error);
    const std::string first = report.substr(report.find(':') + 1);
    throw_agreed(std::make_exception_ptr(
        Error(agreed, fmt::format("{} failed on rank {} on {}: {}", phase, r, group.host_of(r), first),
              mine ? fmt::format("here: {}", mine->message) : std::string(), {})));
  }
}

}  // namespace coldframe::detail

namespace coldframe {

bool agreed_on(const std::exception_ptr& error) { return error != nullptr && error == detail::t_agreed; }

bool told(const std::exception_ptr& error) {
  try {
    if (error != nullptr) std::rethrow_exception(error);
  } catch (const ToldError&) {
    return true;
  } catch (...) {
    return false;
  }
  return false;
}

}  // namespace coldframe
