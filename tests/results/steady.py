# SPDX-License-Identifier: LGPL-2.1-or-later
"""How well single frames and the steady state tell what is in view in a clip of a fixed camera.

usage: steady.py MODEL CLIP LABELS.csv [--resize crop,letterbox,stretch] [--stable-time 0.3,0.5,1]

LABELS.csv has the columns clip (the file's name, whatever its ending), first-frame, last-frame and
label: what is in view, by eye; frames between the intervals are not counted. A label that the model
does not have (`empty`) is right when the answer is none of the others. For each way of fitting the
frame and each stable time it prints the balanced accuracy of every frame, of the state at every
frame (`unknown` is wrong), and how often the state changes, besides how often the truth does.

Runs gst-launch-1.0 with the elements that GST_PLUGIN_PATH names. NumPy is needed for --resize.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile


def read_truth(path, clip):
    """[(first frame, last frame, label)]"""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file)
                if pathlib.Path(row["clip"]).stem == pathlib.Path(clip).stem]
    if not rows:
        sys.exit(f"steady.py: {path} says nothing about {clip}")
    return [(int(row["first-frame"]), int(row["last-frame"]), row["label"]) for row in rows]


def run(model, clip, stable_time, folder):
    """(results, changes): what winnowpublish writes of every frame and of changes."""
    files = [folder / "frames", folder / "changes"]
    for file in files:
        file.unlink(missing_ok=True)
    subprocess.run(
        ["gst-launch-1.0", "-q", "filesrc", f"location={clip}", "!", "decodebin", "!",
         "winnowclassify", f"model-file={model}", f"stable-time={int(stable_time * 1e9)}",
         "qos=false", "!", "winnowpublish", f"location={files[0]}", "!", "winnowpublish",
         "on-change=true", f"location={files[1]}", "!", "fakesink"], check=True)
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


def states(results, changes):
    """The state at each frame."""
    told = {change["pts"]: change["state"] for change in changes}
    state, out = "unknown", []
    for result in results:
        state = told.get(result["pts"], state)
        out.append(state)
    return out


def balanced_accuracy(answers, truth, labels):
    """The mean over the labels of the share of their frames that is answered right."""
    named = {label for _, _, label in truth} & labels
    right, total = {}, {}
    for first, last, label in truth:
        for answer in answers[first:last + 1]:
            ok = answer == label if label in named else answer in labels - named
            right[label] = right.get(label, 0) + ok
            total[label] = total.get(label, 0) + 1
    return sum(right[label] / total[label] for label in total) / len(total)


def models(args, folder):
    """(name, file) of the model for each way of fitting frames."""
    if args.resize is None:
        yield "the model's own", args.model
        return
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
    import onnxfile  # pylint: disable=import-outside-toplevel
    for way in args.resize.split(","):
        file = folder / f"{way}.onnx"
        file.write_bytes(onnxfile.with_metadata(pathlib.Path(args.model).read_bytes(),
                                                {"winnow.input.resize": way}))
        yield way, file


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("model")
    parser.add_argument("clip")
    parser.add_argument("truth")
    parser.add_argument("--resize")
    parser.add_argument("--stable-time", default="0.5")
    args = parser.parse_args()
    truth = read_truth(args.truth, args.clip)
    print(f"{args.clip}: {len(truth) - 1} changes")
    print("| resize | every frame | stable time | steady | changes |\n|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for way, model in models(args, folder):
            for stable_time in map(float, args.stable_time.split(",")):
                results, changes = run(model, args.clip, stable_time, folder)
                labels = {label for result in results for label in result["survivor-labels"]}
                frames, steady = (
                    balanced_accuracy(answers, truth, labels) for answers in
                    ([r["label"] for r in results], states(results, changes)))
                print(f"| {way} | {100 * frames:.2f} % | {stable_time:g} s "
                      f"| {100 * steady:.2f} % | {len(changes) - 1} |")


main()
