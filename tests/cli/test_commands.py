# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every command of `winnow` prints and writes, on the shipped model and pictures."""
import os
import re
import shutil
import struct
import subprocess
import unittest
import zlib

from support import (CAT, LABELS, MODEL, N_EXITS, SAMPLE, THRESHOLDS, WINNOW, CliTest,
                     for_each_exit, npy, on_terminal, png_bytes, read_npy, winnow)

MODEL_ID = f"edge-cifar10@{zlib.crc32(MODEL.read_bytes()):08x}"
RESULT_KEYS = ["label", "class-index", "confidence", "group", "exit-stage", "stage-count",
               "stop-reason", "survivors", "survivor-labels", "survivor-scores",
               "survivor-count", "survivors-per-stage", "watched", "macs", "macs-full",
               "latency-ns", "model-id", "pts", "time", "age-ns"]


class Inspect(CliTest):
    def test_json(self):
        model, = self.succeed_json("inspect", MODEL)
        self.assertEqual(list(model), ["model-id", "inputs", "scores", "classes", "labels",
                                       "labels-source", "warning", "parameters", "macs-full",
                                       "floor-score", "nothing", "stages"])
        self.assertEqual(model["model-id"], MODEL_ID)
        self.assertEqual(model["inputs"][0]["shape"], [1, 3, 32, 32])
        self.assertEqual((model["classes"], model["labels"]), (10, LABELS))
        self.assertAlmostEqual(model["parameters"] / 1e6, 3.16, delta=0.01)
        self.assertAlmostEqual(model["macs-full"] / 1e6, 125.49, delta=0.01)
        self.assertEqual(len(model["stages"]), N_EXITS + 1)
        for index, stage in enumerate(model["stages"]):
            self.assertEqual(list(stage),
                             ["index", "macs", "exit", "threshold", "floor", "kernels"])
            self.assertEqual(stage["index"], index)
            self.assertTrue(stage["kernels"] and all(stage["kernels"]))
        self.assertEqual(sum(stage["macs"] for stage in model["stages"]), model["macs-full"])
        self.assertEqual([stage["exit"] for stage in model["stages"]],
                         [f"exit_{i}" for i in range(N_EXITS)] + [None])
        self.assertEqual([stage["threshold"] for stage in model["stages"][:-1]],
                         [float(t) for t in THRESHOLDS.split(b",")])
        self.assertIsNone(model["stages"][-1]["threshold"])

    def test_text(self):
        text = self.succeed("inspect", MODEL)
        self.assertIn(MODEL_ID, text)
        self.assertIn("airplane, automobile", text)
        self.assertIn("125.5 M", text)

    def test_labels_from_a_file(self):
        names = [f"class {i}" for i in range(10)]
        labels = self.file("labels.txt", "\n".join(names).encode())
        model, = self.succeed_json("inspect", MODEL, "--labels", labels)
        self.assertEqual(model["labels"], names)


