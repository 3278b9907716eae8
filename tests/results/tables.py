# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the tables of docs/results.md.  Thresholds come from VALIDATION, figures from TEST.

usage: tables.py models   VALIDATION TEST MODEL...   accuracy, size and savings of tuned models
       tables.py search   VALIDATION TEST MODEL...   joint beside greedy search
       tables.py strategy VALIDATION TEST MODEL...   exclusion, confidence and entropy
       tables.py level    VALIDATION TEST MODEL...   their accuracy where they save the same
       tables.py watch    VALIDATION TEST MODEL LABEL...   queries for one class each

VALIDATION and TEST are folders of class-named folders; WINNOW names the program (default
build/apps/winnow/winnow).
"""

import csv
import json
import os
import subprocess
import sys
import tempfile

WINNOW = os.environ.get("WINNOW", "build/apps/winnow/winnow")
DROP = "0.005"
EXTRA_MISSES = "0.015"
SAVINGS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def winnow(*arguments):
    """The JSON object that the command prints; ends the program when it fails."""
    done = subprocess.run([WINNOW, *arguments, "--precision", "fp32", "--json"],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"tables.py: winnow {' '.join(arguments)} ended with status {done.returncode}")
    return json.loads(done.stdout)


def name_of(model):
    return os.path.basename(model).removesuffix(".onnx")


def percent(share):
    return f"{100 * share:.2f} %"


def points(share):
    return f"{100 * share:+.2f}"


def table(head, rows):
    print("|", " | ".join(head), "|")
    print("|---" + "|---:" * (len(head) - 1) + "|")
    for row in rows:
        print("|", " | ".join(row), "|")


def tuned(model, validation, *options):
    """(what tune printed, the tuned model's path); the caller removes the file."""
    handle, path = tempfile.mkstemp(suffix=".onnx")
    os.close(handle)
    return winnow("tune", model, validation, "-o", path, *options), path


def tune_and_measure(model, validation, test, *options):
    """(tune's report on VALIDATION, eval's report on TEST) for one way of tuning."""
    found, path = tuned(model, validation, *options)
    try:
        return found, winnow("eval", path, test)
    finally:
        os.remove(path)


def models(_validation, test, *paths):
    rows = []
    for path in paths:
        seen = winnow("eval", path, test)
        rows.append([name_of(path), percent(seen["accuracy-full"]),
                     f"{seen['macs-full'] / 1e6:.1f} M", f"{os.path.getsize(path) / 1e6:.1f} MB",
                     percent(seen["accuracy"]), points(seen["accuracy"] - seen["accuracy-full"]),
                     percent(seen["mac-reduction"])])
    table(["model", "whole network", "MACs", "file", "with exits", "points", "MACs saved"], rows)


def compare(validation, test, paths, head, ways):
    """A table with one row for each model and way (its name, its options)."""
    rows = []
    for path in paths:
        for name, options in ways:
            found, seen = tune_and_measure(path, validation, test, *options)
            rows.append([name_of(path), name, points(-found["accuracy-drop"]),
                         percent(found["mac-reduction"]),
                         points(seen["accuracy"] - seen["accuracy-full"]),
                         percent(seen["mac-reduction"])])
    table(["model", head, "points (validation)", "MACs saved", "points (test)", "MACs saved"], rows)


def search(validation, test, *paths):
    compare(validation, test, paths, "search",
            [(method, ["--max-accuracy-drop", DROP, "--method", method])
             for method in ("greedy", "joint")])


def strategy(validation, test, *paths):
    exclusion = ["--strategy", "class-exclusion", "--exit-score"]
    ways = [("exclusion, softmax", [*exclusion, "softmax"]),
            ("exclusion, sigmoid", [*exclusion, "sigmoid"]),
            ("confidence", ["--strategy", "confidence"]), ("entropy", ["--strategy", "entropy"])]
    compare(validation, test, paths, "strategy",
            [(name, ["--max-accuracy-drop", DROP, *options]) for name, options in ways])


def curve(path, validation, test):
    """strategy -> [(MACs saved, accuracy)] on TEST, ascending; thresholds from VALIDATION."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "curve.csv")
        done = subprocess.run([WINNOW, "tune", path, validation, "--precision", "fp32",
                               "--curve", file, "--curve-on", test], stdout=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(f"tables.py: winnow tune --curve ended with status {done.returncode}")
        found = {}
        with open(file, newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                found.setdefault(row["strategy"], set()).add((float(row["mac-reduction"]),
                                                              float(row["accuracy"])))
    return {strategy: sorted(points) for strategy, points in found.items()}


def accuracy_at(saved, points):
    """On the straight line between the two points around `saved`; None beyond the last."""
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x0 <= saved <= x1:
            return y0 + (y1 - y0) * (saved - x0) / (x1 - x0) if x1 > x0 else y1
    return None


def level(validation, test, *paths):
    rows = []
    for path in paths:
        for name, points in curve(path, validation, test).items():
            found = [accuracy_at(saved, points) for saved in SAVINGS]
            rows.append([name_of(path), name, *("" if a is None else percent(a) for a in found)])
    table(["model", "MACs saved", *(f"{100 * saved:.0f} %" for saved in SAVINGS)], rows)


def misses(report, label):
    """Of the images of the class, the share that got another label."""
    return next(1 - c["accuracy"] for c in report["per-class"] if c["label"] == label)


def saved_on_others(report, label):
    others = [c for c in report["per-class"] if c["label"] != label]
    images = sum(c["images"] for c in others)
    mean = sum(c["macs-mean"] * c["images"] for c in others) / images
    return 1 - mean / report["macs-full"]


def watch(validation, test, path, *labels):
    rows = []
    whole = winnow("eval", path, test, "--strategy", "none")
    for label in labels:
        found, tuned_path = tuned(path, validation, "--watch", label,
                                  "--max-extra-misses", EXTRA_MISSES)
        try:
            seen = winnow("eval", tuned_path, test, "--watch", label)
        finally:
            os.remove(tuned_path)
        rows.append([label, points(found["misses"] - found["misses-full"]),
                     percent(found["mac-reduction-others"]), percent(misses(whole, label)),
                     points(misses(seen, label) - misses(whole, label)),
                     percent(saved_on_others(seen, label))])
    table(["watch", "more misses (validation)", "saved on the others", "misses, whole network",
           "more misses (test)", "saved on the others"], rows)


TABLES = {"models": models, "search": search, "strategy": strategy, "level": level,
          "watch": watch}


def main():
    if len(sys.argv) < 5 or sys.argv[1] not in TABLES:
        sys.exit(__doc__)
    TABLES[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
