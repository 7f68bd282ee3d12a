#include "tests/comm/exchange_properties.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "framework/comm/consistency.h"
#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> content(std::uint64_t seed, int from, int to, int round, std::size_t length) {
  const KeyedRandom random(seed, Purpose::permutation);
  std::vector<std::byte> bytes(length);
  for (std::size_t i = 0; i < length; i += 16) {
    const PhiloxBlock block =
        random.block(UserKey(i), static_cast<std::uint32_t>(from * 64 + to), 0, static_cast<std::uint32_t>(round));
    std::memcpy(bytes.data() + i, block.data(), std::min<std::size_t>(16, length - i));
  }
  return bytes;
}

std::size_t length_of(std::uint64_t seed, int from, int to, int round) {
  const auto words = KeyedRandom(seed, Purpose::masking)
                         .block(UserKey(static_cast<std::uint64_t>(round)), static_cast<std::uint32_t>(from), 0,
                                static_cast<std::uint32_t>(to));
  constexpr std::size_t limits[] = {1, 9, 300, 5000, 70'000, 1'000'000};
  return uniform_below(words[0], static_cast<std::uint32_t>(limits[uniform_below(words[1], 6)]));
}

/// In round t of a round-robin tournament rank a meets (t - a) mod n: every pair meets, nobody twice.
int opponent(int rank, int round, int size) { return ((round - rank) % size + size) % size; }

void meet(const Group& group, std::uint64_t seed, int peer, int round, std::size_t outgoing, std::size_t incoming) {
  std::vector<std::byte> received(incoming, std::byte{0xEE});
  group.exchange(peer, content(seed, group.rank(), peer, round, outgoing), received);
  EXPECT_EQ(received, content(seed, peer, group.rank(), round, incoming))
      << "rank " << group.rank() << ", peer " << peer << ", round " << round;
}

std::string text_of(std::uint64_t seed, int rank) {
  const std::size_t length = length_of(seed, rank, rank, 0) % 5000;
  return std::string(length, static_cast<char>('a' + rank));
}

/// The exit code and message of what agree_on_errors throws; code 0 when it throws nothing.
struct Caught {
  int code = 0;
  std::string message;
};

template <class Work>
Caught agree(const Group& group, Work&& work) {
  try {
    agree_on_errors(group, "import", work);
    return {};
  } catch (const Error& error) {
    return {static_cast<int>(error.exit_code()), error.what()};
  } catch (const std::bad_alloc& error) {
    return {1, error.what()};
  }
}

}  // namespace

void expect_random_messages_arrive(const Group& group, std::uint64_t seed) {
  for (int round = 0; round < 24; ++round) {
    const int peer = opponent(group.rank(), round, group.size());
    if (peer == group.rank()) continue;
    meet(group, seed, peer, round, length_of(seed, group.rank(), peer, round),
         length_of(seed, peer, group.rank(), round));
  }
  for (int round = 0; round < group.size(); ++round) {
    const int peer = opponent(group.rank(), round, group.size());
    if (peer == group.rank()) continue;
    // One side sends three segments, the other one; both not a multiple of anything.
    const bool heavy = group.rank() < peer;
    meet(group, seed, peer, 100 + round, heavy ? 9'000'001 : 17, heavy ? 17 : 9'000'001);
  }
}

void expect_collectives_agree_with_their_definition(const Group& group, std::uint64_t seed) {
  for (int root = 0; root < group.size(); ++root) {
    EXPECT_EQ(broadcast_text(group, root, group.rank() == root ? text_of(seed, root) : "overwritten"),
              text_of(seed, root));
    EXPECT_FALSE(any_rank(group, false));
    EXPECT_TRUE(any_rank(group, group.rank() == root));
  }
  EXPECT_EQ(broadcast_text(group, group.size() - 1, ""), "");
  const std::vector<std::string> texts = all_gather_text(group, text_of(seed, group.rank()));
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(group.size()));
  for (int r = 0; r < group.size(); ++r) EXPECT_EQ(texts[static_cast<std::size_t>(r)], text_of(seed, r));
  for (const std::string& empty : all_gather_text(group, "")) EXPECT_EQ(empty, "");
  barrier(group);
}

void expect_errors_are_agreed(const Group& group) {
  const int last = group.size() - 1;
  EXPECT_EQ(agree(group, [] {}).code, 0);

  const Caught one = agree(group, [&] {
    if (group.rank() == last) throw DataError("row 7 has no user");
  });
  EXPECT_EQ(one.code, 3);
  EXPECT_THAT(one.message, HasSubstr("row 7 has no user"));
  if (group.rank() != last) {
    EXPECT_THAT(one.message, HasSubstr(fmt::format("import failed on rank {} on", last)));
  }

  // Different kinds on different ranks: the lowest failing rank decides the exit code everywhere.
  const Caught both = agree(group, [&] {
    if (group.rank() == last) throw ConfigError("unknown key");
    if (group.rank() == 0) throw NumericError("loss is nan");
  });
  EXPECT_EQ(both.code, last == 0 ? 2 : 7);
  if (group.rank() == last && last > 0) {
    EXPECT_THAT(both.message, HasSubstr("unknown key"));
  }

  const Caught foreign = agree(group, [&] {
    if (group.rank() == 0) throw std::bad_alloc();
  });
  EXPECT_EQ(foreign.code, 1);

  EXPECT_FALSE(any_rank(group, false)) << "the group must be usable after agreed errors";
}

void expect_facts_are_compared(const Group& group) {
  const std::vector<RankFact> same = {{"build", "abc"}, {"data", "123"}};
  EXPECT_EQ(compare_facts(group, same), "");
  const std::string isa = group.rank() == 0 ? "avx512" : "avx2";
  const std::vector<RankFact> mixed = {{"build", "abc"}, {"instruction set", isa}};
  if (group.size() == 1) {
    EXPECT_EQ(compare_facts(group, mixed), "");
    return;
  }
  const std::string table = compare_facts(group, mixed, Heterogeneity::allowed);
  EXPECT_THAT(table, HasSubstr("instruction set"));
  EXPECT_THAT(table, HasSubstr("avx512"));
  EXPECT_THAT(table, ::testing::Not(HasSubstr("build"))) << "facts in which all agree are not shown";
  try {
    compare_facts(group, mixed);
    ADD_FAILURE() << "a mix must be refused on rank " << group.rank();
  } catch (const DistributedError& error) {
    EXPECT_THAT(error.what(), HasSubstr("avx2"));
    EXPECT_THAT(error.what(), HasSubstr("--allow-heterogeneous"));
  }
  std::vector<RankFact> absent = same;
  if (group.rank() == 1) absent.pop_back();
  EXPECT_THAT(compare_facts(group, absent, Heterogeneity::allowed), HasSubstr("(absent)"));
}

}  // namespace coldframe