class Classify(CliTest):
    def check(self, result, path):
        self.assertEqual(list(result)[:1 + len(RESULT_KEYS)], ["image"] + RESULT_KEYS)
        self.assertEqual(result["image"], str(path))
        self.assertEqual(result["label"], LABELS[result["class-index"]])
        self.assertEqual(result["confidence"], result["survivor-scores"][0])
        self.assertEqual(result["survivors"][0], result["class-index"])
        self.assertEqual(result["survivor-labels"], [LABELS[i] for i in result["survivors"]])
        self.assertEqual(len(result["survivor-scores"]), len(result["survivors"]))
        self.assertEqual(len(result["survivors-per-stage"]), result["exit-stage"] + 1)
        self.assertEqual(result["stage-count"], N_EXITS + 1)
        self.assertEqual(result["stop-reason"],
                         "final" if result["exit-stage"] == N_EXITS else "single-class")
        self.assertLessEqual(result["macs"], result["macs-full"])
        self.assertGreater(result["latency-ns"], 0)
        self.assertEqual(result["model-id"], MODEL_ID)
        self.assertIsNone(result["pts"])
        self.assertIsNone(result["time"])
        self.assertEqual((result["age-ns"], result["watched"]), (0, -1))
        self.assertEqual(result["survivor-count"], len(result["survivors"]))

    def test_json(self):
        paths = sorted(SAMPLE.glob("*/*.jpg"))
        self.assertEqual(len(paths), 40)
        results = self.succeed_json("classify", MODEL, *paths)
        for result, path in zip(results, paths, strict=True):
            self.check(result, path)
        right = sum(result["label"] == path.parent.name for result, path in zip(results, paths))
        self.assertGreaterEqual(right, 30)  # 40 pictures, 87 % on the whole test set

    def test_one_aligned_line_each(self):
        paths = sorted(SAMPLE.glob("*/0000.jpg"))
        lines = self.succeed("classify", MODEL, *paths).splitlines()
        self.assertEqual(len(lines), len(paths))
        self.assertEqual(len({line.index(" exit ") for line in lines}), 1)
        self.assertEqual(len({line.index(" saved ") for line in lines}), 1)

    def test_bad_images_do_not_stop_the_others(self):
        text = self.file("text.jpg", b"no picture")
        result = winnow("classify", MODEL, text, CAT, self.folder / "none.png", CAT, self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stdout.splitlines()), 2)
        errors = result.stderr.splitlines(keepends=True)
        self.assertEqual(len(errors), 3)
        for line, word in zip(errors, ["text.jpg", "none.png", str(self.folder)]):
            self.assert_one_line(line, word)

    def test_png_ppm_and_names_that_are_not_utf8(self):
        rows = [bytes(v for x in range(40) for v in (6 * x, 5 * y, 128)) for y in range(40)]
        ppm = self.file("ramp.ppm", b"P6 40 40 255\n" + b"".join(rows))
        png = self.file("ramp.png", png_bytes(40, 40, rows, 2))
        alpha = [bytes(v for x in range(40) for v in (*row[3 * x:3 * x + 3], x)) for row in rows]
        rgba = self.file("ramp-rgba.png", png_bytes(40, 40, alpha, 6))
        first, second, third = self.succeed_json("classify", MODEL, ppm, png, rgba)
        for key in RESULT_KEYS:
            if key != "latency-ns":
                self.assertEqual(first[key], second[key], key)
                self.assertEqual(first[key], third[key], key)  # alpha is ignored
        odd = os.fsencode(self.folder) + b"/\xff\x1b.ppm"
        shutil.copyfile(ppm, odd)
        output = subprocess.run([WINNOW, "classify", str(MODEL), odd, "--json"], check=True,
                                capture_output=True).stdout
        output.decode("utf-8")
        output = subprocess.run([WINNOW, "classify", str(MODEL), odd], check=True,
                                capture_output=True).stdout
        self.assertNotIn(b"\x1b", output)

    def test_orientation(self):
        data = CAT.read_bytes()
        # An APP1 segment that says "turned by 180 degrees", right after the start marker.
        tiff = (b"MM\0*\0\0\0\x08" + b"\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x03\0\0" +
                b"\0\0\0\0")
        exif = b"Exif\0\0" + tiff
        turned = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
        upright, upside_down = self.succeed_json("classify", MODEL, CAT,
                                                 self.file("turned.jpg", turned))
        self.assertNotEqual(upright["survivor-scores"], upside_down["survivor-scores"])

    def test_strategy_none_runs_to_the_end(self):
        result, = self.succeed_json("classify", MODEL, CAT, "--strategy", "none")
        self.assertEqual((result["exit-stage"], result["stop-reason"]), (N_EXITS, "final"))
        self.assertEqual(sorted(result["survivors"]), list(range(10)))
        self.assertLess(result["macs"], result["macs-full"])  # no heads

    def test_strategy_confidence(self):
        result, = self.succeed_json("classify", MODEL, CAT, "--strategy", "confidence",
                                    "--thresholds", for_each_exit(0))
        self.assertEqual(result["exit-stage"], N_EXITS)  # every class exceeds 0, not exactly one
        result, = self.succeed_json("classify", MODEL, CAT, "--strategy", "entropy",
                                    "--thresholds", for_each_exit(9))
        self.assertEqual((result["exit-stage"], result["stop-reason"]), (0, "confident"))

    def test_thresholds_and_scale(self):
        keep, = self.succeed_json("classify", MODEL, CAT, "--thresholds", for_each_exit(0))
        self.assertEqual(keep["survivors-per-stage"], [10] * (N_EXITS + 1))
        self.assertEqual(keep["stop-reason"], "final")
        early, = self.succeed_json("classify", MODEL, CAT, "--threshold-scale", "1000")
        plain, = self.succeed_json("classify", MODEL, CAT)
        self.assertLessEqual(early["exit-stage"], plain["exit-stage"])
        self.assertLessEqual(early["survivors-per-stage"][0], plain["survivors-per-stage"][0])

    def test_watch_and_group(self):
        ship = SAMPLE / "ship" / "0001.jpg"
        watched, = self.succeed_json("classify", MODEL, CAT, "--watch", "airplane,ship")
        self.assertIn(watched["stop-reason"], ("watch", "single-class"))
        self.assertNotIn(watched["label"], ("airplane", "ship"))
        self.assertFalse({"airplane", "ship"} & set(watched["survivor-labels"]))
        group, = self.succeed_json("classify", MODEL, CAT, "--watch", "vehicle")
        labels, = self.succeed_json("classify", MODEL, CAT, "--watch", "ship,truck,airplane,1")
        self.assertEqual({**group, "latency-ns": 0}, {**labels, "latency-ns": 0})
        by_index, = self.succeed_json("classify", MODEL, CAT, "--watch", "0,8")
        self.assertEqual(by_index["survivors"], watched["survivors"])
        grouped, = self.succeed_json("classify", MODEL, ship, "--group-exit", "--thresholds",
                                     for_each_exit(0.001))
        if grouped["stop-reason"] == "group":
            self.assertEqual(grouped["group"], "vehicle")
            self.assertLessEqual(set(grouped["survivor-labels"]),
                                 {"airplane", "automobile", "ship", "truck"})
        self.assertIn(grouped["stop-reason"], ("group", "single-class"))

    def test_a_label_wins_over_a_group_and_says_so(self):
        names = ["animal", *LABELS[1:]]
        file = self.file("names.txt", "\n".join(names).encode())
        result = winnow("classify", MODEL, CAT, "--labels", file, "--watch", "animal", "--json")
        self.assertEqual(result.returncode, 0)
        self.assert_one_line(result.stderr, ["'animal' is a label and a group"])
        wanted, = self.succeed_json("classify", MODEL, CAT, "--watch", "airplane")
        self.assertIn(f'"survivors":{wanted["survivors"]}'.replace(" ", ""), result.stdout)

    def test_deadline_already_past(self):
        # One nanosecond has passed when stage 0, which always runs, is done.
        result, = self.succeed_json("classify", MODEL, CAT, "--deadline-ms", "0.000001",
                                    "--thresholds", for_each_exit(0))
        self.assertEqual((result["exit-stage"], result["stop-reason"]), (0, "deadline"))
        result, = self.succeed_json("classify", MODEL, CAT, "--deadline-ms", "1e-9",  # not 0: none
                                    "--strategy", "none")
        self.assertEqual((result["exit-stage"], result["stop-reason"]), (0, "deadline"))

    def test_threads_and_cpu_mask_do_not_change_the_answer(self):
        command = ("classify", MODEL, CAT, "--precision", "fp32")
        plain, = self.succeed_json(*command)
        for options in (["--threads", "1"], ["--threads", "3"], ["--threads", "-1"],
                        ["--cpu-mask", "none"], ["--cpu-mask", "all"]):
            other, = self.succeed_json(*command, *options)
            self.assertEqual(other["survivors-per-stage"], plain["survivors-per-stage"], options)
            self.assertAlmostEqual(other["confidence"], plain["confidence"], places=4)


