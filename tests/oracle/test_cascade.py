# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cascades: `winnow classify`, `eval`, `tune` and `run` on a file of three networks against the
rule on logits of each network's own file, from preprocess_ref.py and reference.py."""

import os
import sys
import tempfile
import zlib

import numpy as np
from PIL import Image

import cascades
import common
import macs
import onnxfile
import preprocess_ref
import reference
import rule
import test_decisions

N = len(cascades.NETWORKS)
MARGIN = 1e-3  # two ways of computing a logit agree to this


def pictures(folder, count=40):
    """[(path, pixels)] of several sizes, in folders named like the labels."""
    rng = np.random.RandomState(3)
    out = []
    for k in range(count):
        height, width = [(6, 6), (17, 40), (31, 12), (60, 80)][k % 4]
        slope = np.add.outer(np.linspace(0, 1, height), np.linspace(0, 1, width))[..., None]
        image = rng.randint(0, 256, 3) * slope + rng.randint(-60, 60, (height, width, 3))
        image = np.clip(image, 0, 255).astype(np.uint8)
        label = f"c{k % cascades.CLASSES}"
        os.makedirs(os.path.join(folder, label), exist_ok=True)
        path = os.path.join(folder, label, f"{k}.png")
        Image.fromarray(image).save(path)
        out.append((path, image))
    return out


def network_input(network, image):
    """[1, C, H, W] or [1, H, W, C] float32."""
    height, width, _ = image.shape
    frame = {"format": "RGB", "width": width, "height": height, "region": None, "matrix": "bt601",
             "range": "full", "site": "mpeg2"}
    c, h, w = network.shape
    net = {"channels": c, "height": h, "width": w, "resize": network.resize}
    x, mask = preprocess_ref.preprocess(frame, [image.reshape(height, -1)], net)
    mean, std = (np.array([float(v) for v in getattr(network, key).split(",")])[:, None, None]
                 for key in ("mean", "std"))
    x = np.where(mask, (x - mean) / std, 0).astype(np.float32)[None]
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if network.nhwc else x


def logits(image):
    """Of every network, [N][classes]."""
    return [list(reference.run(onnxfile.load(cascades.alone(index)),
                               {"x": network_input(network, image)})["logits"][0])
            for index, network in enumerate(cascades.NETWORKS)]


def rule_model():
    counts = [macs.count(onnxfile.load(cascades.alone(i)), [], "logits") for i in range(N)]
    each = [c[0][0] for c in counts]
    model = rule.Model(onnxfile.metadata(cascades.joined()), cascades.CLASSES, each, each[:-1],
                       counts[-1][2])
    model.macs_full = each[-1]  # of a cascade the last network alone
    return model


def policies():
    yield [], rule.Policy()
    for betas in ([0.5, 0.5], [0.05, 0.2], [0.9, 0.0], [0.0, 0.9]):
        given = ["--thresholds", ",".join(map(str, betas))]
        yield given, rule.Policy(thresholds=betas)
        yield given + ["--watch", "c1,c4"], rule.Policy(thresholds=betas, watch=[1, 4])
        yield given + ["--group-exit"], rule.Policy(thresholds=betas, group_exit=True)
        yield (given + ["--deadline-ms", 600000], rule.Policy(thresholds=betas, deadline=True))
    for strategy, t in (("confidence", 0.6), ("entropy", 0.8)):
        given = ["--strategy", strategy, "--thresholds", f"{t},{t}"]
        yield given, rule.Policy(strategy=strategy, thresholds=[t, t])
    yield ["--strategy", "none"], rule.Policy(strategy="none")
    yield (["--strategy", "none", "--deadline-ms", 600000],
           rule.Policy(strategy="none", deadline=True))


def check_decisions(path, images, scores):
    model, model_id = rule_model(), f"joined@{zlib.crc32(cascades.joined()):08x}"
    failed, reasons = 0, set()
    for args, policy in policies():
        got = common.winnow_json("classify", path, *common.FLOAT32, *args, *[p for p, _ in images])
        for answer, z in zip(got, scores):
            want = rule.decide(model, z[:-1], z[-1], policy)
            reasons.add(want.stop_reason)
            wrong = test_decisions.differences(answer, want, model_id)
            if wrong and want.margin > MARGIN:
                print("FAIL", *args, answer["image"], wrong, answer, want)
                failed += 1
    missing = {"single-class", "confident", "watch", "group", "final"} - reasons
    if missing:
        print("FAIL no case of", missing)
    return failed + len(missing)


