# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to pipelines as long as they run: seeks, pauses, properties set from other threads,
new sizes and formats, elements that come and go, and many streams at once.

scenarios.py MODEL OTHER_MODEL

Each scenario is a process of its own under GST_TRACERS=leaks, with critical messages fatal.  It has
to end without an error on the bus, results must come after each storm, and nothing may be left of
it.  With WINNOW_TEST_FEWER they are half as long.
"""
import contextlib
import gc
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import GObject, Gst, GstVideo  # noqa: E402
from stream import PATIENCE, Stream, make_clip, play  # noqa: E402

MODEL, OTHER_MODEL = sys.argv[1:3]
CLASSIFY = f"winnowclassify name=classify threads=1 model-file={MODEL}"
GATE = "winnowgate name=gate when=unknown pre-roll=100000000 hold=100000000"
PICTURE = "video/x-raw,format=I420,width=64,height=48,framerate=30/1"


def rounds(number):
    return max(1, number // 2) if os.environ.get("WINNOW_TEST_FEWER") else number


# ---- Seeks and states ----------------------------------------------------------------------------

def seeks(folder, chance):
    """A seek, after which frames come with results of their own, from near where it went."""
    clip = make_clip(f"{folder}/clip.mkv", PICTURE)
    line = (f"filesrc location={clip} ! matroskademux ! jpegdec"
            f" ! {CLASSIFY} qos=false ! winnowoverlay ! fakesink name=sink sync=true")
    stream = play(line)
    flags = [Gst.SeekFlags.ACCURATE, Gst.SeekFlags.KEY_UNIT, Gst.SeekFlags.NONE]
    for _ in range(rounds(40)):
        stream.pipeline.seek(chance.choice([0.5, 1.0, 2.0]), Gst.Format.TIME,
                             Gst.SeekFlags.FLUSH | chance.choice(flags), Gst.SeekType.SET,
                             chance.randrange(0, 2 * Gst.SECOND), Gst.SeekType.NONE, 0)
        if chance.random() < 0.3:
            stream.wait_for_results(1)
        stream.look()
    stream.pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH | Gst.SeekFlags.ACCURATE,
                                Gst.SECOND)
    stream.settle()
    stream.wait_for_results()
    assert stream.look(PATIENCE) is not None, "the end never comes"
    stream.stop()


def seeks_async(folder, chance):
    """The same with a worker, whose results never are of frames before the seek."""
    clip = make_clip(f"{folder}/clip.mkv", PICTURE)
    line = (f"filesrc location={clip} ! matroskademux ! jpegdec"
            f" ! {CLASSIFY} async=true ! winnowoverlay ! fakesink name=sink sync=true")
    stream = play(line)
    for _ in range(rounds(30)):
        stream.pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH,
                                    chance.randrange(0, 2 * Gst.SECOND))
        stream.look(chance.choice([0, 30 * Gst.MSECOND]))
    stream.settle()
    stream.pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH, 0)
    stream.settle()
    stream.wait_for_results()
    stream.stop()


def pauses(_, chance):
    """PAUSED and PLAYING in all tempi, and at times READY, once with and once without a worker."""
    for mode in "false", "true":
        stream = play(f"videotestsrc is-live=true ! {PICTURE} ! {CLASSIFY} async={mode}"
                      f" ! winnowoverlay ! {GATE} ! fakesink sync=true", at="gate")
        for _ in range(rounds(30)):
            stream.set_state(chance.choice([Gst.State.PAUSED, Gst.State.PLAYING, Gst.State.PAUSED,
                                            Gst.State.PLAYING, Gst.State.READY]))
            if chance.random() < 0.5:
                stream.settle()
            stream.look(chance.choice([0, 5, 40]) * Gst.MSECOND)
        stream.set_state(Gst.State.PLAYING)
        stream.settle()
        stream.wait_for_results()
        stream.stop()


def cycles(_, chance):
    """From NULL to PLAYING and back, with results each time."""
    stream = Stream(f"videotestsrc ! {PICTURE} ! {CLASSIFY} ! winnowoverlay"
                    " ! fakesink name=sink")
    for i in range(rounds(12)):
        stream["classify"].set_property("async", i % 3 == 2)
        stream.set_state(Gst.State.PLAYING)
        stream.settle()
        stream.wait_for_results(1 + chance.randrange(3))
        stream.set_state(Gst.State.NULL)
    stream.stop()


# ---- Properties ----------------------------------------------------------------------------------

# Legal values of properties whose text has a form, and such as have to be refused.  None: unset.
TEXTS = {
    "model-file": ([MODEL, OTHER_MODEL], ["/nonexistent.onnx", __file__, ""]),
    "labels-file": ([None], ["/nonexistent.txt"]),
    "mean": ([None, "0.5,0.5,0.5"], ["a", "1,2"]),
    "std": ([None, "0.2,0.2,0.2"], ["0", "x,y,z"]),
    "range": ([None, "0..1", "0..255"], ["5"]),
    "channels": ([None, "rgb", "bgr"], ["cmyk"]),
    "resize": ([None, "crop", "letterbox", "stretch"], ["zoom"]),
    "crop": ([None, "0.875"], ["-1", "big"]),
    "rounding": ([None, "exact", "even"], ["odd"]),
    "interpolation": ([None, "area", "bilinear"], ["sinc"]),
    "input-size": ([None], ["0x0", "large"]),
    "scores": ([None, "logits"], ["votes"]),
    "scores-output": ([None], ["nobody"]),
    "preset": ([None, "none", "torchvision", "timm"], ["mine"]),
    "thresholds": ([None], ["1,2", "a", "2,2,2,2,2,2,2,2"]),
    "watch": ([None, "0", "0,1"], ["no such label", ",", "9999"]),
    "region": ([None, "0,0,32,32", "door:0.5,0.0,0.5,1.0"], ["9", "-1,-1,0,0", "1000,1000,5,5"]),
    "when": (["unknown", "nothing", "nothing,unknown"], ["unknown"]),  # else an error
    "ignore": ([None, "0,0,8,8", "a:0.0,0.0,0.1,0.1;8,8,8,8"], ["9", ";;", "a:b:1,1,1,1"]),
}


def settable(element):
    """The properties of the plugin's own that may be set while playing."""
    own = Gst.ElementFactory.get_element_type(element.get_factory())
    wanted = GObject.ParamFlags.WRITABLE | Gst.PARAM_MUTABLE_PLAYING
    return [spec for spec in GObject.list_properties(element)
            if spec.owner_type == own and spec.flags & wanted == wanted]