class Run(CliTest):
    def run_model(self, data, *options):
        tensor = self.file("x.npy", data)
        return winnow("run", MODEL, "--input", tensor, "--output-dir", self.folder / "new" / "out",
                      *options)

    def test_every_output_is_written(self):
        names = [f"exit_{i}" for i in range(N_EXITS)] + ["logits"]
        for version in (1, 2, 3):
            result = self.run_model(npy((1, 3, 32, 32), [0.5] * 3072, version=version))
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(sorted(path.name for path in (self.folder / "new" / "out").iterdir()),
                             [name + ".npy" for name in names])
            for name in names:
                shape, values = read_npy(self.folder / "new" / "out" / (name + ".npy"))
                self.assertEqual(shape, (1, 10))
                self.assertTrue(any(values))
            shutil.rmtree(self.folder / "new")

    def test_output_folder_defaults_to_the_current_one(self):
        tensor = self.file("x.npy", npy((1, 3, 32, 32)))
        subprocess.run([WINNOW, "run", str(MODEL), "--input", tensor], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL)
        self.assertTrue((self.folder / "logits.npy").is_file())

    def test_names_become_safe(self):
        data = MODEL.read_bytes().replace(b"logits", b"lo/ it")
        model = self.file("names.onnx", data)
        tensor = self.file("x.npy", npy((1, 3, 32, 32)))
        self.succeed("run", model, "--input", tensor, "--output-dir", self.folder)
        self.assertTrue((self.folder / "lo__it.npy").is_file())

    def test_wrong_tensors(self):
        good = npy((1, 3, 32, 32))
        for data, says in [
                (npy((1, 3, 32, 32), descr="<f8"), "shorter or longer"),
                (npy((1, 3, 32, 32), descr=">f4"), "little-endian"),
                (npy((1, 3, 32, 32), order="True"), "C order"),
                (npy((3, 32, 32)), "3x32x32"),
                (npy((1, 3, 32, 31)), "1x3x32x31"),
                (npy((2, 3, 32, 32)), "2x3x32x32"),
                (npy(()), "scalar"),
                (npy((1,) * 7), "damaged"),
                (good[:-4], "shorter or longer"),
                (good + b"\0", "shorter or longer"),
                (npy((2 ** 40, 2 ** 40), []), "damaged"),
                (good[:9], "not a .npy"),
                (good[:40], "not a .npy"),
                (b"", "not a .npy"),
                (good.replace(b"NUMPY", b"NUMPI"), "not a .npy"),
                (good.replace(b"shape", b"shaqe"), "damaged"),
        ]:
            with self.subTest(says=says):
                result = self.run_model(data)
                self.assertEqual(result.returncode, 1)
                self.assert_one_line(result.stderr, ["x.npy", says])

    def test_missing_input_and_bad_folder(self):
        self.expect_failure(1, "run", MODEL, "--input", self.folder / "none.npy", says="none.npy")
        tensor = self.file("x.npy", npy((1, 3, 32, 32)))
        self.expect_failure(1, "run", MODEL, "--input", tensor, "--output-dir", tensor,
                            says="x.npy")


