# SPDX-License-Identifier: LGPL-2.1-or-later
"""What commands write: files that are there already, links, pipes, disks that are full."""
import json
import os
import resource
import shutil
import signal
import subprocess
import unittest

from support import CAT, MODEL, ROOT, SAMPLE, WINNOW, FewImagesTest, npy, winnow

PATIENCE = 120
LIMIT = 1000  # bytes
SMALL = ROOT / "tests" / "data" / "cascade"


def limited():
    """A process that may write little; the signal for it has its default action, the end."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


class Outputs(FewImagesTest):
    def commands(self):
        """Each that has -o, without what follows it."""
        yield "tune", MODEL, self.few, "--max-accuracy-drop", "1"
        yield "quantize", MODEL, self.few, "--images", 1
        yield "adopt", MODEL, "--preset", "none"
        cascade = sorted(SMALL.glob("*.onnx"))[:2]
        yield ("join", *cascade)

    def test_a_file_that_is_there(self):
        """Keeps its mode; a link to it stays one; nothing lies beside it afterwards."""
        target, link = self.folder / "target.onnx", self.folder / "link.onnx"
        link.symlink_to("target.onnx")
        for command in self.commands():
            with self.subTest(command=command[0]):
                target.write_bytes(b"old")
                target.chmod(0o604)
                done = winnow(*command, "-o", link)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(target.stat().st_mode & 0o7777, 0o604)
                self.assertTrue(link.is_symlink())
                self.assertEqual(winnow("inspect", target).returncode, 0)
                for path in self.folder.glob("*.modelinfo"):
                    path.unlink()
                self.assertEqual(sorted(os.listdir(self.folder)), ["link.onnx", "target.onnx"])

    def test_standard_output(self):
        """The model alone goes there; what is told goes to stderr."""
        model = self.folder / "model.onnx"
        for command in self.commands():
            for name in ("/dev/stdout", "/dev/fd/1"):
                with self.subTest(command=command[0], name=name):
                    done = subprocess.run([WINNOW, *map(str, command), "-o", name],
                                          capture_output=True, check=False, timeout=PATIENCE)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    model.write_bytes(done.stdout)
                    self.assertEqual(winnow("inspect", model).returncode, 0)
        with model.open("wb") as file:  # a file of the shell
            done = subprocess.run([WINNOW, "tune", MODEL, self.few, "--max-accuracy-drop", "1",
                                   "-o", "/dev/stdout"], stdout=file, stderr=subprocess.PIPE,
                                  check=False, timeout=PATIENCE)
        self.assertIn(b"accuracy", done.stderr)
        self.assertEqual(winnow("inspect", model).returncode, 0)

    def test_null_and_fifo(self):
        fifo, model = self.folder / "fifo", self.folder / "model.onnx"
        os.mkfifo(fifo)
        for command in self.commands():
            with self.subTest(command=command[0]):
                self.succeed(*command, "-o", "/dev/null")
                with subprocess.Popen([WINNOW, *map(str, command), "-o", fifo],
                                      stdout=subprocess.DEVNULL) as process:
                    model.write_bytes(fifo.read_bytes())
                    self.assertEqual(process.wait(PATIENCE), 0)
                self.assertEqual(winnow("inspect", model).returncode, 0)
        self.assertTrue(os.path.exists("/dev/null") and not os.path.isfile("/dev/null"))

    def test_fifo_without_reader(self):
        """It waits, and a signal ends that."""
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        for number in (signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen([WINNOW, "adopt", MODEL, "--preset", "none", "-o", fifo],
                                  preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
                                  ) as process:
                with self.assertRaises(subprocess.TimeoutExpired):
                    process.wait(1)
                process.send_signal(number)
                self.assertEqual(process.wait(PATIENCE), -number)

    def test_no_room(self):
        """A file that would be too large for the process: an error, and the old file stays."""
        out = self.folder / "out.onnx"
        for command in self.commands():
            with self.subTest(command=command[0]):
                out.write_bytes(b"old")
                done = winnow(*command, "-o", out, preexec_fn=limited)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(f"cannot write '{out}': File too large", done.stderr)
                self.assertEqual(out.read_bytes(), b"old")
                self.assertEqual(os.listdir(self.folder), ["out.onnx"])

    def test_no_room_for_others(self):
        tensor = self.file("x.npy", npy([1, 3, 32, 32]))
        for command in (["tune", MODEL, self.few, "--curve", self.folder / "c.png"],
                        ["run", MODEL, "--input", tensor, "--output-dir", self.folder / "out"]):
            with self.subTest(command=command[0]):
                def almost_nothing():
                    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
                done = winnow(*command, preexec_fn=almost_nothing)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("File too large", done.stderr)
                left = [name for _, _, names in os.walk(self.folder) for name in names]
                self.assertEqual(left, ["x.npy"])

    def test_whole_lines(self):
        """A file that is full has no half of a line."""
        lines = self.folder / "lines"
        with lines.open("wb") as file:
            done = subprocess.run([WINNOW, "classify", MODEL, "--json", *[CAT] * 20], stdout=file,
                                  stderr=subprocess.PIPE, text=True, check=False,
                                  preexec_fn=limited, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, "standard output: File too large")
        text = lines.read_text()
        self.assertTrue(text.endswith("\n"))
        self.assertGreaterEqual(len([json.loads(line) for line in text.splitlines()]), 1)
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([WINNOW, "classify", MODEL, "--json", CAT], stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, "standard output: No space left on device")

    @unittest.skipUnless("CAMERA" in os.environ, "winnow-camera is not built")
    def test_camera(self):
        """Its shared memory counts as a file: an error, no signal; and its lines are whole."""
        camera = [os.environ["CAMERA"], "--model", MODEL, "--input", SAMPLE, "--fps", "1000"]
        done = subprocess.run([*map(str, camera), "--socket", self.folder / "socket"],
                              capture_output=True, text=True, check=False, preexec_fn=limited,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("File too large", done.stderr)
        lines = self.folder / "lines"
        with lines.open("wb") as file:
            done = subprocess.run([*map(str, camera), "--json"], stdout=file,
                                  stderr=subprocess.PIPE, text=True, check=False,
                                  preexec_fn=limited, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output: File too large", done.stderr)
        self.assertTrue(lines.read_text().endswith("}\n"))

    @unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
    def test_small_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk],
                                 check=False, stderr=subprocess.DEVNULL)
        if mounted.returncode != 0:
            self.skipTest("this root may not mount")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        out = disk / "out.onnx"
        done = winnow("adopt", MODEL, "--preset", "none", "-o", out)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, f"cannot write '{out}': No space left on device")
        self.assertEqual(os.listdir(disk), [])
        photos = self.folder / "photos"
        shutil.copytree(SAMPLE / "cat", photos)
        with (disk / "lines").open("wb") as file:
            done = subprocess.run([WINNOW, "classify", MODEL, "--json",
                                   *list(photos.iterdir()) * 20], stdout=file, text=True,
                                  stderr=subprocess.PIPE, check=False, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, "standard output: No space left on device")
        for line in (disk / "lines").read_text().splitlines(keepends=True):
            self.assertTrue(line.endswith("\n"))
            json.loads(line)


if __name__ == "__main__":
    unittest.main()
