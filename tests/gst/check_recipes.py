# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every line of docs/recipes.md, with stand-ins for what the machine lacks (launch.py).

check_recipes.py [SECTION]

A line with an element that is not installed, and that nothing stands in for, is skipped and said.
Lines that read a channel get a publisher.  The loop that reconnects reads a server of
gst-rtsp-server, where that is, which is killed and started again; else a camera that ends.
"""
import re
import shutil
import subprocess
import sys
import time

import launch

PUBLISHER = (f"gst-launch-1.0 -q {launch.CAMERA.replace('num-buffers=20', '')}"
             " ! video/x-raw,width=320,height=240 ! winnowclassify model-file=person"
             " ! winnowshmsink socket-path=$XDG_RUNTIME_DIR/camera")
READER = ("gst-launch-1.0 -q winnowshmsrc socket-path=$XDG_RUNTIME_DIR/camera num-buffers=5"
          " ! fakesink")
SERVER = [sys.executable, str(launch.ROOT / "tests" / "gst" / "rtsp_server.py")]


def recipes():
    """(section, language, text) of each block of the page, a line that goes on in one line."""
    page = (launch.ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    for section in page.split("\n## ")[1:]:
        title = section.split("\n")[0]
        for language, text in re.findall(r"^```(sh|yaml)\n(.*?)^```", section, re.M | re.S):
            yield title, language, re.sub(r"\\\n\s*", "", text).strip()


def missing(line):
    """What the machine has not of what a line needs."""
    program = line.split()[0]
    if program == "gst-launch-1.0":
        return [name for name in launch.elements_of(line) if not launch.exists(name)]
    if "appsink.py" in line and subprocess.run(
            [program, "-c", "import gi; gi.require_version('GstWinnow', '1.0')"],
            check=False, stderr=subprocess.DEVNULL).returncode:
        return ["GstWinnow for Python"]
    return [] if shutil.which(program) else [program]


def check_files(folder, line):
    """What it writes is there."""
    problems = []
    sinks = r"(filesink|multifilesink|winnowpublish|splitmuxsink)\b[^!]* location=(\S+)"
    for sink, name in re.findall(sinks, line):
        found = list(folder.path.glob(re.sub(r"%\d*d", "*", name.replace("/tmp/", ""))))
        if not found or not all(path.stat().st_size for path in found):
            problems.append(f"{sink} has written nothing to {name}")
    return problems


def publish(folder):
    publisher = folder.start(PUBLISHER)
    while not (folder.path / "camera").exists() and publisher.poll() is None:
        time.sleep(0.05)
    return publisher


def check_line(line):
    with launch.Folder() as folder:
        publisher = publish(folder) if reads_channel(line) else None
        status, printed = folder.run(line)
        problems = check_files(folder, line) if status == 0 else [f"status {status}"]
        if publisher:
            launch.stop(publisher)
    if " -m " in line and "winnowclassify, " not in printed:
        problems.append("no message of winnowclassify")
    return [f"{line}\n{printed[-1000:]}{problem}" for problem in problems]


def reads_channel(line):
    return "XDG_RUNTIME_DIR" in line and "winnowshmsink" not in line


def check_pipe(line):
    """A program that a server starts: it runs until it is ended, and H.264 comes out of a pipe."""
    line = re.sub(r"rtspclientsink location=\S+", "h264parse ! fakesink", line)
    line = line.replace("winnowshmsrc", "winnowshmsrc num-buffers=20")
    with launch.Folder() as folder:
        publisher = publish(folder)
        status, printed = folder.run(line + " > out")
        launch.stop(publisher)
        begins = (folder.path / "out").read_bytes()[:4]
    if status or ("fdsink" in line and begins != b"\0\0\0\1"):
        return [f"{line}\n{printed[-1000:]}status {status}, begins with {begins}"]
    return []


class Camera:
    """What the loop reads: a server, or without gst-rtsp-server a test picture that ends."""

    def __init__(self):
        self.port, self.server = "0", None

    def start(self):
        self.server = subprocess.Popen(SERVER + [self.port], stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.DEVNULL)
        self.port = self.server.stdout.readline().strip()
        return self.port.isdigit()

    def stop(self):
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()


def check_loop(text):
    """Who reads the channel gets frames again when the camera is back."""
    camera = Camera()
    parts = "gst-launch-1.0 ! rtspsrc ! rtpjpegpay ! rtpjpegdepay ! jpegenc"
    real = not missing(parts) and camera.start()
    if real:
        text = re.sub(r"rtsp://\S+", f"rtsp://127.0.0.1:{camera.port}/stream", text)
    else:
        text = re.sub(r"rtspsrc[^!]*", launch.CAMERA + " ", text)
    with launch.Folder() as folder:
        loop = folder.start(text)
        results = [folder.run(READER)]
        if real:
            camera.stop()
            time.sleep(3)  # the loop fails to connect meanwhile
            camera.start()
        results += [folder.run(READER) for _ in range(2)]
        printed = launch.stop(loop)
    if camera.server:
        camera.stop()
    print(f"  with {'a server that was killed' if real else 'a camera that ends'}")
    if any(status for status, _ in results):
        return [f"{text}\n{printed[-1000:]}\n{results}"]
    return []


def check(language, text):
    problems = []
    lines = re.findall(r"(?:^|exec:|runOnDemand: )(gst-launch-1.0 .*)", text, re.M) \
        if language == "yaml" else [text]
    for line in lines:
        line, _ = launch.stand_in(line)
        line = re.sub(r"^python3", sys.executable, line)
        without = missing(re.sub(r"^while .*\n\s*|\ndone", "", line))
        if "watchdog" in without:
            line, without = re.sub(r"! watchdog [^!]*", "", line), \
                [name for name in without if name != "watchdog"]
        if without:
            print(f"  skipped, without {', '.join(without)}: {line}")
        elif language == "yaml":
            problems += check_pipe(line)
        elif line.startswith("while"):
            problems += check_loop(line)
        else:
            problems += check_line(line)
    return problems


def main():
    problems, sections = [], set()
    for section, language, text in recipes():
        if len(sys.argv) > 1 and sys.argv[1] not in section:
            continue
        sections.add(section)
        print(section, flush=True)
        problems += check(language, text)
    print("\n".join(problems))
    return bool(problems) or not sections


if __name__ == "__main__":
    sys.exit(main())
