# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnow-camera takes another model while frames flow.  env CAMERA: the program, SWAPS: how many
times in the long run, 30 without; from 200 on its memory is watched, too.
"""
import contextlib
import importlib.util
import itertools
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from support import MODEL, ROOT, WINNOW, CliTest, winnow  # pylint: disable=C0413

CAMERA = os.environ["CAMERA"]
SWAPS = int(os.environ.get("SWAPS", "30"))
PERSON = ROOT / "models" / "person.onnx"
PATIENCE = 60  # seconds; only a hang takes so long
LIMIT_KB = 1024  # what the allocator may hold back from the first 100 swaps to the last
HEADER = b"YUV4MPEG2 W64 H48 F1000:1\n"

specification = importlib.util.spec_from_file_location(
    "reader", ROOT / "apps" / "examples" / "reader.py")
reader = importlib.util.module_from_spec(specification)
specification.loader.exec_module(reader)


def crc(path):
    return f"{zlib.crc32(path.read_bytes()):08x}"


def facts(path):
    """What results of this model must say: {labels, stage-count, macs-full}."""
    told = json.loads(winnow("inspect", path, "--json", "--all-labels").stdout)
    return set(told["labels"]), len(told["stages"]), told["macs-full"]


def setUpModule():
    """Who starts the tests with nohup has the signal ignored, also by what they start."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Reload(CliTest):
    program = CAMERA

    def setUp(self):
        super().setUp()
        self.model = self.folder / "model.onnx"
        self.socket = str(self.folder / "channel")
        self.errors = []

    def put(self, source, name="model.onnx"):
        """The file of that name is another one from now on, whole at any time."""
        copy = self.folder / "copy"
        shutil.copyfile(source, copy)
        os.replace(copy, self.folder / name)
        return self.folder / name

    def start(self, *options, rate=0, **keywords):
        """The camera, with frames at `rate` a second, or as fast as it takes them, until stop()."""
        camera = subprocess.Popen([CAMERA, "--input", "-", "--json", *map(str, options)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, **keywords)
        self.stopped = threading.Event()
        self.n_fed = 0

        def feed():
            with contextlib.suppress(BrokenPipeError), camera.stdin:  # it ended by a signal
                camera.stdin.write(HEADER)
                while not self.stopped.is_set():
                    grey = self.n_fed * 37 % 256
                    camera.stdin.write(b"FRAME\n" + bytes([grey]) * 3072 + bytes([128]) * 1536)
                    camera.stdin.flush()
                    self.n_fed += 1
                    if rate:
                        time.sleep(1 / rate)

        def listen():
            for line in camera.stderr:
                self.errors.append(line.decode().rstrip("\n"))

        self.threads = [threading.Thread(target=feed), threading.Thread(target=listen)]
        for thread in self.threads:
            thread.start()
        for stream in (camera.stdout, camera.stderr):
            self.addCleanup(stream.close)
        for step in (*(thread.join for thread in self.threads), camera.wait, camera.kill,
                     self.stopped.set):
            self.addCleanup(step)
        self.camera = camera
        self.n_lines = 0
        return camera

    def next_result(self):
        result = json.loads(self.camera.stdout.readline())
        self.assertEqual(result["pts"], self.n_lines * 10**6, "a frame was lost")
        self.n_lines += 1
        return result

    def results_until(self, ending, n_more=0):
        """The results up to the first whose model-id ends so, and n_more behind it."""
        end, seen = time.monotonic() + PATIENCE, [self.next_result()]
        while not seen[-1]["model-id"].endswith(ending):
            self.assertLess(time.monotonic(), end, (ending, self.errors))
            seen.append(self.next_result())
        return seen + [self.next_result() for _ in range(n_more)]

    def told(self, text):
        """Waits for a line on standard error while frames go on, and gives it."""
        end = time.monotonic() + PATIENCE
        while not (found := [line for line in self.errors if text in line]):
            self.assertLess(time.monotonic(), end, (text, self.errors))
            self.next_result()
        return found[0]

    def stop(self):
        """Ends the input; everything that was fed has come out."""
        self.stopped.set()
        lines = self.camera.stdout.read().splitlines()
        self.assertEqual(self.camera.wait(PATIENCE), 0, self.errors)
        for thread in self.threads:
            thread.join()
        self.assertEqual(self.n_lines + len(lines), self.n_fed)
        self.assertRegex(self.errors[-1], f" {self.n_fed} frames in .* 0 missed, 0 damaged")

    def resident_kb(self):
        status = pathlib.Path(f"/proc/{self.camera.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def least_resident_kb(self):
        """Within a moment, which an old model takes to go."""
        least = self.resident_kb()
        for _ in range(5):
            time.sleep(0.01)
            least = min(least, self.resident_kb())
        return least

    def test_many_times(self):
        """Two models in turn under frames that come as fast as they are taken."""
        models = (MODEL, PERSON)
        known = {crc(path): facts(path) for path in models}
        kept = [self.put(path, f"{i}.onnx") for i, path in enumerate(models)]
        self.put(models[0])
        self.start("--model", self.model, "--threads", 1)
        self.results_until(crc(models[0]))
        memory = []  # behind each
        for swap in range(1, SWAPS + 1):
            copy = self.folder / "link"
            os.link(kept[swap % 2], copy)
            os.replace(copy, self.model)
            self.camera.send_signal(signal.SIGHUP)
            for result in self.results_until(crc(models[swap % 2]), 2):
                labels, n_stages, macs = known[result["model-id"].split("@")[1]]
                self.assertLessEqual(set(result["survivor-labels"]), labels)
                self.assertEqual((result["stage-count"], result["macs-full"]), (n_stages, macs))
            memory.append(self.least_resident_kb() if SWAPS >= 200 else 0)
        self.stop()
        if SWAPS >= 200:
            early, late = min(memory[80:100]), min(memory[-20:])
            print(f"{SWAPS} models, {self.n_fed} frames, none lost; {early} kB after 100, "
                  f"{late} kB after all")
            self.assertLess(late, early + LIMIT_KB)
        self.assertEqual(len([line for line in self.errors if "the model is now" in line]), SWAPS)

    def test_bad_files_change_nothing(self):
        self.put(MODEL)
        data = MODEL.read_bytes()
        self.start("--model", self.model, "--watch", "cat", "--thresholds", ",".join(["0.1"] * 8))
        self.results_until(crc(MODEL))
        for number, (says, change) in enumerate({
                "No such file": self.model.unlink,
                "no ONNX": lambda: self.model.write_bytes(b"no model at all"),
                "model.onnx'": lambda: self.model.write_bytes(data[:len(data) // 2]),
                "is not finite": lambda: self.model.write_bytes(
                    data[:48000] + b"\xff" * 256 + data[48256:]),
                "is no label": lambda: self.put(PERSON)}.items()):
            with self.subTest(says=says):
                change()
                self.errors.clear()
                self.camera.send_signal(signal.SIGHUP)
                line = self.told("the present model stays")
                self.assertIn("model.onnx", line)
                self.assertLess(len(self.errors), 2, number)
                self.assertTrue(self.next_result()["model-id"].endswith(crc(MODEL)))
        self.errors.clear()
        self.put(MODEL)
        self.camera.send_signal(signal.SIGHUP)
        self.told("the model is now")
        self.stop()

    def test_configuration_names_another(self):
        first, second = self.put(MODEL, "first.onnx"), self.put(PERSON, "second.onnx")
        config = self.file("camera.ini", f"[camera]\nmodel = {first}\n".encode())
        self.start("--config", config)
        self.results_until(crc(MODEL))
        config.write_text(f"[camera]\nmodel = {second}\nunchanged = 3\n", encoding="ascii")
        self.camera.send_signal(signal.SIGHUP)
        self.assertEqual(self.results_until(crc(PERSON))[-1]["model-id"], f"second@{crc(PERSON)}")
        for text, says in (("[camera]\n", "names no model"), ("nonsense\n", "camera.ini")):
            config.write_text(text, encoding="ascii")
            self.errors.clear()
            self.camera.send_signal(signal.SIGHUP)
            self.told(says)
        self.assertTrue(self.next_result()["model-id"].endswith(crc(PERSON)))
        self.stop()

    def test_command_line_comes_first(self):
        config = self.file("camera.ini", f"[camera]\nmodel = {PERSON}\n".encode())
        self.start("--config", config, "--model", self.put(MODEL))
        self.results_until(crc(MODEL))
        self.camera.send_signal(signal.SIGHUP)
        self.assertIn("model.onnx: the model is now model@" + crc(MODEL),
                      self.told("the model is now"))
        self.stop()

    def test_readers_follow(self):
        """The description is never of the model before."""
        self.put(MODEL)
        self.start("--model", self.model, "--socket", self.socket, rate=200)
        self.results_until(crc(MODEL))
        monitor = subprocess.Popen([WINNOW, "monitor", self.socket, "--json"],
                                   stdout=subprocess.PIPE, text=True)
        for step in (monitor.stdout.close, monitor.wait, monitor.kill):
            self.addCleanup(step)
        known = {crc(path): facts(path)[0] for path in (MODEL, PERSON)}
        drainer = threading.Thread(target=self.camera.stdout.read)  # what is printed is taken
        drainer.start()
        channel = reader.Channel(self.socket)
        self.addCleanup(channel.socket.close)
        before = crc(MODEL)
        for path in (PERSON, MODEL, PERSON):
            self.put(path)
            self.camera.send_signal(signal.SIGHUP)
            for _, _, _, results in itertools.islice(channel, 2000):
                about = channel.description()
                model_id = results[0]["model-id"].split("@")[1]
                if about is None:
                    continue
                self.assertIn(about["model-id"].split("@")[1], (model_id, crc(path)))
                self.assertIn(model_id, (before, crc(path)))
                self.assertEqual(set(about["labels"]), known[about["model-id"].split("@")[1]])
                self.assertLessEqual(set(results[0]["survivor-labels"]), known[model_id])
                if model_id == crc(path):
                    self.assertGreater(about["window"]["w"], 0)
                    break
            else:
                self.fail(self.errors)
            before = crc(path)
        end = time.monotonic() + PATIENCE
        while True:
            line = json.loads(monitor.stdout.readline())
            if line["model-id"].endswith(before):
                break
            self.assertLess(time.monotonic(), end)
        self.assertLessEqual(set(line["survivor-labels"]), known[before])
        self.camera.send_signal(signal.SIGTERM)
        self.assertEqual(self.camera.wait(PATIENCE), 0)
        drainer.join()

    def test_closed_terminal_ends_it(self):
        """As before there were models to reload: the hang-up is the system's, not somebody's."""
        clip = self.file("clip.y4m", b"YUV4MPEG2 W64 H48 F5:1\n" + 100 * (b"FRAME\n" + bytes(4608)))
        child, master = pty.fork()
        if child == 0:
            os.execv(CAMERA, [CAMERA, "--model", str(MODEL), "--socket", self.socket,
                              "--input", str(clip)])
        drawn = b""
        while b"frames/s" not in drawn:
            drawn += os.read(master, 4096)
        os.close(master)
        end = time.monotonic() + 15  # the clip is longer
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
