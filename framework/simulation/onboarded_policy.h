#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "framework/simulation/answer_law.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/question_chooser.h"

namespace coldframe {

/// The questions that a newcomer is asked before the first page. They take no time.
struct Interview {
  std::shared_ptr<const QuestionChooser> chooser;
  std::size_t questions = 0;           // fewer when items run out
  const AnswerLaw* answers = nullptr;  // how newcomers answer; borrowed
};

/// A policy whose users are asked before it sees them: likes among the answers are likes of the history, which also
/// holds all answers. Ranks as the inner policy does.
class OnboardedPolicy final : public Policy {
 public:
  OnboardedPolicy(std::string name, std::shared_ptr<const Policy> inner, Interview interview);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return inner_->kind(); }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override {
    inner_->rank(requests, slates);
  }
  void weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override {
    inner_->weigh(requests, slates);
  }
  const Interview& interview() const { return interview_; }

 private:
  std::string name_;
  std::shared_ptr<const Policy> inner_;
  Interview interview_;
};

}  // namespace coldframe
