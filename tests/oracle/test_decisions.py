# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow classify --json` against rule.py: every policy, image by image, field by field.

Two subjects: edge-cifar10 on photographs (env WINNOW_CIFAR10: a folder of class-named folders;
without it the sample in tests/data), and a small network made here whose exits disagree with
each other, so that readmission, groups and watch sets are exercised hard.  Logits come from
`winnow run` and are checked against the NumPy reference, and against PyTorch and ONNX Runtime
where they are installed.  env WINNOW_TEST_FEWER: only on every fourth photograph.

A case where a comparison falls within MARGIN of its threshold may go either way; such cases are
counted, and only there is a difference forgiven.  env WINNOW: the program.
"""

import os
import sys
import tempfile
import zlib
from collections import Counter

import numpy as np
from PIL import Image

import common
import macs
import onnxfile
from common import winnow, winnow_json
from rule import Model, Policy, decide, label_list

N = common.EDGE_EXITS
MARGIN = 1e-4       # in logits, or nats of entropy
SCORE_ERROR = 1e-4  # of survivor-scores and confidence


def numbers(*values):
    return ",".join(repr(v) for v in values)


def edge_policies():
    """(metadata changes, command-line arguments, policy) for edge-cifar10."""
    yield {}, [], Policy()
    yield {}, ["--threads", 2], Policy()
    yield {"winnow.exit-score": "sigmoid"}, [], Policy()
    for score in ("softmax", "sigmoid"):
        for betas in ([0.0] * N, [1e-30] * N, [1e-3] * N, [0.05] * N, [0.9] * N, [0.999] * N,
                      [0.9] + [0.0] * (N - 1), [0.5, 1e-6, 0.3, 0.0, 0.7, 0.2, 0.4, 0.01]):
            yield ({"winnow.exit-score": score}, ["--thresholds", numbers(*betas)],
                   Policy(thresholds=betas))
    for scale in (1e-9, 0.5, 1.0, 3.0, 1e9):
        yield {}, ["--threshold-scale", scale], Policy(scale=scale)
    for t in ([0.0] * N, [0.2] * N, [0.5] * N, [0.9] * N,
              [0.999, 0.99, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [1.0] * N):
        yield ({}, ["--strategy", "confidence", "--thresholds", numbers(*t)],
               Policy(strategy="confidence", thresholds=t))
        yield ({"winnow.strategy": "confidence", "winnow.thresholds": numbers(*t)}, [],
               Policy(thresholds=None))
    for t in ([0.0] * N, [0.02] * N, [0.3] * N, [1.0] * N, [5.0] * N):
        yield ({}, ["--strategy", "entropy", "--thresholds", numbers(*t)],
               Policy(strategy="entropy", thresholds=t))
    yield ({"winnow.strategy": "entropy", "winnow.thresholds": numbers(*[0.25] * N)},
           ["--threshold-scale", 2], Policy(scale=2.0))  # scales betas and nothing else
    yield {}, ["--strategy", "none"], Policy(strategy="none")
    yield {"winnow.strategy": "none", "winnow.thresholds": None}, [], Policy()
    yield {}, ["--strategy", "none", "--deadline-ms", 600000], Policy(strategy="none",
                                                                      deadline=True)
    yield {}, ["--deadline-ms", 600000], Policy(deadline=True)
    for names in ("cat", "ship,airplane", "dog", "cat,dog", "truck,automobile,ship,airplane",
                  "frog,frog"):
        yield {}, ["--watch", names], Policy(watch=names)
        yield {}, ["--watch", names, "--threshold-scale", 0.2], Policy(watch=names, scale=0.2)
    watch = {"winnow.watch-thresholds": f"cat: {numbers(*[0.01] * N)}; "
                                        f"ship, airplane: {numbers(*[0.3, 0.2] * (N // 2))}"}
    for names in ("cat", "airplane,ship", "ship", "cat,ship"):
        yield watch, ["--watch", names], Policy(watch=names)
    yield (watch, ["--watch", "cat", "--thresholds", numbers(*[0.2] * N)],
           Policy(watch="cat", thresholds=[0.2] * N))
    yield (watch, ["--watch", "airplane,ship", "--threshold-scale", 2],
           Policy(watch="airplane,ship", scale=2.0))
    yield watch, [], Policy()
    yield {}, ["--group-exit"], Policy(group_exit=True)
    yield {}, ["--group-exit", "--threshold-scale", 0.1], Policy(group_exit=True, scale=0.1)
    yield {"winnow.groups": "pet: cat, dog"}, ["--group-exit"], Policy(group_exit=True)
    yield {}, ["--group-exit", "--watch", "cat,frog"], Policy(group_exit=True, watch="cat,frog")
    names = "air,plane\nautomobile\nbird\ncat: tabby\ndeer\nd;og\nfrog\nhorse\nship\ntruck"
    comma = {"winnow.labels": names,
             "winnow.groups": "machine: 0, automobile, ship, truck; pets: 3, 5",
             "winnow.watch-thresholds": f"3, ship: {numbers(*[0.02] * N)}"}
    yield comma, [], Policy()
    yield comma, ["--group-exit"], Policy(group_exit=True)
    yield comma, ["--watch", "ship,3"], Policy(watch="ship,3")
    yield comma, ["--watch", "0"], Policy(watch="0")
    yield ({"winnow.labels": None, "winnow.watch-thresholds": None,
            "winnow.groups": "low: 0, 1, 2; high: 8, 9"},
           ["--group-exit", "--watch", "3,4"], Policy(group_exit=True, watch="3,4"))


def floors(score, values):
    return {"winnow.floor-score": score,
            "winnow.floors": ",".join("-" if v is None else repr(v) for v in values)}


def edge_floors():
    for score, some, all_stages in (
            ("logit", [None, None, 2.5, None, 3.5, None, None, 6.0, 6.5], [3.0] * (N + 1)),
            ("standardised", [None, None, 1.1, None, 1.2, None, None, 1.5, 1.6], [1.2] * (N + 1))):
        for values in (some, all_stages, [None] * N + [some[-1]], [None] * (N + 1)):
            meta = floors(score, values)
            yield meta, [], Policy()
            yield meta, ["--threshold-scale", 0.2], Policy(scale=0.2)
            yield meta, ["--threads", 2, "--threshold-scale", 0.2], Policy(scale=0.2)
            yield meta, ["--watch", "cat"], Policy(watch="cat")
            yield meta, ["--group-exit"], Policy(group_exit=True)
            yield meta, ["--strategy", "none"], Policy(strategy="none")
            yield (meta, ["--strategy", "none", "--deadline-ms", 600000],
                   Policy(strategy="none", deadline=True))
            yield (meta, ["--strategy", "confidence", "--thresholds", numbers(*[0.9] * N)],
                   Policy(strategy="confidence", thresholds=[0.9] * N))
            yield (meta, ["--strategy", "entropy", "--thresholds", numbers(*[0.3] * N)],
                   Policy(strategy="entropy", thresholds=[0.3] * N))
    for meta in ({"winnow.nothing": "cat"}, {"winnow.nothing": "3", **floors("logit", [3.0] * 9)}):
        yield meta, [], Policy()
        yield meta, ["--watch", "cat,dog"], Policy(watch="cat,dog")
        yield meta, ["--group-exit"], Policy(group_exit=True)
        yield meta, ["--strategy", "none"], Policy(strategy="none")


def synthetic_floors():
    for score in ("logit", "standardised"):
        for values in ([1.0, None, 2.0, 0.5, 1.0], [0.8] * 5, [None, None, None, None, 1.5]):
            for betas in ([0.9, 0.1, 0.5, 0.02], [0.01] * 4, [0.0] * 4):
                given = ["--thresholds", numbers(*betas)]
                meta = {**floors(score, values), "winnow.nothing": "c3"}
                yield meta, given, Policy(thresholds=betas)
                yield (meta, given + ["--watch", "c1,c4"], Policy(thresholds=betas, watch="c1,c4"))


def synthetic_policies():
    few, many = "c1,c4", "c0,c2,c3,c5,c7"
    for score in ("softmax", "sigmoid"):
        meta = {"winnow.exit-score": score}
        yield meta, [], Policy()
        for betas in ([0.9, 0.1, 0.5, 0.02], [0.6] * 4, [0.99, 0.0, 0.3, 0.0], [0.3] * 4,
                      [0.01] * 4):
            given = ["--thresholds", numbers(*betas)]
            yield meta, given, Policy(thresholds=betas)
            yield meta, given + ["--watch", few], Policy(thresholds=betas, watch=few)
            yield meta, given + ["--watch", many], Policy(thresholds=betas, watch=many)
            yield meta, given + ["--group-exit"], Policy(thresholds=betas, group_exit=True)
            yield (meta, given + ["--group-exit", "--watch", few, "--threshold-scale", 0.7],
                   Policy(thresholds=betas, group_exit=True, watch=few, scale=0.7))
        for t in (0.2, 0.5, 0.8):
            given = ["--strategy", "confidence", "--thresholds", numbers(*[t] * 4)]
            yield meta, given, Policy(strategy="confidence", thresholds=[t] * 4)
            given = ["--strategy", "entropy", "--thresholds", numbers(*[2 * t] * 4)]
            yield meta, given, Policy(strategy="entropy", thresholds=[2 * t] * 4)


def synthetic_model(classes=12, n_exits=4, size=4):
    """Exits with independent random weights: they seldom agree."""
    rng = np.random.RandomState(5)
    nodes, inits, value = [], [], "x"
    for k in range(n_exits + 1):
        inits += [(f"cw{k}", rng.randn(6, 3 if k == 0 else 6, 1, 1).astype(np.float32)),
                  (f"cb{k}", rng.randn(6).astype(np.float32)),
                  (f"w{k}", (rng.randn(classes, 6) * 1.5).astype(np.float32)),
                  (f"b{k}", rng.randn(classes).astype(np.float32))]
        nodes += [onnxfile.make_node("Conv", [value, f"cw{k}", f"cb{k}"], [f"c{k}"],
                                     kernel_shape=[1, 1]),
                  onnxfile.make_node("Relu", [f"c{k}"], [f"r{k}"]),
                  onnxfile.make_node("GlobalAveragePool", [f"r{k}"], [f"p{k}"]),
                  onnxfile.make_node("Flatten", [f"p{k}"], [f"f{k}"]),
                  onnxfile.make_node("Gemm", [f"f{k}", f"w{k}", f"b{k}"], [f"o{k}"], transB=1)]
        value = f"r{k}"
    meta = {"winnow.version": "1", "winnow.exits": ",".join(f"o{k}" for k in range(n_exits)),
            "winnow.output": f"o{n_exits}",
            "winnow.labels": "\n".join(f"c{k}" for k in range(classes)),
            "winnow.strategy": "class-exclusion", "winnow.exit-score": "softmax",
            "winnow.thresholds": "0.05,0.1,0.2,0.4", "winnow.input.mean": "0.5,0.5,0.5",
            "winnow.input.std": "0.5,0.25,0.5",
            "winnow.groups": "even: c0, c2, c4, c6; odd: c1, c3, c5; last: c11"}
    return onnxfile.make_model(nodes, [("x", ["N", 3, size, size])],
                               [(f"o{k}", ["N", classes]) for k in range(n_exits + 1)], inits,
                               meta=meta)


def same_order(got, want, scores):
    """Equal, or swapped only where scores are as good as equal."""
    return sorted(got) == sorted(want) and all(
        g == w or abs(scores[g] - scores[w]) <= SCORE_ERROR * scores[w] for g, w in zip(got, want))


def differences(got, want, model_id):
    """The names of the fields in which an answer is wrong."""
    scores = dict(zip(want.survivors, want.survivor_scores))
    wrong = [k.replace("_", "-") for k in
             ("label", "class_index", "group", "exit_stage", "stage_count", "stop_reason",
              "survivors_per_stage", "watched",
              "macs", "macs_full") if got.get(k.replace("_", "-")) != getattr(want, k)]
    labels = dict(zip(want.survivors, want.survivor_labels))
    order = got["survivors"]
    if not same_order(order, want.survivors, scores):
        return wrong + ["survivors"]
    if got["survivor-labels"] != [labels[c] for c in order]:
        wrong.append("survivor-labels")
    if len(got["survivor-scores"]) != len(order) or \
            max([abs(s - scores[c]) for s, c in zip(got["survivor-scores"], order)],
                default=0) > SCORE_ERROR:
        wrong.append("survivor-scores")
    if got["confidence"] != (0 if got["class-index"] < 0 else got["survivor-scores"][0]):
        wrong.append("confidence")
    if got["model-id"] != model_id:
        wrong.append("model-id")
    if not isinstance(got["latency-ns"], int) or got["latency-ns"] <= 0 or got["pts"] is not None:
        wrong.append("latency-ns or pts")
    return wrong


class Subject:
    def __init__(self, name, data, images, scratch):
        """images: uint8 arrays of the network's size; they are classified as PNG files."""
        self.name, self.data, self.scratch, self.images = name, data, scratch, images
        self.meta = onnxfile.metadata(data)
        self.exits = self.meta["winnow.exits"].split(",")
        graph = onnxfile.load(data)
        self.costs = macs.count(graph, self.exits, self.meta["winnow.output"])
        x = common.tensors(images, self.meta)
        self.logits = common.engine_logits(data, x, scratch)
        judges = {"the reference": common.reference_logits(data, x[:5]),
                  "PyTorch": common.torch_logits(data, x),
                  "ONNX Runtime": common.ort_logits(data, x, scratch)}
        for judge, theirs in judges.items():
            if theirs is not None:
                worst = common.agreement(self.logits, theirs)
                print(f"{name}: logits of `winnow run` and {judge} differ by at most {worst:.2g}")
                assert worst <= 1e-4, f"logits differ from {judge}"
        self.paths = []
        for k, image in enumerate(images):
            self.paths.append(os.path.join(scratch, f"{name}-{k}.png"))
            Image.fromarray(image).save(self.paths[-1])
        self.counts = Counter()

    def check_inspect(self, path):
        info = winnow_json("inspect", path)[0]
        stages, macs_full = [s["macs"] for s in info["stages"]], info["macs-full"]
        assert stages == self.costs[0], f"inspect says {stages} MACs, counted {self.costs[0]}"
        assert macs_full == sum(self.costs[0]), macs_full
        assert [s["exit"] for s in info["stages"]] == self.exits + [None], info["stages"]

    def check_policy(self, changes, args, policy):
        """Classifies every image under one policy; returns the complaints."""
        data = onnxfile.with_metadata(self.data, changes)
        path = common.write(os.path.join(self.scratch, f"{self.name}.onnx"), data)
        model_id = f"{self.name}@{zlib.crc32(data):08x}"
        model = Model(onnxfile.metadata(data), len(self.logits[self.exits[0]][0]), *self.costs)
        if isinstance(policy.watch, str):
            policy.watch = label_list(policy.watch, model.labels)
        threads = [] if "--threads" in args else ["--threads", 1]
        got = winnow_json("classify", path, *common.FLOAT32, *threads, *args, *self.paths)
        complaints = []
        if len(got) != len(self.paths):
            complaints.append(f"{len(got)} results for {len(self.paths)} images")
        for k, answer in enumerate(got):
            final = list(self.logits[self.meta["winnow.output"]][k])
            want = decide(model, [list(self.logits[e][k]) for e in self.exits], final, policy)
            wrong = differences(answer, want, model_id)
            if answer["image"] != self.paths[k]:
                wrong.append("image")
            self.counts["decisions"] += 1
            self.counts[want.stop_reason] += 1
            self.counts["readmissions"] += want.readmitted
            near = want.margin <= MARGIN
            self.counts["borderline"] += near
            if wrong and near:
                self.counts["borderline differences"] += 1
            elif wrong:
                name = wrong[0].replace("-", "_")
                complaints.append(f"image {k}: {', '.join(wrong)}; {wrong[0]} is "
                                  f"{answer.get(wrong[0])}, must be {getattr(want, name, '?')} "
                                  f"(margin {want.margin:.2g})")
        return complaints

    def check(self, policies):
        failed = 0
        self.check_inspect(common.write(os.path.join(self.scratch, f"{self.name}.onnx"), self.data))
        for changes, args, policy in policies:
            complaints = self.check_policy(changes, args, policy)
            if complaints:
                failed += 1
                print("FAIL", self.name, *args, changes,
                      f": {len(complaints)} wrong, first: {complaints[0]}")
            self.counts["policies"] += 1
        print(f"{self.name}: {dict(self.counts)}", flush=True)
        return failed


