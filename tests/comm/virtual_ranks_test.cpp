#include "framework/comm/threads/virtual_ranks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(VirtualRanksTest, an_exception_releases_the_others_and_is_rethrown) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(run_virtual_ranks(4,
                                 [](const Group& group) {
                                   if (group.rank() == 2) throw std::domain_error("mine");
                                   barrier(group);
                                 }),
               std::domain_error);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 60s) << "the deadline is not what ended the waits";
}

TEST(VirtualRanksTest, the_lowest_rank_that_failed_by_itself_is_rethrown) {
  for (int repetition = 0; repetition < 20; ++repetition) {
    EXPECT_EQ(message_of([] {
                run_virtual_ranks(3, [](const Group& group) {
                  if (group.rank() == 0) barrier(group);
                  throw std::runtime_error(group.rank() == 1 ? "one" : "two");
                });
              }),
              "one");
  }
}

TEST(VirtualRanksTest, a_rank_that_does_not_answer_is_named_when_the_deadline_passes) {
  const std::string message = message_of([] {
    run_virtual_ranks(
        2,
        [](const Group& group) {
          group.report_position("training", 17 + group.rank());
          std::byte byte{};
          // Both send first and receive later in their own order: a circle, as with large messages over MPI.
          group.send(1 - group.rank(), {&byte, 1});
          group.receive(1 - group.rank(), {&byte, 1});
        },
        200ms);
  });
  EXPECT_THAT(message, AllOf(HasSubstr("did not answer rank"), HasSubstr("phase training, step 1")));
}

TEST(VirtualRanksTest, waiting_for_a_rank_that_has_ended_is_an_error) {
  const std::string message = message_of([] {
    run_virtual_ranks(2, [](const Group& group) {
      std::byte byte{};
      if (group.rank() == 0) group.receive(1, {&byte, 1});
    });
  });
  EXPECT_THAT(message, HasSubstr("which has ended"));
}

TEST(VirtualRanksTest, lengths_that_differ_are_an_error) {
  const std::string message = message_of([] {
    run_virtual_ranks(2, [](const Group& group) {
      std::array<std::byte, 8> bytes{};
      if (group.rank() == 0) {
        group.send(1, bytes);
      } else {
        group.receive(0, std::span(bytes).first(4));
      }
    });
  });
  EXPECT_THAT(message, HasSubstr("rank 1 received 8 bytes from rank 0 where 4 were expected"));
}

TEST(VirtualRanksTest, a_message_is_taken_even_if_its_sender_fails_right_after) {
  EXPECT_EQ(message_of([] {
              run_virtual_ranks(2, [](const Group& group) {
                int value = 7;
                if (group.rank() == 1) {
                  group.send(0, std::as_bytes(std::span(&value, 1)));
                  throw std::runtime_error("after sending");
                }
                value = 0;
                group.receive(1, std::as_writable_bytes(std::span(&value, 1)));
                EXPECT_EQ(value, 7);
              });
            }),
            "after sending");
}

}  // namespace
}  // namespace coldframe
