# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever pipelines meet in hours, at random, in one process: seeks, new sizes and formats, other
models and files that are none, readers and publishers that are killed, full disks.

soak.py MODEL OTHER_MODEL, for SOAK_SECONDS (300)

Pipelines come and go, each with what may happen to it.  Every one has to bring results after its
storm and to end; memory, descriptors and threads must not be more in the last quarter of the time
than they were in the second.
"""
import ctypes
import gc
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402
from stream import PATIENCE, make_clip, play  # noqa: E402

MODEL, OTHER_MODEL = sys.argv[1:3]
SECONDS = float(os.environ.get("SOAK_SECONDS", "300"))
STORM = 4  # seconds that a pipeline lives at most
GROWTH_KB = 1024  # what the allocator may hold back; a model that is left is more
CLASSIFY = f"winnowclassify name=classify threads=1 model-file={MODEL}"
PICTURE = "video/x-raw,format=I420,width=64,height=48,framerate=30/1"
LIVE = f"videotestsrc is-live=true pattern=snow ! {PICTURE}"
FORMATS = ["I420", "NV12", "YUY2", "RGB", "BGRx", "GRAY8", "Y444", "ARGB"]
# Pango keeps the fonts of the last 256 sizes of text: of ever new sizes memory would grow for long.
SIZES = [(16, 16), (17, 33), (64, 48), (99, 201), (160, 120), (320, 240), (333, 77), (640, 480)]


class World:
    """What lies beside the pipelines: a clip, a channel that others publish to, and who reads."""

    def __init__(self, folder, chance):
        self.folder, self.chance = folder, chance
        self.clip = make_clip(f"{folder}/clip.mkv", PICTURE)
        self.out, self.other = f"{folder}/out", f"{folder}/other"
        self.model = f"{folder}/model.onnx"
        self.bytes = [pathlib.Path(path).read_bytes() for path in (MODEL, OTHER_MODEL)]
        self.publisher, self.reader = None, None
        self.publish()

    def start(self, line):
        return subprocess.Popen(["gst-launch-1.0", "-q", *line.split()], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def publish(self):
        """Another publisher, where the last one was killed."""
        kill(self.publisher)
        self.publisher = self.start(f"{LIVE} ! {CLASSIFY} ! winnowshmsink socket-path={self.other}")

    def read(self):
        kill(self.reader)
        self.reader = self.start(f"winnowshmsrc socket-path={self.out} ! fakesink")

    def end(self):
        kill(self.publisher)
        kill(self.reader)


def kill(process):
    if process is not None:
        process.send_signal(signal.SIGKILL)
        process.wait()


# ---- What happens --------------------------------------------------------------------------------

def seek(stream, world):
    chance = world.chance
    stream.pipeline.seek(chance.choice([0.5, 1.0, 2.0]), Gst.Format.TIME,
                         Gst.SeekFlags.FLUSH | chance.choice([Gst.SeekFlags.ACCURATE,
                                                              Gst.SeekFlags.KEY_UNIT]),
                         Gst.SeekType.SET, chance.randrange(2 * Gst.SECOND),
                         Gst.SeekType.NONE, 0)


def resize(stream, world):
    width, height = world.chance.choice(SIZES)
    stream["caps"].set_property("caps", Gst.Caps.from_string(
        f"video/x-raw,format={world.chance.choice(FORMATS)},width={width},height={height}"))


def other_model(stream, world):
    """A good one, one that is none, or a file that is written while it is read."""
    path = world.chance.choice([MODEL, OTHER_MODEL, "/nonexistent.onnx", __file__, world.model])
    if path == world.model:
        data = world.chance.choice(world.bytes)
        pathlib.Path(path).write_bytes(data[:world.chance.choice([len(data), len(data) // 2])])
    stream["classify"].set_property("model-file", path)


def pause(stream, world):
    stream.set_state(Gst.State.PAUSED)
    stream.look(world.chance.choice([0, 50 * Gst.MSECOND]))
    stream.set_state(Gst.State.PLAYING)


def another_publisher(_, world):
    world.publish()


def another_reader(_, world):
    world.read()


# The pipeline, where its frames are looked at, and what may happen to it.
PIPELINES = {
    "clip": ("filesrc location={clip} ! matroskademux ! jpegdec ! {classify} qos=false"
             " ! winnowoverlay ! fakesink name=sink sync=true", "sink", [seek, other_model, pause]),
    "worker": ("filesrc location={clip} ! matroskademux ! jpegdec ! {classify} async=true"
               " ! winnowoverlay ! fakesink name=sink sync=true", "sink", [seek, other_model]),
    "sizes": ("videotestsrc is-live=true ! videoconvert ! videoscale"
              " ! capsfilter name=caps caps-change-mode=delayed ! {classify} ! winnowoverlay"
              " ! winnowgate name=gate when=unknown pre-roll=100000000 ! fakesink sync=false",
              "gate", [resize, resize, other_model, pause]),
    "published": ("{live} ! {classify} ! winnowpublish location={folder}/lines on-change=true"
                  " ! winnowshmsink name=sink socket-path={out}", "sink",
                  [another_reader, other_model, pause]),
    "read": ("winnowshmsrc socket-path={other} ! winnowoverlay ! fakesink name=sink", "sink",
             [another_publisher, pause]),
}


def storm(name, world):
    """One pipeline and what happens to it; its results come again at the end."""
    line, at, events = PIPELINES[name]
    stream = play(line.format(clip=world.clip, classify=CLASSIFY, live=LIVE, folder=world.folder,
                              out=world.out, other=world.other), at)
    end, happened = time.monotonic() + world.chance.uniform(0, STORM), []
    while time.monotonic() < end:
        happened.append(world.chance.choice(events))
        happened[-1](stream, world)
        if stream.look(world.chance.choice([0, 30, 200]) * Gst.MSECOND) is not None:
            break
    if seek in events:
        stream.pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH, 0)
    stream.settle()
    try:
        stream.wait_for_results(1)
    except AssertionError:
        print(f"{name}, after {[event.__name__ for event in happened]}; {stream.warnings[-3:]}")
        raise
    if name == "read":
        stream.wrong.clear()  # their times are of another process
    stream.stop()


def full_disk(world):
    """Nothing more can be written, on the disk or by this process: an error that says so."""
    location, code = world.chance.choice([
        ("/dev/full", Gst.ResourceError.NO_SPACE_LEFT),
        (f"{world.folder}/long", Gst.ResourceError.WRITE)])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if location != "/dev/full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        pipeline = Gst.parse_launch(f"{LIVE} ! {CLASSIFY} ! winnowpublish location={location}"
                                    " ! fakesink")
        pipeline.set_state(Gst.State.PLAYING)
        message = pipeline.get_bus().timed_pop_filtered(PATIENCE, Gst.MessageType.ERROR)
        pipeline.set_state(Gst.State.NULL)
        assert message is not None, f"nobody says that {location} is full"
        error = message.parse_error()[0]
        assert error.matches(Gst.ResourceError.quark(), code), error
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    pathlib.Path(world.folder, "long").unlink(missing_ok=True)


# ---- What is held --------------------------------------------------------------------------------

def held():
    """(kB resident, descriptors, threads) when all that can be given back is."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    resident = int(pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return (resident * resource.getpagesize() // 1024, len(os.listdir("/proc/self/fd")),
            len(os.listdir("/proc/self/task")))


def main():
    Gst.init(None)
    seed = int(os.environ.get("SOAK_SEED", "1"))
    chance, begin, samples = random.Random(seed), time.monotonic(), []
    counts = dict.fromkeys([*PIPELINES, "full disk"], 0)
    with tempfile.TemporaryDirectory(prefix="winnow-soak-") as folder:
        world = World(folder, chance)
        try:
            while time.monotonic() < begin + SECONDS:
                name = chance.choice(list(counts))
                full_disk(world) if name == "full disk" else storm(name, world)
                counts[name] += 1
                samples.append((time.monotonic() - begin, *held()))
        finally:
            world.end()
    quarters = [[sample[1:] for sample in samples if q <= 4 * sample[0] / SECONDS < q + 1]
                for q in (1, 3)]
    assert all(quarters), "too few pipelines in the time"
    # What only lasts until a thread of GLib's has ended counts in neither.
    early, late = (tuple(map(min, zip(*quarter))) for quarter in quarters)
    print(f"{counts}; kB, descriptors, threads: {early} in the second quarter, {late} in the last")
    return late[0] > early[0] + GROWTH_KB or late[1] > early[1] or late[2] > early[2]


if __name__ == "__main__":
    sys.exit(main())
