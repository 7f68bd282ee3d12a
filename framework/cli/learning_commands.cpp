#include "framework/cli/subcommands.h"
#include "framework/model/tensor_memory.h"

namespace coldframe {

void append_learning_commands(std::vector<SubcommandEntry>& table) {
  table.push_back({"train", "fine-tune an encoder on one or several ranks", make_train_command});
  table.push_back({"evaluate", "rank items for real held-out newcomers", make_evaluate_command});
  table.push_back({"robustness", "rank items for real newcomers whose texts are disturbed", make_robustness_command});
  table.push_back(
      {"poisoning", "set a run on a poisoned log beside the same run on the clean one", make_poisoning_command});
  table.push_back(
      {"fairness", "set how groups of real newcomers, and items, are served side by side", make_fairness_command});
  table.push_back({"classify", "measure how well encoders tell classes of texts apart", make_classify_command});
  table.push_back({"encode", "write vectors for a file of texts or a whole catalogue", make_encode_command});
  table.push_back({"recommend", "rank items for new users of a file", make_recommend_command});
  table.push_back({"merge", "fold what runs have learned into the weights of one encoder", make_merge_command});
  table.push_back({"strategies", "list the ways of fine-tuning and what each trains", make_strategies_command});
  table.push_back({"population", "fit worlds and write a generator of newcomers", make_population_command});
  table.push_back(
      {"realism", "compare the worlds of a population with people they have not met", make_realism_command});
  table.push_back({"simulate", "replay synthetic newcomers against trained encoders", make_simulate_command});
  table.push_back({"stream", "meet newcomers of every period with what a stream had learned", make_stream_command});
  table.push_back({"offpolicy", "estimate from a log what other policies would have had", make_offpolicy_command});
  table.push_back({"check", "check a configuration and estimate its cost, without running it", make_check_command});
}

void prepare_learning() { keep_tensor_memory(); }

}  // namespace coldframe
