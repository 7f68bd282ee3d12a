#include "framework/simulation/file_policy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/simulation/softmax_policy.h"
#include "synthetic_world.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using Items = std::vector<ItemId>;

class FilePolicyTest : public ::testing::Test {
 protected:
  FilePolicyTest() : catalogue_(small_catalogue(5)) {
    items_.items.ids = {"i0", "i1", "i 2", "i,3", "i4"};
    for (std::uint32_t i = 0; i < 5; ++i) candidates_.emplace_back(i);
    users_.asked = {{"sim-7", UserKey(7)}, {"sim-8", UserKey(8)}};
    users_.known = [](std::string_view id) { return id.starts_with("sim-"); };
    users_.wording = "sim-N";
  }

  FilePolicy policy(const std::string& text) const {
    write_file_atomically(folder_ / "p.csv", text);
    return FilePolicy("file:p.csv", folder_ / "p.csv", items_, users_, catalogue_.ties(1));
  }
  PolicyRequest request(std::uint64_t user, std::size_t slate_size = 2) const {
    PolicyRequest r;
    r.user = UserKey(user);
    r.history = &history_;
    r.candidates = candidates_;
    r.slate_size = slate_size;
    return r;
  }
  static Items ask(const Policy& policy, const PolicyRequest& r) {
    Slate slate;
    policy.rank({&r, 1}, {&slate, 1});
    return slate.items;
  }
  void expect_refused(const std::string& text, const std::vector<std::string>& words) const {
    try {
      policy(text);
      FAIL() << "accepted:\n" << text;
    } catch (const DataError& error) {
      for (const std::string& word : words) EXPECT_THAT(error.what(), ::testing::HasSubstr(word)) << text;
    }
  }

  testing::TemporaryFolder folder_;
  Catalogue catalogue_;
  Dataset items_;
  PolicyFileUsers users_;
  History history_;
  Items candidates_;
};

TEST_F(FilePolicyTest, scores_of_each_user) {
  const FilePolicy p =
      policy("score,user,item\n1.5,sim-7,i0\n-2,sim-7,\"i,3\"\n3e2,sim-7,i4\n1,sim-8,i 2\n2,sim-8,i1\n9,sim-99,i0\n");
  EXPECT_EQ(ask(p, request(7, 3)), (Items{ItemId(4), ItemId(0), ItemId(3)}));
  EXPECT_EQ(ask(p, request(8)), (Items{ItemId(1), ItemId(2)}));
}

TEST_F(FilePolicyTest, lists_make_room_for_the_next_item) {
  for (const int first : {0, 1}) {
    const FilePolicy p =
        policy(fmt::format("user,position,item\nsim-8,{0},i1\nsim-8,{1},i0\nsim-7,{2},i0\nsim-7,{0},i4\n"
                           "sim-7,{1},i1\n",
                           first, first + 1, first + 2));
    EXPECT_EQ(ask(p, request(7)), (Items{ItemId(4), ItemId(1)}));
    candidates_.erase(candidates_.begin() + 4);  // item 4 was clicked
    EXPECT_EQ(ask(p, request(7)), (Items{ItemId(1), ItemId(0)}));
    candidates_.emplace_back(4u);
  }
}

TEST_F(FilePolicyTest, without_users_the_rows_hold_for_everybody) {
  const FilePolicy p = policy("item,score\ni0,1\ni1,2\ni4,3\n");
  EXPECT_EQ(ask(p, request(7)), (Items{ItemId(4), ItemId(1)}));
  EXPECT_EQ(ask(p, request(12345)), (Items{ItemId(4), ItemId(1)}));
}

TEST_F(FilePolicyTest, what_a_list_lacks_is_never_shown) {
  const FilePolicy p = policy("item,score\ni0,1\ni1,2\n");
  EXPECT_EQ(ask(p, request(7)), (Items{ItemId(1), ItemId(0)}));
  EXPECT_THROW(ask(p, request(7, 3)), DataError);
  candidates_.erase(candidates_.begin());
  EXPECT_THROW(ask(p, request(7)), DataError);
  candidates_.resize(1);  // only item 1 is left: the page is that short
  EXPECT_EQ(ask(p, request(7)), (Items{ItemId(1)}));
}

TEST_F(FilePolicyTest, pages_can_be_drawn_by_the_scores_of_a_file) {
  const auto inner = std::make_shared<FilePolicy>(policy("item,score\ni0,1\ni1,2\ni4,3\n"));
  const SoftmaxPolicy drawn("softmax:file:p.csv", inner, 1.0, 1, catalogue_);
  const PolicyRequest r = request(7);
  Slate slate;
  slate.items = {ItemId(0), ItemId(1)};
  drawn.weigh({&r, 1}, {&slate, 1});
  // Scores 1, 2, 3: sd sqrt(2/3), logits apart by d = 1.2247. Items 2 and 3 have no row, hence no probability.
  const double d = std::exp(1.0 / std::sqrt(2.0 / 3.0));
  EXPECT_NEAR(std::exp(slate.log_propensity), 1 / (1 + d + d * d) * d / (d + d * d), 1e-6);
}

TEST_F(FilePolicyTest, mistakes_name_file_and_line) {
  expect_refused("", {"p.csv is empty"});
  expect_refused("user,item\nsim-7,i0\n", {"its columns are user, item", "either score or position"});
  expect_refused("item,score,position\ni0,1,1\n", {"either score or position"});
  expect_refused("user,score\nsim-7,1\n", {"they must be item"});
  expect_refused("item,score\ni0,1\ni9,2\n", {"p.csv:3", "item 'i9' is not in the data set"});
  expect_refused("user,item,score\nsim-7,i0,1\nbob,i0,2\n", {"p.csv:3", "user 'bob' is not known", "write sim-N"});
  expect_refused("item,score\ni0,nan\n", {"p.csv:2", "score = 'nan' is no finite number"});
  expect_refused("item,score\ni0,inf\n", {"p.csv:2", "no finite number"});
  expect_refused("item,score\ni0,1e99\n", {"p.csv:2", "no finite number"});
  expect_refused("item,score\ni0,\n", {"p.csv:2", "score = ''"});
  expect_refused("item,position\ni0,1.5\n", {"p.csv:2", "position = 1.5 is no place"});
  expect_refused("item,position\ni0,-1\n", {"p.csv:2", "position = -1 is no place"});
  expect_refused("item,score\ni0,1,2\n", {"p.csv:2", "3 fields, the header has 2"});
  expect_refused("item,score\ni0,1\ni1,2\ni0,1\n", {"an item twice for everybody"});
  expect_refused("user,item,position\nsim-7,i0,1\nsim-8,i0,1\nsim-8,i1,1\n", {"a position twice for user sim-8"});
  expect_refused("user,item,score\nsim-8,i0,1\n", {"no row for sim-7", "fewer users"});
  expect_refused("user,item,score\nsim-9,i0,1\n", {"no row for sim-7 and 1 others"});
  expect_refused("item,score\n", {"no row for everybody"});
}

}  // namespace
}  // namespace coldframe
