#!/usr/bin/env python3
"""Between the population and `coldframe recommend`: the profiles of a population as rows of new users, and lists for profiles as
pages of the newcomers who have them.

  experiments/newcomers/pages.py profiles NEWCOMERS.h5 PROFILES.csv
  experiments/newcomers/pages.py pages NEWCOMERS.h5 USERS_PER_WORLD FOLDER LIST.csv ...

FOLDER/W/NAME.csv holds the pages of the newcomers of world W in the form of the policy `file:`.
"""
import csv
import pathlib
import sys

import h5py


def strings(file, name):
    """A ragged text column of a Coldframe file."""
    data, offsets = file[f"{name}/bytes"][:].tobytes(), file[f"{name}/offsets"][:]
    return [data[begin:end].decode() for begin, end in zip(offsets[:-1], offsets[1:])]


def write_profiles(newcomers, path):
    with h5py.File(newcomers) as file:
        fields = [name for name in file["profiles"] if name != "text"]
        columns = [strings(file, f"profiles/{name}") for name in fields]
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["id"] + fields)
        writer.writerows([f"profile-{row}"] + list(values) for row, values in enumerate(zip(*columns)))


def write_pages(newcomers, users, folder, lists):
    with h5py.File(newcomers) as file:
        profile = file["newcomers/profile"][:]
    for path in lists:
        with open(path, newline="", encoding="utf-8") as file:
            shown = {}
            for row in csv.DictReader(file):
                shown.setdefault(row["user"], []).append((row["rank"], row["item"]))
        for world in range(len(profile) // users):
            target = folder / str(world + 1) / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "w", newline="", encoding="utf-8") as out:
                writer = csv.writer(out)
                writer.writerow(["user", "item", "position"])
                for number in range(world * users, (world + 1) * users):
                    for rank, item in shown[f"profile-{profile[number]}"]:
                        writer.writerow([f"sim-{number}", item, rank])


def main():
    if sys.argv[1] == "profiles":
        write_profiles(sys.argv[2], sys.argv[3])
    else:
        write_pages(sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4]), [pathlib.Path(path) for path in sys.argv[5:]])


if __name__ == "__main__":
    main()
