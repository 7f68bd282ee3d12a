"""Plants one violation at a time in a small tree and asks the checks to find exactly it."""

import pathlib
import tempfile
import unittest

import house_checks

LAYER_TABLE = "set(COLDFRAME_MAY_USE_core \"\")\nset(COLDFRAME_MAY_USE_data core text)\nset(COLDFRAME_MAY_USE_model core text)\n"


class HouseChecksTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("cmake/CheckLayers.cmake", LAYER_TABLE)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def assert_found(self, check, *places: str) -> None:
        found = check(self.root)
        self.assertEqual([":".join(line.split(":")[:2]) for line in found], list(places), found)

    def test_downward_include_is_accepted(self):
        self.write("framework/data/a.h", '#include "framework/core/b.h"\n#include "framework/data/c.h"\n')
        self.assert_found(house_checks.check_includes)

    def test_upward_include_is_found(self):
        self.write("framework/core/a.h", '#pragma once\n#include "framework/data/b.h"\n')
        self.assert_found(house_checks.check_includes, "framework/core/a.h:2")

    def test_torch_is_for_the_torch_layers(self):
        self.write("framework/data/a.cpp", "#include <ATen/core/Tensor.h>\n")
        self.write("framework/model/a.cpp", "#include <ATen/core/Tensor.h>\n")
        self.assert_found(house_checks.check_includes, "framework/data/a.cpp:1")

    def test_private_library_is_for_its_owner(self):
        self.write("framework/data/a.cpp", "#include <hdf5.h>\n")
        self.write("framework/model/a.cpp", "#include <hdf5.h>\n")
        self.assert_found(house_checks.check_includes, "framework/model/a.cpp:1")

    def test_machine_paths_and_unfinished_business_are_found(self):
        self.write("docs/a.md", "see /" + "home/someone/x\nsee <prefix>/home/x\n")
        self.write("framework/core/a.cpp", "// TO" + "DO: later\n")
        self.assert_found(house_checks.check_words, "docs/a.md:1", "framework/core/a.cpp:1")

    def test_registry_addresses_are_found(self):
        self.write("cluster/a.sh", "curl https://files.python" + "hosted.org/x\n")
        self.assert_found(house_checks.check_words, "cluster/a.sh:1")

    def test_names_without_meaning_are_found(self):
        self.write("framework/core/utils.h", "\n")
        self.assert_found(house_checks.check_words, "framework/core/utils.h:1")

    def test_long_file_needs_a_decision(self):
        self.write("framework/core/a.h", "\n" * 401)
        self.write("framework/core/b.h", "\n" * 400)
        self.assert_found(house_checks.check_sizes, "framework/core/a.h:401")
        self.write("docs/decisions/long.md", "framework/core/a.h stays whole because ...\n")
        self.assert_found(house_checks.check_sizes)

    def test_broken_link_is_found(self):
        self.write("docs/a.md", "[good](b.md#part) [outside](https://example.org)\n[bad](c.md)\n")
        self.write("docs/b.md", "\n")
        self.assert_found(house_checks.check_links, "docs/a.md:2")


if __name__ == "__main__":
    unittest.main()
