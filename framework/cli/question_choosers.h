#pragma once

#include <map>
#include <memory>
#include <string>

#include "framework/cli/learner.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/question_chooser.h"

namespace coldframe {

/// Makes the choosers that `onboard:CHOOSER:K:` names, each once: `random` knows nothing, `popularity`, `entropy` and
/// `classes` the people of role T, `gain` the world.
class QuestionChoosers {
 public:
  struct Setting {
    const ExperimentData& data;  // its role T teaches
    const Catalogue& catalogue;
    const Newcomers& newcomers;
    const UserModel& user_model;
    InformedOracleOptions oracle;
    std::size_t classes;  // of people
  };
  explicit QuestionChoosers(const Setting& setting) : setting_(setting) {}

  std::shared_ptr<const QuestionChooser> make(const std::string& chooser);

 private:
  Setting setting_;
  std::map<std::string, std::shared_ptr<const QuestionChooser>> made_;
};

}  // namespace coldframe