def some_value(spec, chance, legal):
    """As text, in the form of gst-launch-1.0, or None."""
    if spec.value_type == GObject.TYPE_STRING:
        return chance.choice(TEXTS.get(spec.name, ([None], ["no such thing"]))[not legal])
    if spec.value_type == GObject.TYPE_BOOLEAN:
        return chance.choice(["true", "false"])
    if spec.value_type.name == "GstFraction":
        return chance.choice(["0/1", "1/2", "30/1", "1000/1"])
    if spec.value_type.is_a(GObject.TYPE_ENUM):
        return str(chance.randrange(6))  # a number that is none is not set
    if spec.value_type == GObject.TYPE_DOUBLE:
        return repr(chance.uniform(spec.minimum, spec.maximum))
    low, high = spec.minimum, spec.maximum
    return str(chance.choice([low, min(low + 1, high), min(low + 10**7, high), high]))


def set_property(element, spec, value):
    if value is None or spec.value_type == GObject.TYPE_STRING:
        element.set_property(spec.name, value)
    else:
        Gst.util_set_object_arg(element, spec.name, value)


def reset(element):
    """Defaults, all at once: one after the other some could be impossible for a moment."""
    specs = settable(element)
    element.set_properties(**{
        spec.name.replace("-", "_"): MODEL if spec.name == "model-file" else spec.default_value
        for spec in specs if spec.value_type.name != "GstFraction"})
    for spec in specs:
        if spec.value_type.name == "GstFraction":
            Gst.util_set_object_arg(element, spec.name, "0/1")


