#pragma once

#include "framework/data/dataset.h"
#include "framework/simulation/population.h"

/// 200 invented people, of whom each likes 12 of 40 items, mostly of the half that goes with their gender.
coldframe::Dataset invented_people();

/// Newcomers like them, with a softmax world fitted on their role W.
coldframe::Population newcomers_like(const coldframe::Dataset& people);
