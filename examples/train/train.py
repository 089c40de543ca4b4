#!/usr/bin/env python3
"""From captures to a model and back: records, builds a data set, looks at it, trains, classifies.

The captures are invented here: two applications that differ in their timing alone. Needs Python 3.8 and its
standard library; with pandas (and pyarrow) or polars it also shows the table in Python.

    python3 examples/train/train.py --tractor target/release/tractor [--folder DIR]
"""

import argparse
import json
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

# Of each application: gaps between packets in seconds, least and most, and every how many the server answers.
APPLICATIONS = {"ticker": (0.018, 0.022, 4), "talker": (0.05, 0.6, 2)}
CAPTURES = 3
FLOWS = 20
START_S = 1_700_000_000
MODEL_PLUGIN = "org.tractor.forest"


def packet(port, is_answer, payload_bytes):
    """An Ethernet frame with a datagram between a client and a server."""
    client, server = (bytes([192, 0, 2, 1]), port), (bytes([203, 0, 113, 9]), 9_999)
    source, target = (server, client) if is_answer else (client, server)
    datagram = struct.pack("!HHHH", source[1], target[1], 8 + payload_bytes, 0) + bytes(payload_bytes)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0) + source[0] + target[0]
    return bytes(12) + b"\x08\x00" + header + datagram


def record(path, application, seed):
    """A pcap file of some flows of an application."""
    least, most, answers = APPLICATIONS[application]
    chance = random.Random(f"{application} {seed}")
    packets = []
    for flow in range(FLOWS):
        time = START_S + 86_400 * seed + 2 * flow
        for number in range(chance.randint(20, 40)):
            packets.append((time, packet(20_000 + flow, number % answers == answers - 1, 40 + number)))
            time += chance.uniform(least, most)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1))
        for time, data in sorted(packets, key=lambda one: one[0]):
            file.write(struct.pack("<IIII", int(time), int(time % 1 * 1e6), len(data), len(data)) + data)


def show(table):
    """The data set with whatever reads Parquet here."""
    try:
        import pandas

        frame = pandas.read_parquet(table)
        print(frame.groupby("class1")[["duration", "mean_fiat", "flowPktsPerSecond"]].mean())
        return
    except ImportError:
        pass
    try:
        import polars

        columns = ["duration", "mean_fiat", "flowPktsPerSecond"]
        print(polars.read_parquet(table).group_by("class1").agg(polars.col(columns).mean()))
    except ImportError:
        print("neither pandas with pyarrow nor polars is installed: the table is not shown")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tractor", default=shutil.which("tractor") or "target/release/tractor")
    arguments.add_argument("--folder", help="where to work; a temporary folder unless given")
    arguments = arguments.parse_args()
    folder = Path(arguments.folder or tempfile.mkdtemp(prefix="tractor-train-"))

    def tractor(*words):
        print("$ tractor", *words, flush=True)
        done = subprocess.run([arguments.tractor, *map(str, words)], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"tractor ended with exit code {done.returncode}")
        return done.stdout

    captures = folder / "captures"
    captures.mkdir(parents=True, exist_ok=True)
    for application in APPLICATIONS:
        for number in range(CAPTURES):
            # The name says the class, as that of a file of `tractor capture` does.
            record(captures / f"{application}_1{number}-11-2023-22-13.pcap", application, number)

    table, model, report = folder / "data.parquet", folder / "model.tractor", folder / "report.html"
    cut = ("--active-timeout", "15s")
    tractor("dataset", "build", captures, "--profile", "iscx-a2", *cut, "-o", table)
    print(tractor("dataset", "describe", table))
    show(table)
    print(tractor("train", table, "--trees", 50, "--cv", 3, "--report", report, "-o", model))

    # Without a model it is there, and not loaded.
    plugins = json.loads(tractor("plugins", "--json"))
    if all(plugin["id"] != MODEL_PLUGIN for plugin in plugins["loaded"] + plugins["absent"]):
        print(f"this program has no {MODEL_PLUGIN}: nothing is classified")
        return
    for application in APPLICATIONS:
        fresh = folder / f"{application}.pcap"
        record(fresh, application, 99)
        option = f"{MODEL_PLUGIN}.model={model}"
        lines = tractor("flows", fresh, "--format", "jsonl", *cut, "--plugin-option", option)
        found = [json.loads(line).get("traffic_class") for line in lines.splitlines()]
        right = sum(one == application for one in found)
        print(f"{application}: {right} of {len(found)} flows are found")
    print(f"everything is in {folder}")


if __name__ == "__main__":
    main()