def check_jpegs(photographs, scratch):
    """JPEG files must give what their pixels give as PNG files."""
    paths = [p for _, p in photographs]
    pngs = []
    for k, path in enumerate(paths):
        pngs.append(os.path.join(scratch, f"jpeg-{k}.png"))
        Image.fromarray(common.pixels(path)).save(pngs[-1])
    left, right = (winnow_json("classify", common.EDGE, "--threads", 1, *p) for p in (paths, pngs))
    wrong = 0
    for a, b in zip(left, right):
        wrong += any(a[k] != b[k] for k in a if k not in ("image", "latency-ns"))
    print(f"{wrong} of {len(paths)} JPEG files are answered otherwise than their pixels")
    return wrong


def check_not_finite(scratch):
    """An exit whose logits are not finite fails the frame, if it is reached."""
    data = synthetic_model()
    bad = np.full(12, np.nan, np.float32)
    def poison(tensor_bytes):
        name, _ = onnxfile.tensor(tensor_bytes)
        return onnxfile.make_tensor(name, bad) if name == "b2" else tensor_bytes
    data = onnxfile.edit(data, [onnxfile.MODEL_GRAPH, onnxfile.GRAPH_INITIALIZER], poison)
    path = common.write(os.path.join(scratch, "nan.onnx"), data)
    image = os.path.join(scratch, "nan.png")
    Image.fromarray(np.full((4, 4, 3), 90, np.uint8)).save(image)
    done = winnow("classify", path, "--thresholds", "0,0,0,0", image)
    ok = done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1
    print("ok  " if ok else "FAIL", "logits that are not finite:",
          f"status {done.returncode}, {done.stderr.strip()!r}")
    return not ok


