// A program whose ranks step together until something happens to one of them.
//
//   mpirun -n 2 unlucky_rank <what> <rank> <deadline seconds> <token>
//
// The token is only there so that a test finds processes left behind.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "framework/comm/agreed_error.h"
#include "framework/comm/launch.h"
#include "framework/comm/stop_signal.h"

namespace coldframe {
namespace {

constexpr int k_fatal_step = 17;

void sleep_seconds(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

struct Scene {
  const Group& group;
  std::string what;
  int victim;
  double deadline;
  bool is_victim() const { return group.rank() == victim; }
};

/// The victim is inside a barrier, which another rank enters late, when abort() is called.
void abort_inside_a_collective(const Scene& scene) {
  if (scene.is_victim()) {
    std::thread([] {
      sleep_seconds(0.3);
      std::abort();
    }).detach();
  } else {
    sleep_seconds(1.5);
  }
  barrier(scene.group);
}

void happen(const Scene& scene) {
  const bool mine = scene.is_victim();
  const std::map<std::string, std::function<void()>> events{
      {"exit",
       [&] {
         if (mine) std::exit(0);
       }},
      {"vanish",
       [&] {
         if (mine) _exit(0);
       }},
      {"kill",
       [&] {
         if (mine) raise(SIGKILL);
       }},
      {"stop",
       [&] {
         if (mine) raise(SIGSTOP);
       }},
      {"stop_all_but_root",
       [&] {
         if (scene.group.rank() != 0) raise(SIGSTOP);
       }},
      {"throw",
       [&] {
         if (mine) throw DataError("row 7 has no user");
       }},
      {"abort", [&] { abort_inside_a_collective(scene); }},
      {"linger",
       [&] {
         if (mine) sleep_seconds(600);
       }},
      {"compute_long",
       [&] {
         if (mine) sleep_seconds(1.3 * scene.deadline);
       }},
      {"request",
       [&] {
         if (mine) request_stop();
       }},
      {"stop_while_computing",
       [&] {
         scene.group.report_position("evaluation", k_fatal_step);
         sleep_seconds(0.5);
         if (mine) raise(SIGSTOP);
         sleep_seconds(600);
       }},
  };
  if (mine) std::fputs("the moment of loss\n", stderr);
  events.at(scene.what)();
}

ExitCode step_together(const Scene& scene) {
  for (int step = 0; step < 40; ++step) {
    scene.group.report_position("training", step);
    if (any_rank(scene.group, stop_requested())) return ExitCode::stopped;
    // Long enough that a heartbeat tells the step before it ends.
    sleep_seconds(step == k_fatal_step ? 0.5 : 0.002);
    if (step == k_fatal_step) happen(scene);
  }
  return ExitCode::done;
}

}  // namespace
}  // namespace coldframe

int main(int argc, char** argv) {
  using namespace coldframe;
  if (argc != 5) return 2;
  CommOptions options;
  options.deadline_seconds = std::atof(argv[3]);
  options.heartbeat_seconds = 0.2;
  options.stall_limit_seconds = 2 * options.deadline_seconds;
  Launch launch(options);
  try {
    const Scene scene{launch.group(), argv[1], std::atoi(argv[2]), options.deadline_seconds};
    return launch.finish(step_together(scene));
  } catch (const Error& error) {
    return launch.fail(error.exit_code(), told(std::current_exception()) ? "" : error.what());
  }
}