class Eval(CliTest):
    def test_json(self):
        report, = self.succeed_json("eval", MODEL, SAMPLE)
        self.assertEqual(list(report), ["images", "accuracy", "accuracy-full", "macs-mean",
                                        "macs-full", "mac-reduction", "rejected", "exits",
                                        "survivors-per-stage", "thresholds", "strategy",
                                        "per-class"])
        results = self.succeed_json("classify", MODEL, *sorted(SAMPLE.glob("*/*.jpg")))
        truth = [path.parent.name for path in sorted(SAMPLE.glob("*/*.jpg"))]
        self.assertEqual(report["images"], 40)
        self.assertEqual(report["strategy"], "class-exclusion")
        self.assertEqual(len(report["thresholds"]), N_EXITS)
        right = sum(r["label"] == t for r, t in zip(results, truth))
        self.assertAlmostEqual(report["accuracy"], right / 40)
        macs = sum(r["macs"] for r in results) / 40
        self.assertAlmostEqual(report["macs-mean"], macs, delta=1)
        self.assertAlmostEqual(report["mac-reduction"], 1 - macs / report["macs-full"])
        exits = [sum(r["exit-stage"] == i for r in results) for i in range(N_EXITS + 1)]
        self.assertEqual(report["exits"], exits)
        for stage, mean in enumerate(report["survivors-per-stage"]):
            left = [r["survivors-per-stage"][stage] for r in results if r["exit-stage"] >= stage]
            if left:
                self.assertAlmostEqual(mean, sum(left) / len(left))
            else:
                self.assertIsNone(mean)
        full = self.succeed_json("classify", MODEL, "--strategy", "none",
                                 *sorted(SAMPLE.glob("*/*.jpg")))
        right = sum(r["label"] == t for r, t in zip(full, truth))
        self.assertAlmostEqual(report["accuracy-full"], right / 40)
        self.check_classes(report["per-class"], results, truth)

    def check_classes(self, classes, results, truth):
        self.assertEqual([entry["label"] for entry in classes], LABELS)
        for entry in classes:
            self.assertEqual(list(entry), ["label", "images", "accuracy", "macs-mean", "exits",
                                           "survivors-per-stage"])
            own = [r for r, t in zip(results, truth) if t == entry["label"]]
            self.assertEqual(entry["images"], len(own))
            self.assertAlmostEqual(entry["accuracy"],
                                   sum(r["label"] == entry["label"] for r in own) / len(own))
            self.assertAlmostEqual(entry["macs-mean"], sum(r["macs"] for r in own) / len(own),
                                   delta=1)
            self.assertEqual(sum(entry["exits"]), len(own))

    def test_strategy_none(self):
        report, = self.succeed_json("eval", MODEL, SAMPLE, "--strategy", "none")
        self.assertEqual(report["accuracy"], report["accuracy-full"])
        self.assertEqual(report["exits"], [0] * N_EXITS + [40])
        self.assertEqual(report["thresholds"], [None] * N_EXITS)

    def test_text_and_silence_without_a_terminal(self):
        text = self.succeed("eval", MODEL, SAMPLE)  # expects that stderr is empty
        self.assertIn("class-exclusion", text)
        self.assertIn("40 images", text)
        for label in LABELS:
            self.assertIn(f"\n{label} ", text)

    def test_bar_on_a_terminal(self):
        _, printed, drawn = on_terminal("eval", MODEL, SAMPLE, "--json")
        self.assertEqual(printed[:1], b"{")
        self.assertIn(b"/40 images", drawn)
        self.assertTrue(drawn.endswith(b"\r\033[K"), drawn[-20:])

    def test_compare(self):
        report, = self.succeed_json("eval", MODEL, SAMPLE, "--compare", MODEL)
        other = report["compare"]
        self.assertEqual(list(other), ["model-id", "accuracy", "accuracy-full", "macs-mean",
                                       "macs-full", "mac-reduction", "same-class", "same-exit"])
        self.assertEqual((other["same-class"], other["same-exit"]), (1, 1))
        self.assertEqual(other["accuracy"], report["accuracy"])
        never = self.edited_model(THRESHOLDS, re.sub(rb"[\d]", b"0", THRESHOLDS))
        report, = self.succeed_json("eval", MODEL, SAMPLE, "--compare", never)
        self.assertAlmostEqual(report["compare"]["same-exit"], report["exits"][-1] / 40)
        self.assertLess(report["compare"]["same-exit"], 1)
        self.assertIn("agreement", self.succeed("eval", MODEL, SAMPLE, "--compare", never))

    def test_compare_needs_equal_labels(self):
        other = self.file("other.onnx", MODEL.read_bytes().replace(b"automobile", b"automobilx"))
        self.expect_failure(1, "eval", MODEL, SAMPLE, "--compare", other, says="labels")

    def test_bad_datasets(self):
        data = self.folder / "data"
        self.expect_failure(1, "eval", MODEL, data, says=data)
        data.mkdir()
        self.expect_failure(1, "eval", MODEL, data, says="no images")
        (data / "cat").mkdir()
        shutil.copy(CAT, data / "cat")
        (data / "README.txt").write_text("files beside the class folders are skipped")
        report, = self.succeed_json("eval", MODEL, data)
        self.assertEqual(report["images"], 1)
        empty = report["per-class"][0]
        self.assertEqual((empty["images"], empty["accuracy"], empty["macs-mean"]), (0, None, None))
        (data / "unicorn").mkdir()
        self.expect_failure(1, "eval", MODEL, data, says="unicorn")
        (data / "unicorn").rmdir()
        (data / "cat" / CAT.name).write_bytes(b"")
        self.expect_failure(1, "eval", MODEL, data, says=CAT.name)

    def test_a_folder_that_two_labels_name(self):
        labels = [*LABELS]
        labels[5] = labels[3]  # two classes are called cat
        names = self.file("labels.txt", "\n".join(labels).encode())
        data = self.folder / "data"
        (data / "frog").mkdir(parents=True)
        shutil.copy(CAT, data / "frog")
        report, = self.succeed_json("eval", MODEL, data, "--labels", names)
        self.assertEqual(report["images"], 1)  # no picture is of either class
        (data / "cat").mkdir()
        shutil.copy(CAT, data / "cat")
        self.expect_failure(1, "eval", MODEL, data, "--labels", names,
                            says=("cat", "3", "5", "--labels"))


