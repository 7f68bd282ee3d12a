#!/usr/bin/env python3
"""Makes a header, a source and a test in the form of the house, and says which lines to add to the file lists.

    cluster/new_file.py data/keyed_permutation "A permutation of 0..n-1 that any process can compute from its key."
"""

import argparse
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent

HEADER = """\
#pragma once

namespace coldframe {{

/// {purpose}
class {type} {{
 public:
  {type}();
}};

}}  // namespace coldframe
"""

SOURCE = """\
#include "framework/{name}.h"

namespace coldframe {{

{type}::{type}() = default;

}}  // namespace coldframe
"""

TEST = """\
#include "framework/{name}.h"

#include <gtest/gtest.h>

namespace coldframe {{
namespace {{

TEST({type}Test, {type}IsNotYetTested) {{ FAIL() << "say what {type} does, as a sentence"; }}

}}  // namespace
}}  // namespace coldframe
"""


def type_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("/")[-1].split("_"))


def write_new(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)
    print(f"made {path.relative_to(ROOT)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="layer/file_name, for example data/keyed_permutation")
    parser.add_argument("purpose", help="first sentence of the class comment")
    arguments = parser.parse_args()
    if not re.fullmatch(r"[a-z]+(/[a-z][a-z0-9_]*)+", arguments.name):
        parser.error(f"{arguments.name} (want layer/file_name in snake_case) try data/keyed_permutation")
    layer, _, file = arguments.name.partition("/")
    if not (ROOT / "framework" / layer).is_dir():
        parser.error(f"framework/{layer} does not exist (layers are listed in CMakeLists.txt)")
    fields = {"name": arguments.name, "type": type_name(arguments.name), "purpose": arguments.purpose}
    write_new(ROOT / f"framework/{arguments.name}.h", HEADER.format(**fields))
    write_new(ROOT / f"framework/{arguments.name}.cpp", SOURCE.format(**fields))
    write_new(ROOT / f"tests/{arguments.name}_test.cpp", TEST.format(**fields))
    print(f"add {file}.cpp to framework/{layer}/CMakeLists.txt and {file}_test.cpp to tests/{layer}/CMakeLists.txt")


if __name__ == "__main__":
    main()