def check_eval(path, folder, images, scores):
    """The whole network is the last one."""
    done = common.winnow_json("eval", path, folder, *common.FLOAT32, "--thresholds", "0.5,0.5")[0]
    truth = [int(os.path.basename(os.path.dirname(p))[1:]) for p, _ in images]
    full = np.mean([np.argmax(z[-1]) == t for z, t in zip(scores, truth)])
    model = rule_model()
    want = [rule.decide(model, z[:-1], z[-1], rule.Policy(thresholds=[0.5, 0.5])) for z in scores]
    mean = np.mean([w.macs for w in want])
    ok = (abs(done["accuracy-full"] - full) < 1e-9 and done["macs-full"] == model.macs_full
          and abs(done["macs-mean"] - mean) <= 0.01 * mean and min(done["exits"][:2]) > 0)
    print("ok  " if ok else "FAIL", "eval:", done["accuracy-full"], full, done["macs-mean"], mean)
    return not ok


def check_tune(path, folder, scratch):
    """What tune promises is what eval finds in the file that it writes."""
    out = os.path.join(scratch, "tuned.onnx")
    tuned = common.winnow_json("tune", path, folder, *common.FLOAT32, "--max-accuracy-drop", 0.1,
                               "-o", out)[0]
    found = common.winnow_json("eval", out, folder, *common.FLOAT32)[0]
    same = all(abs(tuned[k] - found[k]) < 1e-6 * max(1, abs(found[k]))
               for k in ("accuracy", "accuracy-full", "macs-mean", "macs-full"))
    print("ok  " if same else "FAIL", "tune and eval agree:", tuned["macs-mean"],
          found["macs-mean"])
    return not same


def check_run(path, image, scratch):
    """Every output of the graph, from one tensor an input."""
    inputs, failed = [], 0
    for network in cascades.NETWORKS:
        np.save(os.path.join(scratch, f"{network.name}.npy"), network_input(network, image))
        inputs += ["--input", f"{network.name}={os.path.join(scratch, network.name)}.npy"]
    out = os.path.join(scratch, "out")
    done = common.winnow("run", path, *common.FLOAT32, *inputs, "--output-dir", out)
    for network, want in zip(cascades.NETWORKS, logits(image)):
        got = np.load(os.path.join(out, f"{network.name}_logits.npy"))[0]
        failed += np.abs(got - want).max() > 1e-4 * np.abs(want).max()
    for args in (inputs[:4], inputs[:1] + [inputs[1].split("=")[1]], inputs + inputs[:2],
                 inputs[2:] + ["--input", "nobody=x.npy"]):
        bad = common.winnow("run", path, *args, "--output-dir", out)
        if bad.returncode != 1 or len(bad.stderr.strip().splitlines()) != 1:
            print("FAIL", args, bad)
            failed += 1
    print("ok  " if not failed and not done.returncode else "FAIL", "run", done.stderr)
    return failed + done.returncode


def check_refused(scratch):
    """Names that do not fit the graph; quantize."""
    failed = 0
    data = cascades.joined()
    for changes, word in (({"winnow.inputs": "small,big"}, "2 inputs"),
                          ({"winnow.inputs": "small,grey.v2,nobody"}, "nobody"),
                          ({"winnow.inputs": "small,small,big"}, "twice"),
                          ({"winnow.inputs": "small,grey.v2,small/c"}, "small/c"),
                          ({"winnow.inputs": None}, "several inputs"),
                          ({"winnow.input.big.std": "0"}, "winnow.input.big.std"),
                          ({"winnow.input.grey.v2.mean": "1,2,3"}, "winnow.input.grey.v2.mean")):
        path = common.write(os.path.join(scratch, "bad.onnx"),
                            onnxfile.with_metadata(data, changes))
        done = common.winnow("inspect", path)
        if done.returncode != 1 or word not in done.stderr or done.stderr.count("\n") != 1:
            print("FAIL", changes, done)
            failed += 1
    path = common.write(os.path.join(scratch, "joined.onnx"), data)
    done = common.winnow("quantize", path, common.SAMPLE, "-o", os.path.join(scratch, "q.onnx"))
    if done.returncode != 1 or "quantize its networks and join" not in done.stderr:
        print("FAIL quantize", done)
        failed += 1
    return failed


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.join(scratch, "pictures")
        images = pictures(folder)
        scores = [logits(image) for _, image in images]
        path = common.write(os.path.join(scratch, "joined.onnx"), cascades.joined())
        failed = check_decisions(path, images, scores)
        failed += check_eval(path, folder, images, scores)
        failed += check_tune(path, folder, scratch)
        failed += check_run(path, images[0][1], scratch)
        failed += check_refused(scratch)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
