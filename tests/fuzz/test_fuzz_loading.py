"""Lakes of strangers in a real database: no line stops the load, and each is a message there, or rejected there."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given

from conftest import Database
from factories import NOW, lake, lake_file
from fuzz.mutations import each_seed, fuzzed, mutated_bytes
from fuzz.test_fuzz_lake_channels import TOKENS as CHANNEL_TOKENS
from fuzz.test_fuzz_lake_lines import TOKENS as LINE_TOKENS
from medical_telegram_warehouse.lake.parse import ParsedRecord
from medical_telegram_warehouse.lake.reader import list_message_files, read_records
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.offers.step import extract_message_offers

FORGET = """
    TRUNCATE
        raw.telegram_messages, raw.telegram_message_observations, raw.telegram_message_texts, raw.telegram_channels,
        raw.rejected_records, raw.message_genres, raw.message_offers, ops.loaded_files, ops.offer_extraction
"""
CHANNELS = (Path(__file__).parent / "seeds/lake_channels/own.jsonl").read_bytes()


def check(database: Database, content: bytes, channels: bytes) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        lake_file(root, content, name="shop.jsonl")
        described = root / "telegram_channels" / "2026-09-30.jsonl"
        described.parent.mkdir()
        described.write_bytes(channels)
        check_loaded(database, lake(root))


def check_loaded(database: Database, foreign: Lake) -> None:
    with database.connect() as connection, database.connect() as reader:
        connection.execute(FORGET)
        summary = load_messages(connection, [foreign], now=NOW)
        assert load_messages(connection, [foreign], now=NOW).files_read in (0, summary.files_read)
        usable, unusable = parsed(foreign)
        refused = database.value("SELECT count(*) FROM raw.rejected_records WHERE reason = 'refused_by_database'")
        rejected = "SELECT count(*) FROM raw.rejected_records WHERE file_path LIKE 'telegram_messages/%%'"
        assert database.value(rejected) == unusable + refused
        stored = set(database.rows("SELECT channel_name, message_id FROM raw.telegram_message_observations"))
        assert stored <= usable
        assert len(usable) - len(stored) <= refused
        offers = extract_message_offers(connection, reader, workers=1)
        assert offers.messages == database.value("SELECT count(*) FROM raw.telegram_messages")


def parsed(foreign: Lake) -> tuple[set[tuple[str, int]], int]:
    """The messages that the lake's reader finds, and how many records it rejects."""
    [source], _ = list_message_files(foreign)
    with source.path.open("rb") as file:
        records = [record for _, record in read_records(source, file, 0, hashlib.sha256(), NOW)]
    usable = [record.message for record in records if isinstance(record, ParsedRecord)]
    return {(message.channel_name, message.message_id) for message in usable}, len(records) - len(usable)


@each_seed("lake_lines")
def test_each_seed_of_lines_is_loaded(database: Database, seed: bytes) -> None:
    check(database, seed, CHANNELS)


@each_seed("lake_channels")
def test_each_seed_of_channels_is_loaded(database: Database, seed: bytes) -> None:
    check(database, b"", seed)


@fuzzed(0.3)
@given(content=mutated_bytes("lake_lines", LINE_TOKENS), channels=mutated_bytes("lake_channels", CHANNEL_TOKENS))
def test_any_lake_is_loaded_and_its_offers_are_read(database: Database, content: bytes, channels: bytes) -> None:
    check(database, content, channels)
