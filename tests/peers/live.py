# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnowclassify behind a camera of 30 frames a second: is a frame lost, how long is one held, and
what becomes of that while other programs want the processors?

The camera is a clip, decoded beforehand and played in a loop, so that nothing but the elements
costs time: appsrc ! queue leaky=downstream max-size-buffers=1 ! winnowclassify ! queue !
winnowoverlay ! fakesink sync=true qos=true, as README has it.  A row for each phase: quiet, with
LOAD busy loops beside it, and quiet again; of the last also after how many seconds all frames came
in time and with results again.

usage: live.py MODEL CLIP [--size WxH] [--seconds QUIET,LOADED,AFTER] [--load N] [--options TEXT]

TEXT goes to winnowclassify, "async=true" say.  GST_PLUGIN_PATH says where the plugin is.
"""
import argparse
import collections
import re
import subprocess
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp  # noqa: E402, F401  (versions are chosen first)

RATE = 30
FRAME = Gst.SECOND // RATE
KEPT = 150  # frames of the clip
IN_TIME = Gst.SECOND // 4  # a frame or a result that is older is late


def decode(clip, size):
    width, height = size.split("x")
    pipeline = Gst.parse_launch(
        f"filesrc location={clip} ! decodebin ! videoconvert ! videoscale ! "
        f"video/x-raw,format=NV12,width={width},height={height},pixel-aspect-ratio=1/1 ! "
        "appsink name=sink sync=false")
    pipeline.set_state(Gst.State.PLAYING)
    sink, frames = pipeline.get_by_name("sink"), []
    while len(frames) < KEPT:
        sample = sink.emit("pull-sample")
        if sample is None:
            break
        caps, buffer = sample.get_caps(), sample.get_buffer()
        frames.append(Gst.Buffer.new_wrapped(buffer.extract_dup(0, buffer.get_size())))
    pipeline.set_state(Gst.State.NULL)
    if not frames:
        sys.exit(f"{clip}: has no frames that could be decoded here")
    text = re.sub(r"framerate=\(fraction\)\d+/\d+", f"framerate={RATE}/1", caps.to_string())
    return frames, Gst.Caps.from_string(text)


class Live:
    """A pipeline that plays, and what its frames tell: [(seconds, name, value)]."""

    def __init__(self, frames, caps, model, options):
        self.frames, self.events, self.entered = frames, collections.deque(), {}
        self.pipeline = Gst.parse_launch(
            "appsrc name=source is-live=true format=time block=false max-bytes=0 ! "
            "queue leaky=downstream max-size-buffers=1 ! "
            f"winnowclassify name=classify model-file={model} {options} ! queue ! winnowoverlay ! "
            "fakesink name=sink sync=true qos=true max-lateness=5000000 "
            "processing-deadline=15000000 signal-handoffs=true")
        self.source = self.pipeline.get_by_name("source")
        self.source.set_property("caps", caps)
        self.classify = self.pipeline.get_by_name("classify")
        self.sink = self.pipeline.get_by_name("sink")
        for pad, what in (("sink", self.on_enter), ("src", self.on_leave)):
            self.classify.get_static_pad(pad).add_probe(Gst.PadProbeType.BUFFER, what)
        self.sink.connect("handoff", self.on_shown)
        self.stop = threading.Event()

    def note(self, name, value):
        self.events.append((time.monotonic(), name, value))

    def on_enter(self, _, info):
        self.entered[info.get_buffer().pts] = time.monotonic_ns()
        return Gst.PadProbeReturn.OK

    def on_leave(self, _, info):
        self.note("held", time.monotonic_ns() - self.entered.pop(info.get_buffer().pts))
        return Gst.PadProbeReturn.OK

    def on_shown(self, _, buffer, __):
        meta = buffer.get_custom_meta("GstWinnowClassificationMeta")
        age = meta.get_structure().get_int64("age-ns")[1] if meta else None
        self.note("shown", self.running_time() - buffer.pts)
        self.note("age", age)

    def running_time(self):
        return self.pipeline.get_clock().get_time() - self.pipeline.get_base_time()

    def feed(self):
        n = 0
        while not self.stop.is_set():
            wait = n * FRAME - self.running_time()
            if wait > 0:
                time.sleep(wait / 1e9)
            buffer = self.frames[n % len(self.frames)].copy()
            buffer.pts, buffer.duration = n * FRAME, FRAME
            self.note("made", None)
            self.source.emit("push-buffer", buffer)
            n += 1

    def inferences(self):
        return self.classify.get_property("stats").get_uint64("inferences")[1]

    def play(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        while self.pipeline.get_clock() is None:
            time.sleep(0.01)
        self.feeder = threading.Thread(target=self.feed)
        self.feeder.start()

    def wait(self, seconds):
        """Passes them as an application should, and gives the events and inferences of them."""
        self.events.clear()
        before, end, bus = self.inferences(), time.monotonic() + seconds, self.pipeline.get_bus()
        while time.monotonic() < end:
            message = bus.timed_pop(20 * Gst.MSECOND)
            if message is None:
                continue
            if message.type == Gst.MessageType.LATENCY:
                self.pipeline.recalculate_latency()
            elif message.type == Gst.MessageType.ERROR:
                sys.exit(message.parse_error()[0].message)
        return list(self.events), self.inferences() - before

    def end(self):
        self.stop.set()
        self.feeder.join()
        self.pipeline.set_state(Gst.State.NULL)


def values(events, wanted):
    return [value for _, name, value in events if name == wanted]


def milliseconds(durations, share):
    durations = sorted(durations)
    return durations[min(len(durations) - 1, int(share * len(durations)))] / 1e6


def recovered(events, begin):
    """Seconds until every second had all its frames, in time and with results that were young."""
    last = 0.0
    by_second = collections.Counter(int(at - begin) for at, name, _ in events if name == "shown")
    for at, name, value in events:
        if name == "shown" and value > IN_TIME or name == "age" and (value or 0) > IN_TIME:
            last = max(last, at - begin)
    for second in range(int(events[-1][0] - begin)):
        if by_second[second] < RATE - 1:
            last = max(last, second + 1.0)
    return last


def row(phase, events, inferences, seconds):
    made, shown, held = (values(events, name) for name in ("made", "shown", "held"))
    ages = values(events, "age")
    return (f"| {phase} | {len(made)} | {len(made) - len(shown)} | {inferences / seconds:.1f} | "
            f"{sum(held) / len(held) / 1e6:.1f} | {milliseconds(held, 0.99):.1f} | "
            f"{milliseconds(shown, 0.5):.0f} | {milliseconds(shown, 0.99):.0f} | "
            f"{milliseconds([a or 0 for a in ages], 0.99):.0f} | {ages.count(None)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("clip")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--seconds", default="60,10,10")
    parser.add_argument("--load", type=int, default=2)
    parser.add_argument("--options", default="")
    options = parser.parse_args()
    Gst.init(None)
    live = Live(*decode(options.clip, options.size), options.model, options.options)
    live.play()
    live.wait(2)
    print(f"{options.size}, {options.options or 'sync'}: frames of 30 a second\n")
    print("| phase | frames | lost | inferences/s | held, mean ms | held, 99 % | shown after, ms | "
          "99 % | age of the result, 99 % | without one |\n|---|" + "---:|" * 9)
    for phase, seconds in zip(("quiet", "loaded", "after"), options.seconds.split(",")):
        loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                 for _ in range(options.load if phase == "loaded" else 0)]
        begin = time.monotonic()
        events, inferences = live.wait(float(seconds))
        for loop in loops:
            loop.kill()
            loop.wait()
        print(row(phase, events, inferences, float(seconds)), flush=True)
        if phase == "after":
            print(f"\nall well again after {recovered(events, begin):.1f} s")
    live.end()


if __name__ == "__main__":
    main()
