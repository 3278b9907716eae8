# SPDX-License-Identifier: LGPL-2.1-or-later
"""Model files that libFuzzer begins with, beside those of the targets' own tests.

seeds.py FOLDER KIND...: writes them there.  KINDs: golden, those of tests/data/golden; corpus, what
was found before; hostile, those that are broken on purpose; operators, each with its inputs as they
fit; networks, random ones.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path[:0] = [str(HERE), str(TESTS / "oracle")]

import hostile  # noqa: E402
import hostile_types  # noqa: E402
import networks  # noqa: E402
import test_types  # noqa: E402

MOST_BYTES = 1 << 15
# Half a second each time.
SLOW = {"functions_without_end.onnx", "conv_large", "a constant doubled 60 times"}
N_NETWORKS = 300


def golden():
    for path in sorted((TESTS / "data/golden").glob("*/model.onnx")):
        if path.parent.name not in SLOW:
            yield path.read_bytes()


def corpus():
    for path in sorted((HERE / "corpus").glob("*.onnx")):
        if path.name not in SLOW:
            yield path.read_bytes()


def broken():
    edge = (TESTS.parent / "models/paper/edge-cifar10.onnx").read_bytes()
    for cases in (hostile.purposeful(edge), hostile_types.types()):
        yield from (data for name, data, _ in cases if name not in SLOW)


def operators():
    for op, inputs in test_types.operators():
        for opset in test_types.OPSETS:
            yield test_types.model(op, opset, inputs, -1, "", None)


def random_networks():
    for seed in range(N_NETWORKS):
        network = networks.generate(seed)
        yield network.model(network.leaves())


KINDS = {"golden": golden, "corpus": corpus, "hostile": broken, "operators": operators,
         "networks": random_networks}


def main():
    folder = pathlib.Path(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    for kind in sys.argv[2:]:
        small = (data for data in KINDS[kind]() if len(data) <= MOST_BYTES)
        for n, data in enumerate(small):
            (folder / f"{kind}-{n}").write_bytes(data)


main()
