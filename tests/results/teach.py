# SPDX-License-Identifier: LGPL-2.1-or-later
"""How good `winnow teach` is on photos that it was not shown: what docs/teach.md states.

usage: teach.py [OPTIONS] dataset TRAIN TEST          resplits: accuracy, MACs, time, memory
       teach.py [OPTIONS] pairs TRAIN TEST            the same for each pair of classes
       teach.py [OPTIONS] clip CLIP LABELS.csv SPLIT  photos from before frame SPLIT, tested on all
                                                      labelled frames from there on
       teach.py [OPTIONS] coverage TRAIN TEST         how often the interval promised holds
       teach.py [OPTIONS] nothing TRAIN TEST NOTHING  what is rejected of pictures of nothing

TRAIN and TEST are folders of class-named folders; only their union matters: a resplit draws as many
photos of each class as TRAIN has.  LABELS.csv has the columns clip (a file's name), first-frame,
last-frame and label.  NOTHING is a folder of pictures of what is none of the classes.

Accuracies are of `winnow eval`; `at the end` is without exits; no floors but for `nothing`.
WINNOW names the program (default build/apps/winnow/winnow); clip needs ffmpeg.
"""
import argparse
import collections
import csv
import itertools
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

WINNOW = os.environ.get("WINNOW", "build/apps/winnow/winnow")
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".ppm", ".pgm")
PHOTOS_OF_CLIP = 30
Z_95 = 1.96


