# SPDX-License-Identifier: LGPL-2.1-or-later
"""The time of a frame on one core, one model beside another, on the same pictures.

usage: times.py MODEL OTHER FOLDER             mean latency of MODEL and OTHER, and their ratio
       times.py --parts CASCADE PART... FOLDER all networks of CASCADE one after the other beside a
                                               process for each PART: mean latency and memory

FOLDER holds pictures, anywhere below it; of many 100 are taken.  Models take turns, five rounds;
the least of a picture's five times counts, and the median ratio of the rounds stands behind it.
WINNOW names the program (default build/apps/winnow/winnow).
"""

import json
import os
import statistics
import subprocess
import sys

WINNOW = os.environ.get("WINNOW", "build/apps/winnow/winnow")
ROUNDS, PICTURES = 5, 100


def winnow(*arguments):
    done = subprocess.run([WINNOW, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"times.py: winnow {' '.join(arguments)[:200]} ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def latencies(model, pictures, *options):
    """[ns] of each picture."""
    results = winnow("classify", model, "--threads", "1", "--json", *options, *pictures)
    return [result["latency-ns"] for result in results]


def compare(sides):
    """(mean of the least times of each side in ms, median ratio of the first side to the others'
    sum); a side is a function that gives its pictures' times."""
    rounds = [[side() for side in sides] for _ in range(ROUNDS)]
    means = [statistics.mean(min(times) for times in zip(*(r[k] for r in rounds))) / 1e6
             for k in range(len(sides))]
    ratio = statistics.median(sum(r[0]) / sum(map(sum, r[1:])) for r in rounds)
    return means, ratio


def beside(model, other, pictures):
    means, ratio = compare([lambda: latencies(model, pictures), lambda: latencies(other, pictures)])
    print(f"{means[0]:.2f} ms beside {means[1]:.2f} ms: {means[0] / means[1]:.2f} "
          f"(median of the rounds {ratio:.2f}), {len(pictures)} pictures")


def grown(model):
    """Bytes of memory that a process has more with this model than without."""
    report = winnow("bench", model, "--threads", "1", "--frames", "3", "--json")[0]
    return report["rss-growth-bytes"]


def parts(cascade, networks, pictures):
    never = ["--thresholds", ",".join("0" for _ in networks[1:])]
    means, ratio = compare([lambda: latencies(cascade, pictures, *never)]
                           + [lambda n=n: latencies(n, pictures) for n in networks])
    memory = grown(cascade) / 1e6, sum(map(grown, networks)) / 1e6
    apart = sum(means[1:])
    print(f"one file {means[0]:.2f} ms, {memory[0]:.1f} MB; a process each {apart:.2f} ms, "
          f"{memory[1]:.1f} MB: {means[0] / apart:.2f} and {memory[0] / memory[1]:.2f} "
          f"(median ratio of the rounds {ratio:.2f})")


def pictures_in(folder):
    found = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names
                   if name.lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".ppm", ".pgm")))
    return found[::max(1, len(found) // PICTURES)][:PICTURES]


def main():
    arguments = sys.argv[1:]
    whole = arguments[:1] == ["--parts"]
    *models, folder = arguments[whole:] or [""]
    pictures = pictures_in(folder)
    if len(models) < 2 or not pictures or (not whole and len(models) > 2):
        sys.exit(__doc__)
    if whole:
        parts(models[0], models[1:], pictures)
    else:
        beside(*models, pictures)


if __name__ == "__main__":
    main()
