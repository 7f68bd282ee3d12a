#include "framework/simulation/search_options.h"

namespace coldframe {

void SearchOptions::describe(OptionVisitor& v) {
  v.visit({.name = "share",
           .doc = "share of sessions that begin with a query; 0: nobody searches (assumed)",
           .minimum = 0,
           .maximum = 1},
          share);
  v.visit({.name = "attribute", .doc = "item column whose values are asked for, as in genres"}, attribute);
  v.visit({.name = "intent_gain",
           .doc = "log-odds by which an item of the kind asked for gains on the others within the session (assumed)",
           .minimum = 0,
           .maximum = 20},
          intent_gain);
  v.visit({.name = "query_template", .doc = "how a query is written; {intent} is the value asked for"}, query_template);
  v.visit({.name = "typo_share", .doc = "share of queries with one wrong letter (assumed)", .minimum = 0, .maximum = 1},
          typo_share);
  v.visit({.name = "minimum_items",
           .doc = "values that fewer items have are never asked for",
           .minimum = 1,
           .maximum = 1e9},
          minimum_items);
  v.visit({.name = "query_weight",
           .doc = "weight of a query's vector beside that of profile and likes, in encoders and tfidf; 1: the query "
                  "alone",
           .minimum = 0,
           .maximum = 1},
          query_weight);
}

std::vector<Problem> SearchOptions::validate() const {
  if (!active() || !attribute.empty()) return {};
  return {
      {"attribute", "(is missing) name the item column that queries ask for, as in genres, or set search.share = 0"}};
}

}  // namespace coldframe
