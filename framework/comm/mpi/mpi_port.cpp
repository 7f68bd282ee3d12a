#include "framework/comm/mpi/mpi_port.h"

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <fmt/format.h>
#include <mpi.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

#include "framework/comm/last_words.h"
#include "framework/comm/mpi/single_copy.h"
#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

static_assert(sizeof(MPI_Request) <= sizeof(std::uintptr_t));

// Communicators of the process, as MPI itself keeps the process's state; one MpiPort exists per process.
std::array<MPI_Comm, 2> g_communicators{MPI_COMM_NULL, MPI_COMM_NULL};

MPI_Comm communicator(MpiPort::Channel channel) { return g_communicators[static_cast<std::size_t>(channel)]; }

void check(int result, const char* call) {
  if (result == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(result, text.data(), &length);
  throw DistributedError(fmt::format("{} failed", call),
                         std::string_view(text.data(), static_cast<std::size_t>(length)));
}

std::uintptr_t to_handle(MPI_Request request) {
  std::uintptr_t handle = 0;
  std::memcpy(&handle, &request, sizeof request);
  return handle;
}

MPI_Request to_request(std::uintptr_t handle) {
  MPI_Request request;
  std::memcpy(&request, &handle, sizeof request);
  return request;
}

}  // namespace

/// The right to call MPI. A normal caller steps back while an urgent one waits: it would otherwise take the lock
/// again before the urgent thread has even woken up.
class MpiPort::Turn {
 public:
  Turn(MpiPort& port, Urgency urgency) : port_(port) {
    if (urgency == Urgency::urgent) {
      port_.urgent_waits_.store(true, std::memory_order_relaxed);
      port_.mutex_.lock();
      port_.urgent_waits_.store(false, std::memory_order_relaxed);
    } else {
      while (port_.urgent_waits_.load(std::memory_order_relaxed)) sched_yield();
      port_.mutex_.lock();
    }
  }
  ~Turn() { port_.mutex_.unlock(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  MpiPort& port_;
};

MpiPort::MpiPort() {
  // Our waits give the core away themselves, once per round. Open MPI's own yielding would do it inside every test:
  // several times per round, and with the lock in its hand.
  ::setenv("OMPI_MCA_mpi_yield_when_idle", "0", 1);
  choose_single_copy();
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_SERIALIZED) {
    throw DistributedError("this MPI library gives threads no turn (MPI_THREAD_SERIALIZED is not provided)",
                           "heartbeats travel in a thread of their own", "use an MPI built with thread support");
  }
  for (MPI_Comm& each : g_communicators) {
    check(MPI_Comm_dup(MPI_COMM_WORLD, &each), "MPI_Comm_dup");
    check(MPI_Comm_set_errhandler(each, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
}

MpiPort::Message MpiPort::start_send(Channel channel, int peer, int tag, std::span<const std::byte> bytes,
                                     Urgency urgency) {
  const Turn turn(*this, urgency);
  MPI_Request request;
  check(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, peer, tag, communicator(channel), &request),
        "MPI_Isend");
  return {to_handle(request), true};
}

MpiPort::Message MpiPort::start_receive(Channel channel, int peer, std::span<std::byte> bytes, Urgency urgency) {
  const Turn turn(*this, urgency);
  MPI_Request request;
  check(MPI_Irecv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, peer, MPI_ANY_TAG, communicator(channel),
                  &request),
        "MPI_Irecv");
  return {to_handle(request), true};
}

std::optional<MpiPort::Arrival> MpiPort::test(Message& message, Urgency urgency) {
  const Turn turn(*this, urgency);
  MPI_Request request = to_request(message.request);
  int done = 0;
  MPI_Status status;
  check(MPI_Test(&request, &done, &status), "MPI_Test");
  message.request = to_handle(request);
  if (done == 0) return std::nullopt;
  message.active = false;
  int bytes = 0;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  return Arrival{bytes == MPI_UNDEFINED ? 0 : static_cast<std::size_t>(bytes), status.MPI_TAG};
}

void MpiPort::cancel_receive(Message& message) {
  if (!message.active) return;
  const Turn turn(*this, Urgency::normal);
  MPI_Request request = to_request(message.request);
  MPI_Cancel(&request);
  MPI_Request_free(&request);
  message.active = false;
}

void MpiPort::leave() {
  const Turn turn(*this, Urgency::normal);
  for (MPI_Comm& each : g_communicators) MPI_Comm_free(&each);
  MPI_Finalize();
}

void MpiPort::abort(int exit_code) {
  set_last_words({});
  // A thread may be stuck inside MPI with the lock; dying without a farewell still ends the job.
  if (!mutex_.try_lock_for(std::chrono::seconds(1))) ::_exit(exit_code);
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  ::_exit(exit_code);
}

}  // namespace coldframe::detail