class Bench(CliTest):
    def bench(self, *options):
        report, = self.succeed_json("bench", MODEL, "--frames", "5", *options)
        return report

    def test_json(self):
        report = self.bench("--threads", "1")
        self.assertEqual(list(report), ["precision", "threads", "instruction-sets", "exits",
                                        "latency-median", "latency-min", "latency-p95",
                                        "load-time", "macs-per-second", "weight-bytes",
                                        "arena-bytes", "peak-rss-bytes", "rss-growth-bytes",
                                        "stages"])
        self.assertEqual((report["threads"], report["exits"]), (1, "on"))
        masked = self.bench("--cpu-mask", "none")
        self.assertEqual(masked["instruction-sets"], "")
        self.assertLessEqual(report["latency-min"], report["latency-median"])
        self.assertLessEqual(report["latency-median"], report["latency-p95"])
        self.assertLess(report["rss-growth-bytes"], report["peak-rss-bytes"])
        self.assertGreater(report["rss-growth-bytes"], report["weight-bytes"])
        self.assertGreater(report["weight-bytes"], 1e6)
        self.assertGreater(report["peak-rss-bytes"], report["arena-bytes"])
        self.assertGreater(report["load-time"], 0)
        self.assertEqual([list(stage) for stage in report["stages"]],
                         [["index", "latency-median"]] * (N_EXITS + 1))
        self.assertAlmostEqual(report["macs-per-second"] * report["latency-median"] / 1e9 / 1e6,
                               125.49, delta=0.01)

    def test_exits_off_leaves_the_heads_out(self):
        off = self.bench("--exits", "off")
        self.assertEqual(off["exits"], "off")
        macs = off["macs-per-second"] * off["latency-median"] / 1e9
        plain, = self.succeed_json("classify", MODEL, CAT, "--strategy", "none")
        self.assertAlmostEqual(macs, plain["macs"], delta=10)

    def test_input(self):
        self.bench("--input", self.file("x.npy", npy((1, 3, 32, 32))))
        self.expect_failure(1, "bench", MODEL, "--input", self.file("y.npy", npy((3, 32, 32))),
                            says=["y.npy", "3x32x32"])
        self.expect_failure(1, "bench", MODEL, "--input", self.folder / "none.npy", says="none.npy")

    def test_layers(self):
        report = self.bench("--threads", "1", "--layers")
        layers = report["layers"]
        inspected = self.succeed("inspect", MODEL)
        for layer in layers:
            self.assertIn(layer["name"][:20], inspected)
        self.assertAlmostEqual(sum(layer["share-of-time"] for layer in layers), 1)
        self.assertAlmostEqual(sum(layer["macs"] for layer in layers) / 1e6, 125.49, delta=0.01)
        for layer in layers:
            self.assertGreater(layer["latency-median"], 0)
            self.assertGreater(layer["bytes"], 0)
            self.assertEqual("share-of-peak" in layer, layer["macs"] > 0)
        largest = max(layers, key=lambda layer: layer["macs"])
        self.assertTrue(0.01 < largest["share-of-peak"] < 10, largest)
        off = self.bench("--layers", "--exits", "off")["layers"]
        for with_heads, without in zip(layers, off):
            self.assertEqual(without["latency-median"] == 0, with_heads["head"])
        self.assertNotIn("layers", self.bench())

    def test_text(self):
        text = self.succeed("bench", MODEL, "--frames", "3", "--layers")
        self.assertRegex(text, r"stage +layer .* of peak +bytes +kernel\n0 +")
        text = self.succeed("bench", MODEL, "--frames", "3")
        self.assertNotIn("of peak", text)
        self.assertIn(", 3 frames", text)
        self.assertIn("MAC/s", text)


if __name__ == "__main__":
    unittest.main()
