# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishers and readers of one channel killed at random, for SOAK_SECONDS (300).

Whenever a publisher was killed the next one must get the socket, every reader that lives must see
its frames, and at the end no process may hold the channel's memory.  env PUBLISH:
tests/ipc/publish; READER: apps/examples/reader.
"""
import os
import pathlib
import random
import select
import subprocess
import sys
import tempfile
import time

READERS = 6
PATIENCE = 20  # seconds; a reader looks for a publisher ten times a second


def start_publisher(path):
    return subprocess.Popen([os.environ["PUBLISH"], path, "1000000000", "1000"])


def start_reader(path):
    return subprocess.Popen([os.environ["READER"], path], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def kill(process):
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def sees_frames(reader):
    """Whether it prints anything that was not printed before now."""
    end = time.monotonic() + PATIENCE
    while select.select([reader.stdout], [], [], 0)[0]:
        if not os.read(reader.stdout.fileno(), 1 << 20):
            return False
    return bool(select.select([reader.stdout], [], [], end - time.monotonic())[0])


def holders_of_memory():
    """The processes that have a channel's memory open."""
    held = set()
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if "memfd:winnow" in os.readlink(link):
                held.add(link.parts[2])
        except OSError:  # it has gone
            continue
    return held


def main():
    end = time.monotonic() + float(os.environ.get("SOAK_SECONDS", "300"))
    chance = random.Random(1)
    killed = {"publishers": 0, "readers": 0}
    strangers = holders_of_memory()
    with tempfile.TemporaryDirectory(prefix="winnow-soak-") as folder:
        path = os.path.join(folder, "channel")
        publisher = start_publisher(path)
        readers = [start_reader(path) for _ in range(READERS)]
        while time.monotonic() < end:
            if chance.random() < 0.3:
                kill(publisher)
                publisher = start_publisher(path)
                killed["publishers"] += 1
            else:
                victim = chance.randrange(READERS)
                kill(readers[victim])
                readers[victim] = start_reader(path)
                killed["readers"] += 1
            if chance.random() < 0.2:
                blind = [k for k, reader in enumerate(readers) if not sees_frames(reader)]
                if blind or publisher.poll() is not None:
                    sys.exit(f"readers {blind} see nothing, publisher {publisher.poll()}, "
                             f"after {killed}")
            time.sleep(chance.random() * 0.1)
        for process in (publisher, *readers):
            kill(process)
        time.sleep(0.2)
        held, left = holders_of_memory() - strangers, os.listdir(folder)
        print(f"killed: {killed}; memory held by {held or 'nobody'}; left in the folder: {left}")
        last = subprocess.run([os.environ["PUBLISH"], path, "1"], check=False)
        return bool(held) or left not in ([], ["channel"]) or last.returncode or os.listdir(folder)


if __name__ == "__main__":
    sys.exit(bool(main()))
