"""The cost model against sums done by hand; the encoder shapes against the files they become."""

import json
import pathlib
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cost_model
import encoder_shapes

NETWORK = cost_model.Network(latency=1e-3, bandwidth=1e6)


class Fit(unittest.TestCase):
    def test_finds_the_line_that_made_the_samples(self):
        fixed, per_token = cost_model.fit_step([(tokens, 0.05 + 2e-4 * tokens) for tokens in (400, 1600, 6400)])
        self.assertAlmostEqual(fixed, 0.05, places=12)
        self.assertAlmostEqual(per_token, 2e-4, places=12)

    def test_a_relative_error_weighs_the_same_everywhere(self):
        # 10 % too slow at the small end moves the intercept; 10 % at the large end would move the slope instead.
        fixed, _ = cost_model.fit_step([(100, 1.1), (1000, 10), (10000, 100)])
        self.assertGreater(fixed, 0.05)


class Exchange(unittest.TestCase):
    def test_fixed_tree_of_a_power_of_two_halves_what_is_sent(self):
        self.assertEqual(cost_model.fixed_tree(1e6, 1, NETWORK), 0)
        self.assertAlmostEqual(cost_model.fixed_tree(1e6, 2, NETWORK), 2e-3 + 0.5 + 0.5)
        # down with 1/2, 1/4, 1/8 of it, and up again
        self.assertAlmostEqual(cost_model.fixed_tree(1e6, 8, NETWORK), 6e-3 + 2 * 0.875)

    def test_fixed_tree_of_other_numbers_sends_everything_up_and_down(self):
        self.assertAlmostEqual(cost_model.fixed_tree(1e6, 3, NETWORK), 4 * 1.001)

    def test_ring_sends_two_parts_less_two_pieces(self):
        self.assertAlmostEqual(cost_model.ring(1e6, 4, NETWORK), 6 * (1e-3 + 0.25))

    def test_a_power_of_two_costs_no_more_than_the_ring_and_other_numbers_do(self):
        for size in (8, 1e8):
            self.assertLess(cost_model.fixed_tree(size, 64, NETWORK), cost_model.ring(size, 64, NETWORK))
        self.assertGreater(cost_model.fixed_tree(1e8, 48, NETWORK), 5 * cost_model.ring(1e8, 48, NETWORK))

    def test_a_step_on_two_ranks(self):
        step = cost_model.Step(fixed=0.1, per_token=1e-3, gradient_bytes=1e6, vector_bytes=100)
        # 0.1 + 0.001 x 200 / 2 + gather (0.001 + 10 x 100 / 2 / 1e6) + 1.002
        self.assertAlmostEqual(cost_model.seconds(step, 200, 10, 2, NETWORK), 0.1 + 0.1 + 0.0015 + 1.002)


class Shapes(unittest.TestCase):
    def test_count_what_bert_base_has(self):
        shapes = encoder_shapes.tensor_shapes(768, 12, 30522)
        self.assertEqual(sum(encoder_shapes.elements(shape) for shape in shapes.values()), 108_891_648)

    def test_file_holds_what_its_header_says(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.safetensors"
            encoder_shapes.write_weights(path, encoder_shapes.tensor_shapes(64, 1, 100))
            data = path.read_bytes()
            length = struct.unpack("<Q", data[:8])[0]
            header = json.loads(data[8 : 8 + length])
            self.assertEqual(max(entry["data_offsets"][1] for entry in header.values()), len(data) - 8 - length)
            begin = header["embeddings.LayerNorm.weight"]["data_offsets"][0] + 8 + length
            self.assertEqual(struct.unpack("<f", data[begin : begin + 4])[0], 1.0)


if __name__ == "__main__":
    unittest.main()
