# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnow-pipeline: pipelines that end, that fail, and that fall silent.

env PIPELINE: the program; GST_PLUGIN_PATH: where the plugin is.
"""
import os
import signal
import socket
import subprocess
import time
import unittest

from support import CliTest

PIPELINE = os.environ["PIPELINE"]
PATIENCE = 60
CLASSIFY = "winnowclassify model-file=person"
LIVE = f"videotestsrc is-live=true ! {CLASSIFY}"
RAW = "rawvideoparse width=32 height=32 format=gray8 framerate=10"


class Pipelines(CliTest):
    program = PIPELINE

    def pipeline(self, text):
        return self.file("test.pipeline", text.encode())

    def start(self, text, *options, **environment):
        process = subprocess.Popen([PIPELINE, *options, self.pipeline(text)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   cwd=self.folder, env={**os.environ, **environment})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def told(self, text, until, *options, period="200000"):
        """What systemd is told, until that is among it."""
        path, told = str(self.folder / "notify"), []
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service:
            service.bind(path)
            service.settimeout(PATIENCE)
            process = self.start(text, *options, NOTIFY_SOCKET=path, WATCHDOG_USEC=period)
            while until not in told:
                told += service.recv(4096).decode().split("\n")
        return process, told

    # ---- Pipelines that end

    def test_the_end_of_the_stream(self):
        self.assertEqual(self.succeed(self.pipeline(
            f"# Pictures without a camera\nvideotestsrc num-buffers=5\n\n  ! {CLASSIFY}\n"
            "  # in the middle\n! winnowpublish location=lines.json\n! fakesink\n")), "")

    def test_a_signal_completes_a_recording(self):
        process, _ = self.told("videotestsrc is-live=true ! vp8enc deadline=1 ! webmmux ! "
                               "filesink location=x.webm", "READY=1")
        process.send_signal(signal.SIGTERM)
        self.assertEqual((process.wait(PATIENCE), process.stderr.read()), (0, ""))
        segment = (self.folder / "x.webm").read_bytes().split(b"\x18\x53\x80\x67", 1)[1]
        self.assertNotEqual(segment[:8], b"\x01" + 7 * b"\xff")  # the length is known

    def test_a_second_signal_does_not_wait(self):
        # A queue that nothing leaves keeps the end of the stream.
        process, _ = self.told(f"{LIVE} ! queue ! identity sleep-time=100000000 ! fakesink",
                               "READY=1")
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE), 0)

    # ---- Pipelines that fall silent

    def test_no_frame_at_all(self):
        began = time.monotonic()
        self.expect_failure(1, "--timeout", "1", self.pipeline(
            f"appsrc ! video/x-raw,format=RGB,width=8,height=8,framerate=1/1 ! {CLASSIFY} name=door"
            " ! fakesink"), says=["test.pipeline", "door", "for 1 s"])
        self.assertGreater(time.monotonic() - began, 1)

    def test_no_more_frames(self):
        """Of a source whose read nothing ends: the pipeline cannot be stopped either."""
        os.mkfifo(self.folder / "fifo")
        process = self.start(f"filesrc location=fifo ! {RAW} ! {CLASSIFY} ! fakesink",
                             "--timeout", "2")
        with open(self.folder / "fifo", "wb") as fifo:
            fifo.write(bytes(3 * 1024))
            fifo.flush()
            self.assertEqual(process.wait(PATIENCE), 1)
        self.assert_one_line(process.stderr.read(), ["winnowclassify0", "for 2 s"])

    def test_one_of_two_cameras(self):
        self.expect_failure(1, "--timeout", "2", self.pipeline(
            f"{LIVE} ! fakesink videotestsrc is-live=true num-buffers=3 ! "
            f"{CLASSIFY} name=second ! fakesink"), says="second")

    def test_frames_that_are_held_back_have_come(self):
        process = self.start(f"{LIVE} ! valve drop=true ! fakesink", "--timeout", "1")
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(3)
        process.send_signal(signal.SIGTERM)
        self.assertEqual((process.wait(PATIENCE), process.stderr.read()), (0, ""))

    def test_a_pipeline_without_winnowclassify(self):
        self.expect_failure(1, "--timeout", "1", self.pipeline(
            "videotestsrc is-live=true ! valve drop=true ! fakesink name=end async=false"),
            says="end")

    # ---- systemd

    def test_systemd_is_told(self):
        process, told = self.told(f"{LIVE} ! fakesink", "WATCHDOG=1", "--timeout", "30")
        self.assertEqual(told[0], "STATUS=waiting for the first frame")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service:
            path = self.folder / "notify"
            path.unlink()
            service.bind(str(path))
            service.settimeout(PATIENCE)
            while "READY=1" not in told:
                told += service.recv(4096).decode().split("\n")
            process.send_signal(signal.SIGTERM)
            while "STOPPING=1" not in told:
                told += service.recv(4096).decode().split("\n")
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(told.count("READY=1"), 1)

    # ---- What cannot be

    def test_a_fifo_is_no_pipeline(self):
        """Nobody writes it, and nothing waits for that."""
        os.mkfifo(self.folder / "x.pipeline")
        self.expect_failure(1, self.folder / "x.pipeline", says="is a FIFO")

    def test_what_cannot_run(self):
        for text, status, says in (
                ("videotestsrc ! nosuchelement ! fakesink", 2, "nosuchelement"),
                ("videotestsrc ! fakesink nosuch=1", 2, "nosuch"),
                ("# nothing\n", 2, "empty"),
                ("videotestsrc", 2, "several elements"),
                ("videotestsrc ! identity", 2, "neither winnowclassify nor a sink"),
                ("videotestsrc ! winnowclassify model-file=none ! fakesink", 1, "none"),
                ("filesrc location=none ! decodebin ! fakesink", 1, "none")):
            with self.subTest(text=text):
                self.expect_failure(status, self.pipeline(text), says=["test.pipeline", says])

    def test_wrong_usage(self):
        self.expect_failure(2, says="FILE")
        self.expect_failure(2, "--timeout", "0", self.pipeline(LIVE), says="--timeout")
        self.expect_failure(2, "--timeout", "nan", self.pipeline(LIVE), says="--timeout")
        self.expect_failure(2, "--nosuch", says="--nosuch")
        self.expect_failure(1, self.folder / "none", says="none")
        self.assertRegex(self.succeed("--version"), r"\Awinnow-pipeline \d")


if __name__ == "__main__":
    unittest.main()
