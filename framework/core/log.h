#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <utility>

namespace coldframe {

enum class LogLevel { debug, info, warning, error, off };

struct LogSettings {
  int rank = 0;
  int rank_count = 1;
  LogLevel level = LogLevel::info;
};

/// Messages for people: to stderr, and to a file once a run folder exists. Lines carry the rank when there are several;
/// ranks other than 0 are heard from warnings upward only. Before start_log() everything from info upward goes to
/// stderr. Thread-safety: any thread may log; start, attach and detach from one thread.
void start_log(const LogSettings& settings);
/// Appends to the file, every line with date and level. IoError when it cannot be opened.
void attach_log_file(const std::filesystem::path& path);
void detach_log_file();
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view message);
/// To the file alone, when there is one: standard error has it already.
void log_to_file(LogLevel level, std::string_view message);

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::debug)) log_line(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::info)) log_line(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::warning)) log_line(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::error)) log_line(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace coldframe
