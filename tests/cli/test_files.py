# SPDX-License-Identifier: LGPL-2.1-or-later
"""Things that are no files where `winnow` reads one: it names them and waits for none."""
import json
import os
import shutil
import socket
import subprocess
import time
import unittest

from support import CAT, MODEL, SAMPLE, WINNOW, CliTest, npy, winnow

PATIENCE = 60  # seconds; ends what hangs


DOG = next((SAMPLE / "dog").iterdir())


class NoFiles(CliTest):
    def refuse_path(self, command, path, says):
        result = subprocess.run([WINNOW, *map(str, command)], capture_output=True, text=True,
                                check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assert_one_line(result.stderr, (path, says))

    def test_special_files(self):
        fifo, sock = self.folder / "x.jpg", self.folder / "y.jpg"
        os.mkfifo(fifo)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(sock))
            for path, kind in ((fifo, "FIFO"), (sock, "socket"), ("/dev/null", "device"),
                               ("/dev/zero", "device"), (self.folder, "folder")):
                with self.subTest(kind=kind):
                    self.refuse_path(["classify", MODEL, path], path, f"is a {kind}, not a picture")
                    self.refuse_path(["run", MODEL, "--input", path], path, f"is a {kind}, not a")
                    self.refuse_path(["classify", path, CAT], path, "cannot")

    def test_dataset(self):
        """It is named and left out; the pictures beside it count."""
        data, out = self.folder / "data", self.folder / "out.onnx"
        (data / "cat").mkdir(parents=True)
        os.mkfifo(data / "cat" / "x.jpg")
        shutil.copy(CAT, data / "cat" / "y.jpg")
        for command in (["eval", MODEL, data], ["quantize", MODEL, data, "-o", out],
                        ["tune", MODEL, data, "--max-accuracy-drop", "1", "-o", out]):
            result = subprocess.run([WINNOW, *map(str, command)], capture_output=True, text=True,
                                    check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
            told = f"winnow: {data / 'cat' / 'x.jpg'}: is no file and so no picture; left out"
            self.assertIn(told, result.stderr.splitlines())
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_links_in_a_dataset(self):
        """To nothing, to themselves: as other broken pictures, in every command."""
        data, out = self.folder / "data", self.folder / "out.onnx"
        (data / "cat" / "c.jpg").mkdir(parents=True)
        (data / "cat" / "a.jpg").symlink_to("nowhere")
        (data / "cat" / "b.jpg").symlink_to("b.jpg")
        shutil.copy(CAT, data / "cat" / "d.jpg")
        commands = [["eval", MODEL, data], ["quantize", MODEL, data, "-o", out],
                    ["tune", MODEL, data, "--max-accuracy-drop", "1", "-o", out]]
        if "CAMERA" in os.environ:
            commands.append(["--model", MODEL, "--json", "--fps", 1000, "--input", data])
        for command in commands:
            program = WINNOW if command[0] != "--model" else os.environ["CAMERA"]
            with self.subTest(command=command[0]):
                done = subprocess.run([program, *map(str, command)], capture_output=True, text=True,
                                      check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("a.jpg: cannot open the picture file: No such file", done.stderr)
                self.assertIn("b.jpg: cannot open the picture file: Too many", done.stderr)

    def dataset(self):
        """A class, and what systems and people leave in and beside it."""
        data = self.folder / "data"
        for name in ("cat/Thumbs.db", "cat/desktop.ini", "cat/labels.csv", "cat/._a.jpg",
                     "cat/__MACOSX/b.jpg", "__MACOSX/cat/c.jpg", "@eaDir/x.jpg", "notes.txt",
                     "dog/notes.txt", ".cache/d.jpg"):
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).write_bytes(b"left")
        (data / "dog" / "deeper").mkdir()
        shutil.copy(CAT, data / "cat" / "a.JPG")
        shutil.copy(DOG, data / "dog" / "deeper" / "a.jpeg")
        return data

    def commands(self, data):
        out = self.folder / "out.onnx"
        return (["eval", MODEL, data, "--json"], ["quantize", MODEL, data, "-o", out],
                ["tune", MODEL, data, "--max-accuracy-drop", "1", "-o", out])

    def test_strays(self):
        """No command takes one for a picture, and a line counts them."""
        data = self.dataset()
        for command in self.commands(data):
            with self.subTest(command=command[0]):
                result = winnow(*command)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assert_one_line(result.stderr, f"{data}: 3 files left out: what can be read")
                if command[0] == "eval":
                    self.assertEqual(json.loads(result.stdout)["images"], 2)

    def test_broken_pictures(self):
        """Each is told, all are counted, the figures are of the others, and the status says so."""
        data = self.dataset()
        (data / "cat" / "empty.jpg").write_bytes(b"")
        (data / "cat" / "cut.jpg").write_bytes(CAT.read_bytes()[:-300])
        for command in self.commands(data):
            with self.subTest(command=command[0]):
                result = winnow(*command)
                self.assertEqual(result.returncode, 1, result.stderr)
                for said in ("empty.jpg: holds nothing", "cut.jpg: damaged JPEG",
                             "2 of 4 pictures cannot be read"):
                    self.assertEqual(result.stderr.count(said), 1, result.stderr)
                if command[0] == "eval":
                    report = json.loads(result.stdout)
                    self.assertEqual((report["images"], report["accuracy"]), (2, 1))
                else:
                    (self.folder / "out.onnx").unlink()

    def test_broken_pictures_of_nothing(self):
        data = self.dataset()
        nothing = self.folder / "nothing"
        nothing.mkdir()
        shutil.copy(CAT, nothing)
        (nothing / "empty.png").write_bytes(b"")
        result = winnow("eval", MODEL, data, "--nothing", nothing, "--json")
        self.assertEqual(result.returncode, 1)
        self.assertIn("nothing-rejected", json.loads(result.stdout))
        self.assertIn("1 of 2 pictures cannot be read", result.stderr)

    def test_labels(self):
        fifo = self.folder / "labels.txt"
        os.mkfifo(fifo)
        self.refuse_path(["classify", MODEL, CAT, "--labels", fifo], fifo, "not a regular file")

    def test_config(self):
        fifo = self.folder / "x.ini"
        os.mkfifo(fifo)
        result = subprocess.run([WINNOW, "classify", "--config", fifo, MODEL, CAT], text=True,
                                capture_output=True, check=False, timeout=PATIENCE)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assert_one_line(result.stderr, (fifo, "is a FIFO"))

    def from_input(self, command, **options):
        result = subprocess.run([WINNOW, *map(str, command)], capture_output=True, check=False,
                                timeout=PATIENCE, **options)
        return result.returncode, result.stdout.decode(), result.stderr.decode()

    def test_standard_input(self):
        """A file, a pipe that comes in pieces, or a socket."""
        for path in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
            with self.subTest(path=path):
                command = ["classify", MODEL, "--json", path]
                with CAT.open("rb") as picture:
                    status, lines, errors = self.from_input(command, stdin=picture)
                self.assertEqual((status, errors), (0, ""))
                self.assertEqual(json.loads(lines)["image"], path)
                self.assertEqual(json.loads(lines)["label"], "cat")
                status, lines, errors = self.from_input(command, input=CAT.read_bytes())
                self.assertEqual((status, errors, json.loads(lines)["label"]), (0, "", "cat"))
        with subprocess.Popen([WINNOW, "classify", MODEL, "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=False) as process:
            for piece in (CAT.read_bytes()[:100], CAT.read_bytes()[100:]):
                process.stdin.write(piece)
                process.stdin.flush()
                time.sleep(0.1)
            self.assertIn(b" cat ", process.communicate()[0])
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(CAT.read_bytes())
            ours.shutdown(socket.SHUT_WR)
            self.assertEqual(self.from_input(["classify", MODEL, "-"], stdin=theirs)[0], 0)

    def test_larger_than_a_pipe(self):
        pixels = b"P6 600 400 255\n" + bytes(600 * 400 * 3)
        self.assertEqual(self.from_input(["classify", MODEL, "-"], input=pixels)[0], 0)
        status, _, errors = self.from_input(["classify", MODEL, "-"], input=pixels[:-1])
        self.assertEqual(status, 1)
        self.assert_one_line(errors, ("-: damaged", "ends early"))

    def test_standard_input_that_holds_no_picture(self):
        for path, says in (("/dev/null", "is a device"), ("/dev/zero", "is a device")):
            with open(path, "rb") as device:
                status, _, errors = self.from_input(["classify", MODEL, "-"], stdin=device)
            self.assertEqual(status, 1)
            self.assert_one_line(errors, ("-: ", says))
        status, _, errors = self.from_input(["classify", MODEL, "-"], input=b"")
        self.assertEqual(status, 1)
        self.assert_one_line(errors, "the file is empty")
        self.expect_failure(1, "classify", MODEL, "/dev/fd/77", says="/dev/fd/77: cannot open")

    def test_tensor_from_a_pipe(self):
        command = ["run", MODEL, "--input", "-", "--output-dir", self.folder]
        tensor = npy([1, 3, 32, 32], [0.5] * 3072)
        self.assertEqual(self.from_input(command, input=tensor)[0], 0)

    def test_tensor_is_read_as_before(self):
        self.succeed("run", MODEL, "--input", self.file("x.npy", npy([1, 3, 32, 32], [0.5] * 3072)),
                     "--output-dir", self.folder)


if __name__ == "__main__":
    unittest.main()
