# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow eval --json` on a folder of photographs, image by image.

Three computations must agree: eval's totals, the sums over `winnow classify --json` of each image,
and rule.py on logits from PyTorch, else ONNX Runtime, else the NumPy reference.  A judge that is
not the engine may differ only where its own decision is a close call: the smallest margin, or the
top two scores, within 1e-4 of the largest score.  env WINNOW: the program; WINNOW_CIFAR10: see
common.py.
"""

import os
import sys
import tempfile

import common
import macs
import onnxfile
from common import winnow_json
from rule import Model, Policy, decide

POLICIES = (
    ([], Policy()),
    (["--threshold-scale", 0.3], Policy(scale=0.3)),
    (["--strategy", "confidence", "--thresholds", ",".join(["0.8"] * common.EDGE_EXITS)],
     Policy(strategy="confidence", thresholds=[0.8] * common.EDGE_EXITS)),
    (["--strategy", "none"], Policy(strategy="none")),
    (["--group-exit", "--threads", 2], Policy(group_exit=True)))


def logits(data, x, scratch):
    """(who computed them, {output: array})."""
    for judge, compute in (("PyTorch", lambda: common.torch_logits(data, x)),
                           ("ONNX Runtime", lambda: common.ort_logits(data, x, scratch)),
                           ("the reference", lambda: common.reference_logits(data, x))):
        found = compute()
        if found is not None:
            return judge, found


def totals(photographs, answers):
    """What eval must report for these images."""
    reached = max(a["stage-count"] for a in answers)
    means = []
    for stage in range(reached):
        counts = [a["survivors-per-stage"][stage] for a in answers
                  if len(a["survivors-per-stage"]) > stage]
        means.append(sum(counts) / len(counts) if counts else None)
    exits = [sum(a["exit-stage"] == s for a in answers) for s in range(reached)]
    return {"images": len(answers), "macs-mean": sum(a["macs"] for a in answers) / len(answers),
            "accuracy": sum(a["label"] == c for a,
                            (c, _) in zip(answers, photographs)) / len(answers),
            "exits": exits, "survivors-per-stage": means}


def close(got, want):
    if isinstance(want, list):
        return len(got) == len(want) and all(map(close, got, want))
    if want is None:  # no image came there
        return got in (None, 0)
    return got is not None and abs(got - want) <= 1e-6 * max(abs(want), 1)


def compare(where, got, want):
    wrong = [f"{k} is {got.get(k)}, must be {v}" for k, v in want.items() if not close(got[k], v)]
    if wrong:
        print(f"FAIL {where}: {'; '.join(wrong)}")
    return len(wrong)


def check_policy(args, policy, photographs, dataset, model, scores):
    """eval against classify, classify against the rule on the judge's logits."""
    options = [*common.FLOAT32, *([] if "--threads" in args else ["--threads", 1]), *args]
    report = winnow_json("eval", common.EDGE, dataset, *options)[0]
    answers = winnow_json("classify", common.EDGE, *options, *(p for _, p in photographs))
    where = " ".join(map(str, args)) or "the model's own policy"
    failed = compare(where, report, totals(photographs, answers))
    for entry in report["per-class"]:
        mine = [k for k, (c, _) in enumerate(photographs) if c == entry["label"]]
        failed += compare(f"{where}, {entry['label']}", entry,
                          totals([photographs[k] for k in mine], [answers[k] for k in mine]))
    full = sum(model.macs)
    failed += compare(where, report,
                      {"macs-full": full, "mac-reduction": 1 - report["macs-mean"] / full})
    strategy = policy.strategy or model.strategy
    thresholds = policy.thresholds or model.thresholds
    same = strategy == "none" or close(report["thresholds"], thresholds)
    if report["strategy"] != strategy or not same:
        print(f"FAIL {where}: strategy {report['strategy']}, thresholds {report['thresholds']}")
        failed += 1
    near = different = 0
    for k, answer in enumerate(answers):
        final = list(scores["logits"][k])
        exits = [list(scores[f"exit_{e}"][k]) for e in range(common.EDGE_EXITS)]
        want = decide(model, exits, final, policy)
        close_call = want.margin <= 1e-4 * max(map(abs, final))
        near += close_call
        if (answer["class-index"], answer["exit-stage"]) != (want.class_index, want.exit_stage):
            different += 1
            if not close_call:
                failed += 1
                print(f"FAIL {where}: {photographs[k][1]}: {answer['label']} at "
                      f"{answer['exit-stage']}, must be {want.label} at {want.exit_stage} "
                      f"(margin {want.margin:.2g})")
    right, doubtful = 0, 0
    for k, (name, _) in enumerate(photographs):
        z = sorted(scores["logits"][k])
        doubtful += z[-1] - z[-2] <= 1e-4 * max(abs(z[0]), abs(z[-1]))
        right += model.labels[scores["logits"][k].argmax()] == name
    if abs(report["accuracy-full"] * len(photographs) - right) > doubtful + 1e-6:
        print(f"FAIL {where}: accuracy-full is {report['accuracy-full']}, must be "
              f"{right / len(photographs)}")
        failed += 1
    print(f"{where}: {len(answers)} images, accuracy {report['accuracy']:.4f} "
          f"(full {report['accuracy-full']:.4f}), "
          f"{report['mac-reduction']:.1%} of the MACs saved, exits {report['exits']}; "
          f"{near} close calls, {different} answered otherwise", flush=True)
    return failed


def main():
    photographs = common.photographs()
    data = common.read(common.EDGE)
    meta = onnxfile.metadata(data)
    with tempfile.TemporaryDirectory() as scratch:
        dataset = os.path.join(scratch, "dataset")
        for name, path in photographs:
            os.makedirs(os.path.join(dataset, name), exist_ok=True)
            os.symlink(os.path.abspath(path), os.path.join(dataset, name, os.path.basename(path)))
        judge, scores = logits(data, common.tensors([common.pixels(p) for _, p in photographs],
                                                    meta), scratch)
        print(f"{len(photographs)} images, judged by {judge}")
        costs = macs.count(onnxfile.load(data), meta["winnow.exits"].split(","),
                           meta["winnow.output"])
        model = Model(meta, 10, *costs)
        failed = sum(check_policy(args, policy, photographs, dataset, model, scores) for args,
                     policy in POLICIES)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
