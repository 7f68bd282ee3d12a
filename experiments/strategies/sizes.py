#!/usr/bin/env python3
"""Prints what every strategy leaves on disk to be served beside the encoder: strategy,bytes of the files below model/.

    experiments/strategies/sizes.py runs/strategies
"""

import pathlib
import sys


def main() -> None:
    print("strategy,bytes")
    for variant in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        [model] = variant.glob("fold-0/seed-1/model")
        print(f"{variant.name},{sum(file.stat().st_size for file in model.rglob('*') if file.is_file())}")


if __name__ == "__main__":
    main()
