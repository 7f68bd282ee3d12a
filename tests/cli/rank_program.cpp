// A program with one subcommand for several ranks, run under mpirun by ranks_test.cpp.
#include <fmt/format.h>

#include <iostream>

#include "framework/cli/application.h"

namespace coldframe {
namespace {

struct RankOptions final : Options {
  std::string fault;
  std::int64_t at_rank = 0;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "fault", .doc = "data or stopped"}, fault);
    visitor.visit({.name = "at-rank", .doc = "where"}, at_rank);
  }
};

class RankCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "", .text = "", .config = ConfigUse::allowed, .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  ExitCode run(const Invocation& invocation) override {
    barrier(invocation.group);
    if (options_.fault == "data" && invocation.group.rank() == options_.at_rank) throw DataError("bad shard");
    barrier(invocation.group);
    if (invocation.group.is_root()) invocation.output << fmt::format("{} ranks\n", invocation.group.size());
    return options_.fault == "stopped" ? ExitCode::stopped : ExitCode::done;
  }

 private:
  RankOptions options_;
};

}  // namespace
}  // namespace coldframe

int main(int argument_count, char** arguments) {
  const coldframe::SystemClock clock;
  const std::vector<coldframe::SubcommandEntry> commands = {
      {"work", "", [] { return std::make_unique<coldframe::RankCommand>(); }}};
  const std::vector<std::string> words(arguments + 1, arguments + argument_count);
  return coldframe::Application(commands, clock, "", std::cout).run(words);
}
