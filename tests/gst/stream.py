# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pipelines for tests in Python: what their bus says, and the results on what they carry."""
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWinnow", "1.0")
from gi.repository import Gst, GstWinnow  # noqa: E402

PATIENCE = 100 * Gst.SECOND  # after which something hangs


class Stream:
    """A pipeline, what its bus says, and how many of the buffers at `at` have a result."""

    def __init__(self, line, at="sink"):
        self.pipeline = Gst.parse_launch(line)
        self.bus = self.pipeline.get_bus()
        self.buffers = self.results = 0
        self.seen = set()  # times of the frames since the last flush
        self.wrong = []    # results that are not of one of these, or whose age is not right
        self.warnings = []
        self.pad = self.pipeline.get_by_name(at).get_static_pad("sink")
        self.probe = self.pad.add_probe(
            Gst.PadProbeType.BUFFER | Gst.PadProbeType.EVENT_FLUSH, self.on_pad)

    def on_pad(self, _, info):
        if info.type & Gst.PadProbeType.EVENT_FLUSH:
            if info.get_event().type == Gst.EventType.FLUSH_STOP:
                self.seen = set()
            return Gst.PadProbeReturn.OK
        buffer = info.get_buffer()
        self.seen.add(buffer.pts)
        result = GstWinnow.Result.from_buffer(buffer)
        self.buffers += 1
        if result is not None:
            self.results += 1
            if (result.get_pts() not in self.seen
                    or buffer.pts != result.get_pts() + result.get_age_ns()):
                self.wrong.append((buffer.pts, result.get_pts(), result.get_age_ns()))
        return Gst.PadProbeReturn.OK

    def __getitem__(self, name):
        return self.pipeline.get_by_name(name)

    def set_state(self, state):
        assert self.pipeline.set_state(state) != Gst.StateChangeReturn.FAILURE, self.look()

    def settle(self):
        done = self.pipeline.get_state(PATIENCE)[0]
        assert done != Gst.StateChangeReturn.ASYNC, "a state change hangs"
        assert done != Gst.StateChangeReturn.FAILURE, self.look()

    def look(self, timeout=0, kinds=Gst.MessageType.EOS):
        """Reads the bus; an error ends the scenario.  The message of `kinds`, or None."""
        end = time.monotonic() + timeout / Gst.SECOND
        while True:
            left = max(0, int((end - time.monotonic()) * Gst.SECOND))
            message = self.bus.timed_pop_filtered(
                left, kinds | Gst.MessageType.ERROR | Gst.MessageType.WARNING)
            if message is None:
                return None
            if message.type == Gst.MessageType.ERROR:
                raise AssertionError(f"an error: {message.parse_error()}")
            if message.type == Gst.MessageType.WARNING:
                self.warnings.append(message.parse_warning()[0].message)
            else:
                return message

    def wait_for_results(self, number=3):
        """So many more from now on."""
        goal, end = self.results + number, time.monotonic() + PATIENCE / Gst.SECOND
        while self.results < goal:
            assert self.look(10 * Gst.MSECOND) is None, "the stream has ended"
            assert time.monotonic() < end, f"no result among {self.buffers} buffers"

    def stop(self):
        self.look()
        self.set_state(Gst.State.NULL)
        self.pad.remove_probe(self.probe)  # which holds this stream, which holds the pad
        assert not self.wrong, f"results of other frames: {self.wrong[:3]}"


def play(line, at="sink"):
    stream = Stream(line, at)
    stream.set_state(Gst.State.PLAYING)
    stream.settle()
    return stream


def make_clip(path, picture):
    """Three seconds of a test picture with the caps `picture`, each frame a picture of its own."""
    stream = Gst.parse_launch(f"videotestsrc num-buffers=90 ! {picture} ! jpegenc"
                              f" ! matroskamux ! filesink location={path}")
    stream.set_state(Gst.State.PLAYING)
    message = stream.get_bus().timed_pop_filtered(
        PATIENCE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    stream.set_state(Gst.State.NULL)
    assert message.type == Gst.MessageType.EOS, message.parse_error()
    return path
