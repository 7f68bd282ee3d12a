#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

/// Many possible latent states of one newcomer, dimension-major so that loops run over draws: latent[l * count + m].
struct TasteDraws {
  std::size_t count = 0;
  std::uint32_t group = 0;
  std::vector<float> latent;      // [L, M]
  std::vector<float> offsets;     // [M] what utilities need besides: filled by TasteModel::place_many
  std::vector<TasteDraws> parts;  // the same draws under the tastes that a blend is made of
};

/// A law of taste: how a newcomer's latent state follows from attributes, and the utility v_i = log(I p(i|u)) of every
/// item given the state (0 = an item of average appeal). Exposure lambda is fixed when the model is made.
/// Legend: P attributes encoded, L latent size, I items, M draws. Thread-safety: const.
class TasteModel {
 public:
  virtual ~TasteModel() = default;
  virtual std::string_view kind() const = 0;
  virtual std::size_t item_count() const = 0;
  virtual std::size_t latent_size() const = 0;

  /// The state [L] of a newcomer with centred attributes x [P] whose luck is `normals` [L], independent standard
  /// normals.
  virtual void place(std::span<const double> x, std::span<const double> normals, std::span<double> state) const = 0;

  /// Utilities [I].
  virtual void utilities(std::uint32_t group, std::span<const double> state, std::span<double> out) const = 0;

  /// utilities() of U users at once, with the same bits: groups [U], states [U, L], out [U] pointers to [I].
  virtual void utilities_of(std::span<const std::uint32_t> groups, std::span<const double> states,
                            std::span<double* const> out) const;

  /// place() for M draws at once, normals [L, M] dimension-major, with what item_utilities() needs.
  virtual TasteDraws place_many(std::uint32_t group, std::span<const double> x, std::span<const float> normals,
                                std::size_t count) const = 0;

  /// Moves a state [L] the share `rate` of the way to the tastes that an item stands for.
  virtual void drift(std::span<double> state, ItemId item, double rate) const = 0;

  /// drift() for M draws at once.
  virtual void drift_many(TasteDraws& draws, ItemId item, double rate) const = 0;

  /// How much of the same kind every item [I] is as a given one: 0 (nothing in common) to 1 (the item itself).
  virtual void likeness(ItemId item, std::span<double> out) const = 0;

  /// Utility of one item for every draw [M].
  virtual void item_utilities(const TasteDraws& draws, ItemId item, std::span<float> out) const = 0;
};

}  // namespace coldframe
