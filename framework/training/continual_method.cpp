#include "framework/training/continual_method.h"

#include "framework/training/importance_methods.h"
#include "framework/training/recall_methods.h"
#include "framework/training/weight_methods.h"

namespace coldframe {

std::size_t held_copies(const ContinualOptions& options, std::size_t tasks) {
  if (options.method == "ewc" || options.method == "online_ewc") return 3;
  if (options.method == "si") return 8;
  if (options.method == "lwf" || options.method == "averaging" || options.method == "agem") return 1;
  return options.method == "adapters" ? tasks + 1 : 0;
}

std::unique_ptr<ContinualMethod> make_continual_method(const ContinualOptions& options, const MethodParts& parts) {
  if (options.method == "ewc" || options.method == "online_ewc")
    return std::make_unique<ElasticWeights>(options, parts);
  if (options.method == "si") return std::make_unique<SynapticIntelligence>(options, parts);
  if (options.method == "lwf") return std::make_unique<RowDistillation>(options, parts);
  if (options.method == "der") return std::make_unique<DarkReplay>(options, parts);
  if (options.method == "averaging") return std::make_unique<WeightAveraging>(options, parts);
  if (options.method == "adapters") return std::make_unique<TaskWeights>(parts);
  return nullptr;
}

}  // namespace coldframe
