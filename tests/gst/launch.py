# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs launch lines as documents have them on a machine without their cameras, boards and windows.

A stand-in takes the place of an element that needs what a machine for tests has not.  All runs in
a folder of its own, in which models, apps and configs are those of the source tree.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CAMERA = "videotestsrc is-live=true num-buffers=20"
BIRD = ("filesrc location=bird.jpg ! jpegdec ! imagefreeze is-live=true num-buffers=60"
        " ! video/x-raw,framerate=30/1 ! videoscale ! videoconvert")
# Whatever a line says about them, these are never what they are called here.
STAND_INS = {
    "v4l2src": CAMERA,
    "libcamerasrc": CAMERA,
    "nvarguscamerasrc": CAMERA,
    "nvvidconv": "videoconvert",
    "autovideosink": "fakesink",
}


def elements_of(line):
    """The words of a launch line that are elements."""
    words = re.sub(r"\([^()]*\)", "", line).split()
    return [word for before, word in zip(["!"] + words, words)
            if re.fullmatch(r"[a-z][a-z0-9_]*", word) and (before in ("!", "-m", "-q")
                                                           or "=" in before or "." in before)]


def exists(element):
    """Not by --exists, for which a plugin has to be as new as GStreamer."""
    return subprocess.run(["gst-inspect-1.0", element], check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def stand_in(line):
    """The line with stand-ins, and the names of the elements that they stand in for."""
    found = []
    # several pads of one camera
    for name in re.findall(r"libcamerasrc name=(\w+)", line):
        found.append("libcamerasrc")
        line = line.replace(f"libcamerasrc name={name}", f"{CAMERA} ! tee name={name}")
        line = re.sub(rf"\b{name}\.src(_\d+)? !", f"{name}. ! queue ! videoconvert ! videoscale !",
                      line)
    # a camera that has to see something
    if "watch=" in line:
        line = line.replace("image/jpeg", "jpegenc ! image/jpeg")
        line = re.sub(r"v4l2src( device=\S+)?", BIRD, line)
    # a camera that encodes
    line = re.sub(r"v4l2src([^!]*)! image/jpeg", r"v4l2src\1! jpegenc ! image/jpeg", line)
    for element, other in STAND_INS.items():
        # with its properties, as far as the next link
        pattern = re.compile(rf"(?<![\w=/-]){element}\b((?:\s+[\w:-]+=\S+)*)")
        if pattern.search(line):
            found.append(element)
            name = lambda m, other=other: " ".join([other] + re.findall(r"\bname=\S+", m[1]))
            line = pattern.sub(name, line)
    # memory that only such an element has
    line = re.sub(r"!\s*'?video/x-raw\(memory:NVMM\)[^!]*(?=!)", "", line)
    return line, found


class Folder:
    """Where lines run; what they leave there goes with it."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="winnow-launch-"))
        for name in ("apps", "models", "configs"):
            (self.path / name).symlink_to(ROOT / name)
        (self.path / "bird.jpg").symlink_to(
            next((ROOT / "tests" / "data" / "photos" / "albatross").glob("*.jpg")))
        for model in (ROOT / "models").glob("*.onnx"):  # as if they were installed
            (self.path / model.name).symlink_to(model)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def start(self, line, **more):
        """A process group, so that stop() ends what a shell started too."""
        return subprocess.Popen(["sh", "-c", line.replace("/tmp/", "./")], cwd=self.path, text=True,
                                env={**os.environ, "XDG_RUNTIME_DIR": str(self.path)},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True, **more)

    def run(self, line, seconds=60):
        """(exit status, what it printed); 124: it had to be ended.  The splitmuxsink of GStreamer
        1.26 closes its last file and every other time does not say that it is at its end."""
        process = self.start(line)
        try:
            printed, _ = process.communicate(timeout=30 if "splitmuxsink" in line else seconds)
        except subprocess.TimeoutExpired:
            printed = stop(process)
            return 0 if "splitmuxsink-fragment-closed" in printed else 124, printed
        return process.returncode, printed


def stop(process, how=signal.SIGKILL):
    """What it had printed."""
    os.killpg(process.pid, how)
    return process.communicate()[0]
