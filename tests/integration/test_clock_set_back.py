"""The server's clock goes back by a month between two nights: what the second brings is in the marts all the same."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from psycopg.sql import SQL, Identifier

from conftest import Database
from factories import PROJECT, lake, lake_file, line
from medical_telegram_warehouse.load.messages import load_messages
from medical_telegram_warehouse.offers.step import extract_message_offers
from medical_telegram_warehouse.transform import TransformStep, build

OFFER = "Paracetamol 500mg tab price {} birr"


def a_night(database: Database, root: Path) -> None:
    with database.connect() as connection, database.connect() as reader:
        load_messages(connection, [lake(root)])
        extract_message_offers(connection, reader)
    build(TransformStep.MESSAGES, project_dir=PROJECT, address=database.address, report_timezone="Africa/Addis_Ababa")


def set_clock_back(database: Database) -> None:
    """A server's clock cannot be set here; so all that it has written moves on by a month."""
    with database.connect() as connection:
        columns = connection.execute(
            """
            SELECT table_schema, table_name, column_name
            FROM information_schema.columns INNER JOIN information_schema.tables USING (table_schema, table_name)
            WHERE
                table_type = 'BASE TABLE' AND data_type = 'timestamp with time zone'
                AND table_schema IN ('raw', 'ops', 'marts', 'intermediate')
                AND column_name IN (
                    'loaded_at', 'first_loaded_at', 'extracted_at', 'updated_at', 'content_updated_at', 'moved_at',
                    'read_up_to', 'read_before', 'built_at'
                )
            """
        ).fetchall()
        assert len(columns) > 15
        for schema, table, column in columns:
            connection.execute(
                SQL("UPDATE {} SET {column} = {column} + interval '30 days'").format(
                    Identifier(schema, table), column=Identifier(column)
                )
            )


def test_messages_and_offers_of_after_it_reach_the_marts(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They bore earlier times than what the models had read already, and were passed over for ever."""
    caplog.set_level(logging.WARNING)
    lake_file(tmp_path, line(1, message_text=OFFER.format(100)))
    a_night(database, tmp_path)
    assert "clock was set back" not in caplog.text
    set_clock_back(database)

    lake_file(tmp_path, line(1, message_text=OFFER.format(100)) + line(2, message_text=OFFER.format(120)))
    a_night(database, tmp_path)
    assert "the database server's clock was set back" in caplog.text
    assert database.rows("SELECT message_id FROM marts.fct_messages ORDER BY 1") == [(1,), (2,)]
    assert database.rows("SELECT message_id, price FROM marts.fct_offers ORDER BY 1") == [(1, 100), (2, 120)]

    caplog.clear()
    lake_file(tmp_path, line(3, message_text=OFFER.format(130)), name="other.jsonl")
    a_night(database, tmp_path)
    assert "clock was set back" not in caplog.text, "what was read from then on is remembered by the new clock"
    assert database.rows("SELECT message_id, price FROM marts.fct_offers ORDER BY 1") == [(1, 100), (2, 120), (3, 130)]