def winnow(*arguments):
    """The JSON object that the command prints."""
    done = subprocess.run([WINNOW, *map(str, arguments), "--json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"teach.py: winnow {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return json.loads(done.stdout)


# ---- Photos --------------------------------------------------------------------------------------

def photos_in(folder):
    """{class: [paths]}"""
    return {each.name: sorted(path for path in each.rglob("*") if path.suffix.lower() in ENDINGS)
            for each in sorted(pathlib.Path(folder).iterdir()) if each.is_dir()}


def put(photos, folder):
    """Links to the photos {class: [paths]} in class-named folders."""
    for label, paths in photos.items():
        into = folder / label
        into.mkdir(parents=True)
        for i, path in enumerate(paths):
            (into / f"{i:05}{path.suffix.lower()}").symlink_to(path.resolve())
    return folder


def resplit(train, test, chance, classes=None, count=None):
    """({class: photos to learn from}, {class: the rest}); as many as in train, or `count`."""
    taken, rest = {}, {}
    for label in classes or train:
        photos = train[label] + test.get(label, [])
        chance.shuffle(photos)
        n = min(count or len(train[label]), len(photos) - 1)
        taken[label], rest[label] = photos[:n], photos[n:]
    return taken, rest


def learn(taken, rest, o, scratch, *options):
    """What `teach` says of the first photos and `eval` of the second."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        folder = pathlib.Path(folder)
        model = folder / "model.onnx"
        taught = winnow("teach", o.backbone, put(taken, folder / "taken"), "-o", model,
                        "--resize", o.resize, "--group-by", o.group_by, *threads(o), *options)
        shown = ["--nothing", o.nothing_folder] if o.command == "nothing" else []
        return taught, winnow("eval", model, put(rest, folder / "rest"), *shown, *threads(o))


def threads(o):
    return ["--threads", str(o.threads)] if o.threads else []


# ---- Tables --------------------------------------------------------------------------------------

def percent(values):
    """Mean and standard deviation over the draws."""
    values = [100 * value for value in values]
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


def table(head, rows):
    print("|", " | ".join(head), "|")
    print("|---" + "|---:" * (len(head) - 1) + "|")
    for row in rows:
        print("|", " | ".join(row), "|")


HEAD = ["at the end, %", "with exits, %", "MACs saved, %", "expected, %", "seconds"]


def figures(pairs):
    """The cells under HEAD of [(taught, found)]."""
    taught, found = zip(*pairs)
    return [percent([f["accuracy-full"] for f in found]), percent([f["accuracy"] for f in found]),
            percent([f["mac-reduction"] for f in found]), percent([t["accuracy"] for t in taught]),
            f"{statistics.median(t['seconds'] for t in taught):.1f}"]


# ---- What is measured ----------------------------------------------------------------------------

def peak_of(taken, o, scratch):
    """The largest memory of `teach` in bytes."""
    folder = put(taken, pathlib.Path(scratch) / "peak")
    code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
            "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    line = [WINNOW, "teach", o.backbone, str(folder), "-o", os.path.join(scratch, "peak.onnx"),
            "--resize", o.resize, *threads(o)]
    done = subprocess.run([sys.executable, "-c", code, *line], check=True, stdout=subprocess.PIPE)
    return int(done.stdout) * 1024


def dataset(o, scratch):
    train, test = photos_in(o.train), photos_in(o.test)
    runs = []
    for draw in range(o.draws):
        taken, rest = resplit(train, test, random.Random(o.seed + draw))
        runs.append(learn(taken, rest, o, scratch, "--max-rejected", "0"))
    n = sum(len(paths) for paths in train.values())
    peak = peak_of(resplit(train, test, random.Random(o.seed))[0], o, scratch)
    table(["backbone", "classes", "photos", *HEAD, "memory, MB"],
          [[o.backbone, str(len(train)), str(n), *figures(runs), f"{peak / 1e6:.0f}"]])


def pairs(o, scratch):
    train, test = photos_in(o.train), photos_in(o.test)
    runs, worst = [], (2, "")
    for number, (a, b) in enumerate(itertools.combinations(train, 2)):
        for draw in range(o.draws):
            chance = random.Random(o.seed + 1000 * number + draw)
            taken, rest = resplit(train, test, chance, [a, b])
            runs.append(learn(taken, rest, o, scratch, "--max-rejected", "0"))
            worst = min(worst, (runs[-1][1]["accuracy"], f"{a}, {b}"))
    table(["backbone", "pairs", *HEAD],
          [[o.backbone, str(len(runs) // o.draws), *figures(runs)]])
    print(f"\nThe hardest pair: {worst[1]}, {100 * worst[0]:.1f} %.")


def labelled_frames(o):
    """{frame: label}"""
    with open(o.labels, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file)
                if pathlib.Path(row["clip"]).stem == pathlib.Path(o.clip).stem]
    if not rows:
        sys.exit(f"teach.py: {o.labels} says nothing about {o.clip}")
    return {frame: row["label"] for row in rows
            for frame in range(int(row["first-frame"]), int(row["last-frame"]) + 1)}


def clip(o, scratch):
    frames = pathlib.Path(scratch) / "frames"
    frames.mkdir()
    subprocess.run(["ffmpeg", "-v", "error", "-i", o.clip, "-start_number", "0", "-vsync", "0",
                    "-qscale:v", "2", str(frames / "%06d.jpg")], check=True)
    before, after = collections.defaultdict(list), collections.defaultdict(list)
    for frame, label in sorted(labelled_frames(o).items()):
        path = frames / f"{frame:06}.jpg"
        if path.exists():
            (before if frame < o.split else after)[label].append(path)
    runs = []
    for draw in range(o.draws):
        chance = random.Random(o.seed + draw)
        taken = {label: sorted(chance.sample(paths, min(PHOTOS_OF_CLIP, len(paths))))
                 for label, paths in before.items()}
        runs.append(learn(taken, after, o, scratch, "--max-rejected", "0"))
    table(["backbone", "clip", "photos", "tested on", *HEAD],
          [[o.backbone, pathlib.Path(o.clip).stem.removeprefix("sample-videos_"),
            str(sum(map(len, taken.values()))), str(sum(map(len, after.values()))),
            *figures(runs)]])
    counts = collections.Counter(taught["resize"] for taught, _ in runs)
    print("\nSeen: " + ", ".join(f"{name} {n} times" for name, n in counts.most_common()) + ".")


def wilson(share, n):
    """How wide the 95 % interval of a share of n independent draws is (Wilson 1927)."""
    z2 = Z_95 * Z_95
    return 2 * Z_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))


def coverage(o, scratch):
    train, test = photos_in(o.train), photos_in(o.test)
    rows = []
    for count in map(int, o.photos.split(",")):
        runs = []
        for draw in range(o.draws):
            taken, rest = resplit(train, test, random.Random(o.seed + draw), count=count)
            runs.append(learn(taken, rest, o, scratch, "--max-rejected", "0"))
        holds = [t["accuracy-low"] <= f["accuracy"] <= t["accuracy-high"] for t, f in runs]
        rows.append([str(count), percent([f["accuracy"] for _, f in runs]),
                     percent([t["accuracy"] for t, _ in runs]),
                     f"{sum(holds)} of {len(holds)}",
                     percent([t["accuracy-high"] - t["accuracy-low"] for t, _ in runs]),
                     percent([wilson(t["accuracy"], t["images"]) for t, _ in runs])])
    table(["photos a class", "accuracy, %", "expected, %", "interval holds", "its width, points",
           "Wilson's, points"], rows)


def nothing(o, scratch):
    train, test = photos_in(o.train), photos_in(o.test)
    rows = []
    for name, classes in (("with", list(train)),
                          ("without", [label for label in train if label != "background"])):
        if name == "with" and "background" not in train:
            continue
        runs = []
        for draw in range(o.draws):
            taken, rest = resplit(train, test, random.Random(o.seed + draw), classes)
            runs.append(learn(taken, rest, o, scratch, "--max-rejected", o.max_rejected))
        found = [f for _, f in runs]
        rows.append([f"{name} background", percent([f["nothing-rejected"] for f in found]),
                     percent([f["rejected"] for f in found]),
                     percent([f["accuracy"] for f in found]),
                     percent([1 - f["nothing-macs-mean"] / f["macs-full"] for f in found])])
    table(["classes", "nothing rejected, %", "known rejected, %", "accuracy, %",
           "MACs saved on nothing, %"], rows)


def main():
    parser = argparse.ArgumentParser(
        usage=__doc__.split("usage: ")[1].split("\n\n")[0], allow_abbrev=False,
        description=__doc__.split("\n\n", 2)[2],
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--draws", type=int, default=10, help="how often (default 10)")
    parser.add_argument("--seed", type=int, default=1, help="of the draws (default 1)")
    parser.add_argument("--threads", type=int, help="of winnow")
    parser.add_argument("--resize", default="auto", help="of winnow teach (default auto)")
    parser.add_argument("--group-by", help="of winnow teach (default: none, of a clip time)")
    parser.add_argument("--photos", default="5,10,20,60",
                        help="of a class, for coverage (default 5,10,20,60)")
    parser.add_argument("--max-rejected", default="0.05", help="for nothing (default 0.05)")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in (("dataset", ["train", "test"]), ("pairs", ["train", "test"]),
                            ("clip", ["clip", "labels", "split"]),
                            ("coverage", ["train", "test"]),
                            ("nothing", ["train", "test", "nothing_folder"])):
        command = commands.add_parser(name)
        for argument in arguments:
            command.add_argument(argument, type=int if argument == "split" else str)
    o = parser.parse_args()
    o.group_by = o.group_by or ("time" if o.command == "clip" else "none")
    with tempfile.TemporaryDirectory(prefix="winnow-teach-") as scratch:
        {"dataset": dataset, "pairs": pairs, "clip": clip, "coverage": coverage,
         "nothing": nothing}[o.command](o, scratch)


if __name__ == "__main__":
    main()