def main():
    photographs = common.photographs()
    if os.environ.get("WINNOW_TEST_FEWER"):
        photographs = photographs[::4]  # of the sample: one of each class
    with tempfile.TemporaryDirectory() as scratch:
        edge = Subject("edge-cifar10", common.read(common.EDGE), [common.pixels(p) for _,
                                                                  p in photographs], scratch)
        failed = edge.check([*edge_policies(), *edge_floors()])
        rng = np.random.RandomState(11)
        noise = [np.clip(rng.randint(0, 256, (1, 1, 3)) + rng.randint(-90, 90, (4, 4, 3)), 0,
                         255).astype(np.uint8)
                 for _ in range(150)]
        synthetic = Subject("synthetic", synthetic_model(), noise, scratch)
        failed += synthetic.check([*synthetic_policies(), *synthetic_floors()])
        failed += check_jpegs(photographs[:100], scratch) > 0
        failed += check_not_finite(scratch)
    total = edge.counts + synthetic.counts
    for reason in ("nothing", "single-class", "confident", "watch", "group", "final",
                   "readmissions"):
        if not total[reason]:
            print(f"FAIL no case of {reason}: the test shows nothing about it")
            failed += 1
    if total["borderline"] > 0.02 * total["decisions"]:
        print("FAIL too many borderline cases")
        failed += 1
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
