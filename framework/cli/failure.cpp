#include "framework/cli/failure.h"

#include <fmt/format.h>

#include <filesystem>
#include <new>

namespace coldframe {

void FailureHooks::run(const Failure& failure) noexcept {
  for (; !hooks_.empty(); hooks_.pop_back()) {
    try {
      hooks_.back()(failure);
    } catch (...) {  // see the class comment
    }
  }
}

Failure failure_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    return {error.exit_code(), error.what()};
  } catch (const std::filesystem::filesystem_error& error) {
    const std::string path = error.path1().string();
    return {ExitCode::data, path.empty() ? error.code().message() : fmt::format("{}: {}", path, error.code().message())};
  } catch (const std::bad_alloc&) {
    return {ExitCode::unexpected, "out of memory"};
  } catch (const std::exception& error) {
    return {ExitCode::unexpected, fmt::format("{} (unexpected)", error.what())};
  } catch (...) {
    return {ExitCode::unexpected, "unexpected failure"};
  }
}

}  // namespace coldframe
