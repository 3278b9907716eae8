# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnow-camera with a clip that comes through a pipe, as other programs give live video.
env CAMERA: the program.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from support import MODEL, CliTest  # pylint: disable=C0413

CAMERA = os.environ["CAMERA"]
PATIENCE = 60  # seconds; only a hang takes so long
HEADER = b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n"
FRAME = b"FRAME\n" + bytes(64 * 48 * 3 // 2)


class Pipes(CliTest):
    program = CAMERA

    def start(self, source, **keywords):
        process = subprocess.Popen([CAMERA, "--model", str(MODEL), "--json", "--input", source],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)
        for stream in (process.stdout, process.stderr):
            self.addCleanup(stream.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def feed(self, data, source="-", status=0):
        """(times of the frames, standard error)."""
        process = self.start(source, stdin=subprocess.PIPE)
        output, errors = process.communicate(data, timeout=PATIENCE)
        self.assertEqual(process.returncode, status, errors)
        return [json.loads(line)["pts"] for line in output.splitlines()], errors.decode()

    def test_three_frames(self):
        for source in ("-", "/dev/stdin"):
            times, errors = self.feed(HEADER + 3 * FRAME, source)
            self.assertEqual(times, [0, 40 * 10**6, 80 * 10**6])
            self.assertRegex(errors, " 3 frames in .* 0 missed, 0 damaged")

    @unittest.skipIf(shutil.which("ffmpeg") is None, "no ffmpeg")
    def test_what_ffmpeg_writes(self):
        """docs/camera.md's line for a camera module: raw frames become a clip on the way."""
        raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", "64x48", "-framerate", "25"]
        clip = subprocess.run(["ffmpeg", "-loglevel", "error", *raw, "-i", "-", "-f",
                               "yuv4mpegpipe", "-"], input=bytes(64 * 48 * 3 // 2) * 3, check=True,
                              capture_output=True).stdout
        self.assertEqual(self.feed(clip)[0], [0, 40 * 10**6, 80 * 10**6])

    def test_file_as_standard_input(self):
        with self.file("clip.y4m", HEADER + 3 * FRAME).open("rb") as clip:
            process = self.start("-", stdin=clip)
            output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, len(output.splitlines())), (0, 3), errors)

    def test_bad_streams(self):
        for data, n_frames, says in (
                (b"", 0, "no YUV4MPEG2"), (b"RIFF....AVI \n", 0, "no YUV4MPEG2"),
                (b"YUV4MPEG2 " + b"X" * 400 + b"\n", 0, "no YUV4MPEG2"),
                (HEADER[:-1], 0, "no YUV4MPEG2"),
                (b"YUV4MPEG2 W4\n", 0, "no width or height"),
                (b"YUV4MPEG2 W4 H4 C422\n", 0, "C422"),
                (HEADER + FRAME + FRAME[:-1], 1, "damaged at frame 1"),
                (HEADER + FRAME + b"FRAME", 1, "damaged at frame 1"),
                (HEADER + 2 * FRAME + b"FRAMA\n" + FRAME, 2, "damaged at frame 2")):
            with self.subTest(says=says, bytes=len(data)):
                times, errors = self.feed(data, status=1)
                self.assertEqual(len(times), n_frames)
                self.assertIn(says, errors)

    def open_when_read(self, process, fifo):
        """A descriptor for writing, as soon as there is a reader."""
        while process.poll() is None:
            try:
                return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                time.sleep(0.1)
        self.fail(process.stderr.read())

    def test_fifo_in_pieces(self):
        """The writer comes late and takes its time; each frame is classified when it is there."""
        fifo = self.folder / "live.y4m"
        os.mkfifo(fifo)
        process = self.start(fifo, stdin=subprocess.DEVNULL)
        with open(self.open_when_read(process, fifo), "wb", buffering=0) as writer:
            for piece in (HEADER[:20], HEADER[20:] + b"FRA", b"ME\n" + FRAME[6:1000], FRAME[1000:]):
                self.assertIsNone(process.poll())
                writer.write(piece)
                time.sleep(0.1)
            self.assertIn(b'"pts":0', process.stdout.readline())
            writer.write(FRAME)
            self.assertIn(b'"pts":40000000', process.stdout.readline())
            process.send_signal(signal.SIGTERM)  # while it waits for the next frame
            self.assertEqual(process.wait(PATIENCE), 0)

    def test_signals_without_a_writer(self):
        fifo = self.folder / "live.y4m"
        os.mkfifo(fifo)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start(fifo, stdin=subprocess.DEVNULL)
            self.assertIn(b"live.y4m", process.stderr.readline())  # it waits
            process.send_signal(number)
            self.assertEqual(process.wait(PATIENCE), 0)

    def test_no_clips(self):
        for source in ("/dev/zero", "/dev/null"):
            process = self.start(source, stdin=subprocess.DEVNULL)
            _, errors = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 1)
            self.assert_one_line(errors.decode(), (source, "is a device, not a clip"))


if __name__ == "__main__":
    unittest.main()
