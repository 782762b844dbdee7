"""`python -m telegram_server`: serves one generated channel until it is killed, for benchmarks and trials by hand."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from telegram_server.server import TelegramServer
from telegram_server.world import World


def main() -> None:
    parser = argparse.ArgumentParser(prog="telegram_server", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, help="length of the channel")
    parser.add_argument("--photos", type=float, default=0.0, help="share of its messages that have a photo, 0 to 1")
    parser.add_argument("--photo-bytes", type=int, default=40_000, help="size of each photo")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ready-file", type=Path, required=True, help="where to write how to connect, as JSON")
    options = parser.parse_args()

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    world = World()
    account = world.add_account(phone="+251911000001", username="abebe")
    world.add_generated_channel(
        "big_channel", messages=options.messages, photo_share=options.photos, photo_bytes=options.photo_bytes
    )
    with TelegramServer(world, port=options.port, delay=options.delay) as server:
        facts = {
            "dc": server.dc,
            "public_key": str(server.public_key),
            "session": world.session_string(account, server),
        }
        # Written beside and moved into place: whoever waits for the file never reads half of it.
        draft = options.ready_file.with_name(options.ready_file.name + ".part")
        draft.write_text(json.dumps(facts), encoding="utf-8")
        draft.replace(options.ready_file)
        stopped.wait()


if __name__ == "__main__":
    main()
