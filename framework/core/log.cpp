#include "framework/core/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>

#include "framework/core/error.h"

namespace coldframe {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

std::string rank_prefix(const LogSettings& settings) {
  return settings.rank_count > 1 ? fmt::format("[rank {}] ", settings.rank) : std::string{};
}

/// The one logger of the process. People read stderr, so its lines are bare; files are read later, so theirs are dated.
class Output {
 public:
  Output() : sinks_(std::make_shared<spdlog::sinks::dist_sink_mt>()), logger_("coldframe", sinks_) {
    logger_.set_level(spdlog::level::debug);
    start({});
  }

  void start(const LogSettings& settings) {
    settings_ = settings;
    screen_ = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    const bool heard = settings.rank == 0 || settings.level > LogLevel::warning;
    screen_->set_level(to_spdlog(heard ? settings.level : LogLevel::warning));
    // On a terminal a progress line may stand where the message goes: wipe it first.
    const std::string wipe = isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "";
    screen_->set_pattern(wipe + "coldframe: " + rank_prefix(settings) + "%v");
    rebuild();
  }

  void attach(const std::filesystem::path& path) {
    try {
      file_ = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    } catch (const spdlog::spdlog_ex& error) {
      throw IoError(fmt::format("cannot write {}", path.string()), error.what());
    }
    file_->set_level(to_spdlog(settings_.level));
    file_->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l " + rank_prefix(settings_) + "%v");
    rebuild();
  }

  void detach() {
    file_.reset();
    rebuild();
  }

  bool enabled(LogLevel level) const {
    const spdlog::level::level_enum wanted = to_spdlog(level);
    return screen_->should_log(wanted) || (file_ != nullptr && file_->should_log(wanted));
  }

  spdlog::logger& logger() { return logger_; }

  void to_file(LogLevel level, std::string_view message) {
    if (file_ == nullptr || !file_->should_log(to_spdlog(level))) return;
    file_->log(spdlog::details::log_msg("coldframe", to_spdlog(level), {message.data(), message.size()}));
    file_->flush();
  }

 private:
  void rebuild() {
    std::vector<spdlog::sink_ptr> sinks{screen_};
    if (file_ != nullptr) sinks.push_back(file_);
    sinks_->set_sinks(std::move(sinks));
    // A killed process must not take its last lines with it.
    logger_.flush_on(spdlog::level::debug);
  }

  LogSettings settings_;
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks_;
  spdlog::logger logger_;
  spdlog::sink_ptr screen_;
  spdlog::sink_ptr file_;
};

Output& output() {
  static Output instance;
  return instance;
}

}  // namespace

void start_log(const LogSettings& settings) { output().start(settings); }
void attach_log_file(const std::filesystem::path& path) { output().attach(path); }
void detach_log_file() { output().detach(); }
bool log_enabled(LogLevel level) { return output().enabled(level); }

void log_line(LogLevel level, std::string_view message) {
  // spdlog would read braces in a message as a format when it stands alone.
  output().logger().log(to_spdlog(level), "{}", message);
}

void log_to_file(LogLevel level, std::string_view message) { output().to_file(level, message); }

}  // namespace coldframe
