"""`mtw offers` as a person uses it, each command in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conftest import PROJECT, Database
from factories import copied_project
from labelled_offers import labelled, message, predicted, written

MTW = Path(sys.executable).with_name("mtw")
LIST = "💊 Amoxicillin 500mg 10x10 💵530\n💊 Paracetamol 500mg 10x10 💵120\n💊 Zorblaxin 20mg 3x10 (stock out)"
VACANCY = "Vacancy: pharmacist\nSalary 9000 birr\nQualification: degree in pharmacy, 2 years of experience"


class Result(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def mtw(*arguments: str | Path, typed: str = "", **environment: str) -> Result:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "POSTGRES_"))}
    done = subprocess.run(
        [str(MTW), *map(str, arguments)],
        input=typed,
        capture_output=True,
        text=True,
        env={**kept, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200", **environment},
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


def text_of(number: int, text: str | None, channel: str = "sample_a") -> dict[str, Any]:
    return {"channel_name": channel, "message_id": number, "date": "2026-01-01T08:00:00Z", "text": text}


class TestExtract:
    def test_each_line_of_the_output_is_a_message_of_the_input(self, tmp_path: Path) -> None:
        source = written(tmp_path / "in.jsonl", [text_of(1, LIST), "", text_of(2, VACANCY), text_of(3, None)])
        target = tmp_path / "out.jsonl"
        result = mtw("offers", "extract", "--input", source, "--output", target)
        assert result.code == 0, result.err
        assert "2 offers, 2 of them with a price, in 3 messages" in result.out
        first, second, third = (json.loads(line) for line in target.read_text("utf-8").splitlines())
        assert (first["channel_name"], first["message_id"], first["genre"]) == ("sample_a", 1, "price_list")
        assert [(offer["name"], offer["price"]) for offer in first["offers"]] == [
            ("Amoxicillin", 530),
            ("Paracetamol", 120),
        ]
        amoxicillin = first["offers"][0]
        start, end = amoxicillin["span"]
        assert LIST[start:end] == "Amoxicillin 500mg 10x10 💵530"
        assert (amoxicillin["product"], amoxicillin["strength"], amoxicillin["pack"]) == (
            "amoxicillin", "500mg", "10x10",
        )  # fmt: skip
        assert [(offer["name"], offer["price"]) for offer in first["stock_out"]] == [("Zorblaxin", None)]
        assert (second["genre"], second["offers"]) == ("job_ad", [])
        assert (third["genre"], third["offers"]) == ("media_only", [])
        assert list(tmp_path.glob("*.part")) == []

    def test_the_manual_names_every_key_of_the_output(self, tmp_path: Path) -> None:
        source = written(tmp_path / "in.jsonl", [text_of(1, LIST)])
        mtw("offers", "extract", "--input", source, "--output", tmp_path / "out.jsonl")
        row = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
        named = set(re.findall(r"^\| `(\w+)` \|", (PROJECT / "docs" / "offers.md").read_text("utf-8"), re.MULTILINE))
        assert row.keys() | row["offers"][0].keys() <= named

    def test_the_same_input_gives_the_same_bytes(self, tmp_path: Path) -> None:
        source = written(tmp_path / "in.jsonl", [text_of(1, LIST), text_of(2, VACANCY)])
        found = []
        for seed in "12":
            target = tmp_path / f"{seed}.jsonl"
            assert mtw("offers", "extract", "--input", source, "--output", target, PYTHONHASHSEED=seed).code == 0
            found.append(target.read_bytes())
        assert found[0] == found[1]

    @pytest.mark.parametrize(
        ("bad", "says"),
        [
            ("{", "line 2"),
            ('{"channel_name": "sample_a"}', "message_id"),
            ('{"channel_name": "sample_a", "message_id": "x"}', "message_id"),
            ('{"channel_name": "sample_a", "message_id": 2, "text": 5}', "text"),
            ("[]", "line 2"),
        ],
    )
    def test_a_bad_line_is_named_and_nothing_is_left(self, tmp_path: Path, bad: str, says: str) -> None:
        source = written(tmp_path / "in.jsonl", [text_of(1, LIST), bad])
        result = mtw("offers", "extract", "--input", source, "--output", tmp_path / "out.jsonl")
        assert (result.code, result.out) == (1, "")
        said = " ".join(result.err.split())
        assert f"{source}, line 2: " in said
        assert says in said
        assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]

    def test_a_bad_line_leaves_an_older_output_as_it_was(self, tmp_path: Path) -> None:
        (tmp_path / "out.jsonl").write_text("older", "utf-8")
        source = written(tmp_path / "in.jsonl", ["{"])
        assert mtw("offers", "extract", "--input", source, "--output", tmp_path / "out.jsonl").code == 1
        assert (tmp_path / "out.jsonl").read_text("utf-8") == "older"

    def test_bytes_that_are_no_text_are_named(self, tmp_path: Path) -> None:
        source = tmp_path / "in.jsonl"
        source.write_bytes(b'{"channel_name": "a", "message_id": 1, "text": "\xff"}\n')
        result = mtw("offers", "extract", "--input", source, "--output", tmp_path / "out.jsonl")
        assert result.code == 1
        assert "line 1: " in result.err

    def test_places_that_cannot_be_read_or_written_are_named(self, tmp_path: Path) -> None:
        missing = mtw("offers", "extract", "--input", tmp_path / "none.jsonl", "--output", tmp_path / "out.jsonl")
        assert missing.code == 1
        assert "none.jsonl cannot be read" in " ".join(missing.err.split())
        source = written(tmp_path / "in.jsonl", [text_of(1, LIST)])
        nowhere = mtw("offers", "extract", "--input", source, "--output", tmp_path / "no" / "out.jsonl")
        assert nowhere.code == 1
        assert "out.jsonl" in nowhere.err


class TestExplain:
    def test_every_line_and_number_has_its_reason(self) -> None:
        result = mtw("offers", "explain", LIST.replace("\n", "\\n") + "\\nDelivery fee 100 birr\\nCall 0911000000")
        assert result.code == 0, result.err
        assert re.search(r"^price_list \(\d+%\): 3 products|^price_list \(\d+%\): ", result.out)
        assert re.search(r"^item +💊 Amoxicillin", result.out, re.MULTILINE)
        for said in (
            "500mg: no price, it is a strength",
            "10x10: no price, it is a pack",
            "530: price, a sign or word of money stands before it",
            "100: no price, it pays for delivery",
            "0911000000: no price, it is a phone number",
        ):
            assert said in result.out
        assert re.search(r"^ *Amoxicillin +amoxicillin \(exact\) +500mg .* 530 ", result.out, re.MULTILINE)
        assert re.search(r"^ *Zorblaxin +zorblaxin \(none\) .* stock out ", result.out, re.MULTILINE)
        assert (
            "repost key: the text that is compared: amoxicillin 500mg 10x10 paracetamol 500mg 10x10 zor" in result.out
        )

    @pytest.mark.parametrize("arguments", [(), ("-",)])
    def test_the_text_may_be_piped_in(self, arguments: tuple[str, ...]) -> None:
        result = mtw("offers", "explain", *arguments, typed=LIST)
        assert result.code == 0, result.err
        assert "530: price" in result.out

    def test_a_post_that_offers_nothing_says_why_its_numbers_are_no_prices(self) -> None:
        result = mtw("offers", "explain", typed=VACANCY)
        assert result.out.startswith("job_ad")
        assert "offer no products" in result.out
        assert not re.search(r": price,", result.out)

    def test_square_brackets_are_text_and_nothing_is_no_text(self) -> None:
        result = mtw("offers", "explain", "[bold] Zinc 20mg [/bold] 💵 90")
        assert result.code == 0, result.err
        assert "[bold] Zinc 20mg [/bold]" in result.out
        empty = mtw("offers", "explain", "").out
        assert empty.startswith("media_only")
        assert "repost key: the text that is compared: none, too little is said" in empty


class TestEvaluate:
    @pytest.fixture
    def texts(self, tmp_path: Path) -> Path:
        rows = [text_of(1, LIST), text_of(2, VACANCY), text_of(3, LIST, channel="sample_b")]
        return written(tmp_path / "texts.jsonl", rows)

    @pytest.fixture
    def labels(self, tmp_path: Path) -> Path:
        """One price of the second list is labelled differently."""
        amoxicillin = labelled("Amoxicillin", 530, strength="500mg", pack="10x10")
        offers = [amoxicillin, labelled("Paracetamol", 120, strength="500mg", pack="10x10")]
        other = [amoxicillin, labelled("Paracetamol", 125, strength="500mg", pack="10x10")]
        rows = [
            message(1, *offers, genre="price_list"),
            message(2, genre="job_ad"),
            message(3, *other, genre="price_list", channel="sample_b"),
        ]
        return written(tmp_path / "labels.jsonl", rows)

    def test_our_own_reading_is_measured(self, tmp_path: Path, labels: Path, texts: Path) -> None:
        document = tmp_path / "figures.md"
        result = mtw(
            "offers", "evaluate", labels, "--texts", texts, "--markdown", document, "--note", "Three invented messages."
        )
        assert result.code == 0, result.err
        for said in (result.out, document.read_text("utf-8").replace("\\", "")):
            assert "Three invented messages." in said
            assert "3 labelled messages in 2 clusters of reposts, with 4 offers" in " ".join(said.split())
            assert re.search(r"offers: F1\W+1\.000", said)
            assert re.search(r"offers with the right price: F1\W+0\.750", said)
            assert re.search(r"genre right\W+1\.000", said)
            assert "without sample_b" in said
            assert re.search(r"Wrong price: 1", said)
        assert f"written to {document}" in " ".join(result.out.split())

    def test_predictions_of_another_extractor_are_measured_alike(
        self, tmp_path: Path, labels: Path, texts: Path
    ) -> None:
        ours = tmp_path / "ours.jsonl"
        assert mtw("offers", "extract", "--input", texts, "--output", ours).code == 0
        command = ("offers", "evaluate", labels, "--texts", texts)
        assert mtw(*command, "--predictions", ours).out == mtw(*command).out
        theirs = written(tmp_path / "theirs.jsonl", [message(1, predicted("Amoxicillin", 531))])
        result = mtw(*command, "--predictions", theirs)
        assert result.code == 0, result.err
        assert "2 labelled messages have no prediction" in " ".join(result.out.split())
        assert re.search(r"offers: recall\W+0\.250", result.out)

    def test_a_bad_label_is_named(self, tmp_path: Path, texts: Path) -> None:
        labels = written(tmp_path / "labels.jsonl", [{**message(1), "genre": "poem"}])
        result = mtw("offers", "evaluate", labels, "--texts", texts)
        assert (result.code, result.out) == (1, "")
        assert "labels.jsonl, line 1: " in " ".join(result.err.split())
        assert "poem" in result.err


class TestReview:
    """Names that nobody knows, and the answers, on a copy of the project."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        return copied_project(tmp_path / "project")

    @pytest.fixture
    def environment(self, project: Path, tmp_path: Path, database: Database) -> dict[str, str]:
        lake = tmp_path / "scraped" / "telegram_messages" / "2026-10-01"
        lake.mkdir(parents=True)
        texts = ["\n".join(f"💊 {name} 💵{price}" for name, price in posts) for posts in POSTS]
        rows = [
            {"channel_name": "shop", "message_id": number, "message_date": "2026-09-30T08:00:00Z", "message_text": text}
            for number, text in enumerate(texts, start=1)
        ]
        written(lake / "shop.jsonl", rows)
        return {
            "PROJECT_DIR": str(project),
            "DATA_DIR": str(tmp_path / "data"),
            "POSTGRES_HOST": database.host,
            "POSTGRES_PORT": str(database.port),
            "POSTGRES_DB": database.dbname,
            "POSTGRES_USER": database.user,
            "POSTGRES_PASSWORD": database.password,
        }

    def test_from_an_unknown_name_to_its_product(
        self, environment: dict[str, str], project: Path, tmp_path: Path, database: Database
    ) -> None:
        def run(*arguments: str) -> str:
            result = mtw(*arguments, **environment)
            assert result.code == 0, result.err
            return result.out

        run("scrape", "--source", "lake", "--lake", str(tmp_path / "scraped"))
        loaded = run("load", "messages")
        assert re.search(r"extract_message_offers +6 offers, 6 of them with a price, in 2 messages", loaded)
        assert "nothing new to read" in run("offers", "run")
        with database.connect() as connection:
            connection.execute("TRUNCATE raw.message_offers, raw.message_genres, ops.offer_extraction")
        read = run("offers", "run")
        assert re.search(r"extract_message_offers +6 offers, 6 of them with a price, in 2 messages", read)
        assert re.search(r"price_list +2", read)
        run("transform", "messages")
        review = run("offers", "review")
        assert re.findall(r"^ *(Zorblaxin|Quvimor) +(\d) +1 ", review, re.MULTILINE) == [
            ("Zorblaxin", "2"),
            ("Quvimor", "1"),
        ]
        assert "Amoxicillin" not in review
        assert len(run("offers", "review", "--limit", "1").splitlines()) == 2

        said = run("offers", "answer", "zorblaxin", "Zorblax", "--class", "medicine", "--brand", "Zorblax")
        assert said.startswith("added in ")
        seed = project / "warehouse" / "seeds" / "product_answers.csv"
        assert (
            seed.read_text("utf-8") == "name,product,generic,brand,product_class\nzorblaxin,Zorblax,,Zorblax,medicine\n"
        )
        again = run("offers", "answer", "ZORBLAXIN", "Zorblax, new", "--class", "medicine", "--generic", "zorbium")
        assert again.startswith("replaced in ")
        assert seed.read_text("utf-8").splitlines()[1:] == ['ZORBLAXIN,"Zorblax, new",zorbium,,medicine']
        run("transform", "messages")
        assert "Zorblaxin" not in run("offers", "review")
        linked = "SELECT DISTINCT product_name, generic, link_method FROM marts.fct_offers WHERE name = 'Zorblaxin'"
        assert database.rows(linked) == [("Zorblax, new", "zorbium", "answer")]

        run("offers", "answer", "Quvimor", "Quvimor", "--class", "other")
        run("transform", "messages")
        assert run("offers", "review").strip() == "Every name that was offered is known."

    def test_an_answer_that_says_nothing_is_refused(self, environment: dict[str, str], project: Path) -> None:
        seed = project / "warehouse" / "seeds" / "product_answers.csv"
        before = seed.read_bytes()
        for arguments, says in (
            (("zinc", "Zinc", "--class", "toy"), "choose one of: medicine, "),
            (("💊", "Zinc", "--class", "other"), "needs a name and a product"),
            (("zinc", " ", "--class", "other"), "needs a name and a product"),
        ):
            result = mtw("offers", "answer", *arguments, **environment)
            assert result.code == 1
            assert says in " ".join(result.err.split())
        assert seed.read_bytes() == before

    def test_a_seed_with_other_columns_is_left_alone(self, environment: dict[str, str], project: Path) -> None:
        seed = project / "warehouse" / "seeds" / "product_answers.csv"
        seed.write_text("word,meaning\na,b\n", "utf-8")
        result = mtw("offers", "answer", "zinc", "Zinc", "--class", "other", **environment)
        assert result.code == 1
        assert "its columns are name, product" in " ".join(result.err.split())
        assert seed.read_text("utf-8") == "word,meaning\na,b\n"

    def test_review_before_any_build_says_what_to_do(self, environment: dict[str, str]) -> None:
        result = mtw("offers", "review", **environment)
        assert result.code == 1
        assert "mtw transform" in " ".join(result.err.split())


POSTS = (
    (("Zorblaxin", 300), ("Amoxicillin 500mg 10x10", 530), ("Paracetamol 500mg 10x10", 120), ("Quvimor", 90)),
    (("Zorblaxin", 310), ("Amoxicillin 500mg 10x10", 540)),
)