def properties(folder, chance):
    """Threads that set at random whatever may be set, and what must be refused, while it plays."""
    stream = play(f"videotestsrc is-live=true ! {PICTURE} ! {CLASSIFY} ! winnowoverlay"
                  f" ! winnowpublish name=publish location={folder}/lines ! {GATE} ! fakesink",
                  at="gate")
    targets = [(stream[name], spec) for name in ("classify", "publish", "gate")
               for spec in settable(stream[name])]
    assert len(targets) > 30, len(targets)
    end = time.monotonic() + rounds(6)

    def storm(seed):
        own = random.Random(seed)
        while time.monotonic() < end:
            element, spec = own.choice(targets)
            set_property(element, spec, some_value(spec, own, own.random() < 0.7))
            time.sleep(0.002)

    threads = [threading.Thread(target=storm, args=[chance.random()]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in "classify", "publish":
        reset(stream[name])
    stream.wait_for_results(5)
    assert stream.warnings, "nothing was refused"
    for warning in stream.warnings:
        assert re.match(r"\S.{10,}", warning) and "\n" not in warning, repr(warning)
    print(f"{len(stream.warnings)} warnings, such as: {stream.warnings[-1]}")
    stream.stop()


def refusals(_, chance):
    """Each value that must be refused, alone: one warning, and the stream goes on as it was."""
    stream = play(f"videotestsrc is-live=true ! {PICTURE} ! {CLASSIFY} ! fakesink name=sink")
    element = stream["classify"]
    for name, (_, refused) in TEXTS.items():
        if element.find_property(name) is None:
            continue  # of another element
        for value in refused[:rounds(2)]:
            before = element.get_property(name)
            known = len(stream.warnings)
            element.set_property(name, value)
            end = time.monotonic() + PATIENCE / Gst.SECOND
            while len(stream.warnings) == known:
                stream.look(10 * Gst.MSECOND)
                assert time.monotonic() < end, f"{name}={value!r} is not refused"
            stream.wait_for_results(1)
            assert element.get_property(name) == before, f"{name}={value!r} stays"
    stream.stop()


# ---- Caps ----------------------------------------------------------------------------------------

def formats_of(element):
    caps = Gst.ElementFactory.find(element).get_static_pad_templates()[0].get_caps().to_string()
    return re.findall(r"\w+", re.search(r"format=(?:\(string\))?\{([^}]*)\}", caps)[1])


def caps_by_sample(_, chance):
    """Another size and format every other frame, odd ones too."""
    stream = Stream(f"appsrc name=in format=time ! {CLASSIFY} ! winnowoverlay"
                    " ! fakesink name=sink sync=false")
    stream.set_state(Gst.State.PLAYING)
    known = formats_of("winnowclassify")
    number = 0
    for i in range(rounds(120)):
        info = GstVideo.VideoInfo()
        info.set_format(GstVideo.VideoFormat.from_string(known[i % len(known)]),
                        chance.randrange(1, 200), chance.randrange(1, 150))
        caps = info.to_caps()
        for _ in range(2):
            buffer = Gst.Buffer.new_wrapped(chance.randbytes(info.size))
            buffer.pts, buffer.duration = number * Gst.SECOND // 30, Gst.SECOND // 30
            stream["in"].emit("push-sample", Gst.Sample.new(buffer, caps, None, None))
            number += 1
        stream.look()
    stream["in"].emit("end-of-stream")
    assert stream.look(PATIENCE) is not None, "the end never comes"
    assert stream.results == stream.buffers == number, (stream.results, stream.buffers, number)
    stream.stop()


def caps_by_filter(_, chance):
    """A capsfilter that changes while it plays.  Caps that were on their way are let through: else
    GStreamer's own elements fail to negotiate now and then."""
    stream = play("videotestsrc is-live=true ! videoconvert ! videoscale"
                  f" ! capsfilter name=caps caps={PICTURE} caps-change-mode=delayed"
                  f" ! {CLASSIFY} ! winnowoverlay ! fakesink name=sink sync=false")
    known = formats_of("winnowclassify")
    for _ in range(rounds(40)):
        caps = (f"video/x-raw,format={chance.choice(known)},width={chance.randrange(16, 400)},"
                f"height={chance.randrange(16, 300)}")
        stream["caps"].set_property("caps", Gst.Caps.from_string(caps))
        stream.look(chance.choice([0, 20, 60]) * Gst.MSECOND)
    stream.wait_for_results()
    stream.stop()


# ---- Elements that come and go -------------------------------------------------------------------

def relink(stream, change):
    """Calls `change` while nothing passes the pad before the place."""
    pad, done = stream["before"].get_static_pad("src"), threading.Event()

    def blocked(*_):
        if not done.is_set():
            change()
            done.set()
        return Gst.PadProbeReturn.REMOVE

    pad.add_probe(Gst.PadProbeType.BLOCK_DOWNSTREAM, blocked)
    assert done.wait(PATIENCE / Gst.SECOND), "the pad is never blocked"


def put_in(stream, line):
    made = Gst.parse_bin_from_description(line, True)

    def change():
        stream["before"].unlink(stream["after"])
        stream.pipeline.add(made)
        assert stream["before"].link(made) and made.link(stream["after"])
        made.sync_state_with_parent()

    relink(stream, change)
    return made


def take_out(stream, made):
    def change():
        stream["before"].unlink(made)
        made.unlink(stream["after"])
        made.set_state(Gst.State.NULL)
        stream.pipeline.remove(made)
        assert stream["before"].link(stream["after"])

    relink(stream, change)


def come_and_go(_, chance):
    """winnowclassify and winnowoverlay are put in and taken out of a stream that plays on."""
    stream = play(f"videotestsrc is-live=true ! {PICTURE} ! identity name=before"
                  " ! identity name=after ! fakesink name=sink")
    for i in range(rounds(10)):
        made = put_in(stream, f"{CLASSIFY} async={'true' if i % 2 else 'false'} ! winnowoverlay")
        stream.wait_for_results(2)
        take_out(stream, made)
        del made
        results, buffers = stream.results, stream.buffers
        while stream.buffers < buffers + 2:
            stream.look(5 * Gst.MSECOND)
        assert stream.results <= results + 1, "results without winnowclassify"
    stream.stop()


def channel(folder, chance):
    """A publisher that comes and goes; who reads from it plays on, and whoever reads may go too."""
    publisher = Stream(f"videotestsrc is-live=true ! {PICTURE} ! {CLASSIFY}"
                       f" ! winnowshmsink name=sink socket-path={folder}/channel")
    reader = Stream(f"winnowshmsrc socket-path={folder}/channel ! winnowoverlay"
                    " ! fakesink name=sink")
    for i in range(rounds(6)):
        publisher.set_state(Gst.State.PLAYING)
        reader.set_state(Gst.State.PLAYING)
        reader.wait_for_results(2)
        publisher.set_state(Gst.State.NULL)
        if i % 2:
            reader.set_state(Gst.State.NULL)
    reader.wrong.clear()  # their times are those of the other pipeline
    for stream in publisher, reader:
        stream.stop()


# ---- Many streams --------------------------------------------------------------------------------

def resident():
    with open("/proc/self/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def threads_here():
    """Without those in which newer versions of Pango look for fonts, one for each that draws."""
    number = 0
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(FileNotFoundError):  # it has ended
            with open(f"/proc/self/task/{task}/comm", encoding="utf-8") as f:
                number += not f.read().startswith("[pango]")
    return number


def eight(_, chance):
    """Eight streams of one model: its weights are there once, its threads do not multiply."""
    line = (f"videotestsrc is-live=true ! {PICTURE} ! winnowclassify model-file={MODEL}"
            " ! winnowoverlay ! fakesink name=sink sync=true")
    streams, sizes, threads = [], [], []
    for _ in range(8):
        streams.append(play(line))
        streams[-1].wait_for_results(2)
        sizes.append(resident())
        threads.append(threads_here())
    print("MB", [round(size / 1e6, 1) for size in sizes], "threads", threads)
    weights = os.path.getsize(MODEL)
    assert sizes[-1] - sizes[0] < 7 * weights / 2, "each stream has weights of its own"
    assert threads[-1] - threads[0] <= 7 + 4, "each stream has threads of its own for inference"
    for stream in streams:
        stream.wait_for_results(2)
    for stream in streams:
        stream.stop()


def leak(_, chance):
    """Not a scenario: what one that leaks looks like."""
    KEPT.append(play(f"videotestsrc is-live=true ! {PICTURE} ! fakesink name=sink"))
    KEPT[-1].set_state(Gst.State.NULL)


KEPT = []
SCENARIOS = [seeks, seeks_async, pauses, cycles, properties, refusals, caps_by_sample,
             caps_by_filter, come_and_go, channel, eight]


def child(name):
    """One scenario, after which nothing is left."""
    Gst.init(None)
    with tempfile.TemporaryDirectory(prefix="winnow-scenario-") as folder:
        globals()[name](folder, random.Random(1))
    gc.collect()
    Gst.deinit()


def run(name):
    """(exit status, what it said, the objects that are left of it)"""
    environment = dict(os.environ, GST_TRACERS="leaks", GST_DEBUG="GST_TRACER:7",
                       GST_DEBUG_NO_COLOR="1", G_DEBUG="fatal_criticals")
    done = subprocess.run([sys.executable, __file__, MODEL, OTHER_MODEL, name],
                          env=environment, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return (done.returncode, "\n".join(line for line in lines if "GST_TRACER" not in line),
            [line for line in lines if "object-alive, " in line and "%s" not in line])


class Scenarios(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        Gst.init(None)

    def check(self, name):
        if name.startswith("seeks"):
            for element in "jpegenc", "jpegdec", "matroskamux", "matroskademux":
                if not Gst.ElementFactory.find(element):
                    self.skipTest(f"without {element}")
        status, said, left = run(name)
        sys.stderr.write(said + "\n")
        self.assertEqual(status, 0)
        self.assertEqual(left, [])

    def test_leaks_are_found(self):
        if not Gst.Registry.get().find_feature("leaks", Gst.TracerFactory):
            self.skipTest("without the tracer leaks, what is left of a scenario is not seen")
        status, said, left = run("leak")
        self.assertEqual(status, 0, said)
        self.assertTrue(any("GstPipeline" in line for line in left), left)


for scenario in SCENARIOS:
    setattr(Scenarios, f"test_{scenario.__name__}",
            lambda self, name=scenario.__name__: self.check(name))


if __name__ == "__main__":
    if sys.argv[3:4] and sys.argv[3] in [made.__name__ for made in [*SCENARIOS, leak]]:
        child(sys.argv[3])
    else:
        unittest.main(argv=[sys.argv[0]] + sys.argv[3:], verbosity=2)
