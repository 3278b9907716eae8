# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole network in every precision against the judge's float32 (or float64) logits.

Counts the images whose best class is the judge's: at least 99.9 % in fp32 and 99.5 % in bf16, and
an accuracy within 0.1 point.  On few images one may differ.

env WINNOW; WINNOW_CIFAR10 and WINNOW_CIFAR10_IMAGES as for test_eval.py.
"""

import sys
import tempfile

import common
import onnxfile
from common import winnow_json
from test_eval import logits

AGREEMENT = {"fp32": 0.999, "bf16": 0.995}
ACCURACY = 0.001


def check(precision, photographs, labels, scores):
    answers = winnow_json("classify", common.EDGE, "--strategy", "none", "--precision", precision,
                          *(path for _, path in photographs))
    n = len(photographs)
    judged = [labels[scores["logits"][k].argmax()] for k in range(n)]
    same = sum(a["label"] == j for a, j in zip(answers, judged))
    right = sum(a["label"] == name for a, (name, _) in zip(answers, photographs))
    should = sum(j == name for j, (name, _) in zip(judged, photographs))
    good = (same >= min(n - 1, AGREEMENT[precision] * n)
            and abs(right - should) <= max(1, ACCURACY * n))
    print(f"{'' if good else 'FAIL '}{precision}: {same} of {n} images are classified alike "
          f"({same / n:.2%}), accuracy {right / n:.2%}, the judge's {should / n:.2%}")
    return not good


def main():
    photographs = common.photographs()
    data = common.read(common.EDGE)
    meta = onnxfile.metadata(data)
    with tempfile.TemporaryDirectory() as scratch:
        judge, scores = logits(data, common.tensors([common.pixels(p) for _, p in photographs],
                                                    meta), scratch)
    print(f"{len(photographs)} images, judged by {judge}")
    labels = meta["winnow.labels"].split("\n")
    # The list: all are checked, also when one has failed.
    return any([check(precision, photographs, labels, scores) for precision in AGREEMENT])  # noqa: C419


if __name__ == "__main__":
    sys.exit(main())
