"""What stands before any meaning: folding, numbers, tokens and the values of fields."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import patiently
from medical_telegram_warehouse.offers import fields
from medical_telegram_warehouse.offers.folding import fold, fold_words
from medical_telegram_warehouse.offers.numbers import MAX_AMOUNT, amount
from medical_telegram_warehouse.offers.tokens import TokenKind, tokens


class TestFolding:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("𝗩𝗶𝘁𝗮𝗺𝗶𝗻 ５００ｍｇ", "Vitamin 500mg"),
            ("Аmoхicillin", "Amoxicillin"),  # Cyrillic А and х
            ("Zinc\u00a020\u202fmg", "Zinc 20 mg"),
            ("10×10", "10x10"),
            ("5 µg", "5 ug"),
            ("a\r\nb\rc\u2028d", "a\n\nb\nc\nd"),
        ],
    )
    def test_decorated_and_look_alike_letters_are_plain_ones(self, written: str, read: str) -> None:
        assert fold(written).text == read

    def test_what_no_reader_sees_is_gone_and_places_still_count_in_the_original(self) -> None:
        text = "\u200f**Zi\u200bnc** 20mg"
        folded = fold(text)
        assert folded.text == "Zinc 20mg"
        start = folded.text.index("20mg")
        first, last = folded.original(start, start + 4)
        assert text[first:last] == "20mg"
        first, last = folded.original(0, 4)
        assert text[first:last] == "Zi\u200bnc"

    @pytest.mark.parametrize(
        "mark", ["\u200b", "\u200f", "\u202e", "\u2066", "\u00ad", "\ufeff", "**", "~~"], ids=ascii
    )
    def test_each_mark_is_taken_out_wherever_it_stands(self, mark: str) -> None:
        for text in (f"{mark}Zinc 20mg{mark}", f"Zi{mark}nc 2{mark}0mg"):
            folded = fold(text)
            assert folded.text == "Zinc 20mg"
            assert [text[folded.original(place, place + 1)[0]] for place in range(9)] == list("Zinc 20mg")

    @pytest.mark.parametrize("text", ["5 * 3 ~ 15", "snake_case", "a_b", "x's"])
    def test_signs_that_mark_nothing_stay(self, text: str) -> None:
        assert fold(text).text == text

    @patiently
    @given(st.text(alphabet=st.characters(exclude_characters="*_~`", exclude_categories=["Cf", "Cs"]), max_size=60))
    def test_without_marks_a_text_keeps_its_length_and_places(self, text: str) -> None:
        """A letter that becomes two would shift every place after it."""
        folded = fold(text)
        assert len(folded.text) == len(folded.lower) == len(text)
        assert folded.offsets is None or list(folded.offsets) == list(range(len(text) + 1))

    @patiently
    @given(st.text(alphabet="Zi1 *_~`\u200b\u200fА\n", max_size=60))
    def test_with_marks_places_rise_and_end_within_the_text(self, text: str) -> None:
        folded = fold(text)
        places = list(range(len(text) + 1)) if folded.offsets is None else list(folded.offsets)
        assert len(places) == len(folded.text) + 1
        assert places == sorted(set(places))
        assert places[-1] == len(text)
        assert all(0 <= start <= end <= len(folded.text) for start, end in folded.struck)

    def test_an_unfinished_strike_strikes_nothing_out(self) -> None:
        assert fold("Zinc ~~600 500").struck == ()

    def test_struck_out_text_is_known_by_its_marks_and_by_spans(self) -> None:
        marked = fold("Zinc ~~600~~ 500")
        assert [marked.text[start:end] for start, end in marked.struck] == ["600"]
        both = fold("**Zinc** 600 500", struck=[(9, 12)])
        assert [both.text[start:end] for start, end in both.struck] == ["600"]

    def test_words_are_compared_without_case_signs_and_homophones(self) -> None:
        assert fold_words("Amoxi-Clav  625!") == "amoxi clav 625"
        assert fold_words("ሐኪም") == fold_words("ሀኪም")
        assert fold_words("ፀሐይ") == fold_words("ጸሀይ")
        assert fold_words("Ｚｉｎｃ") == "zinc"
        assert fold_words("💊 — !") == ""

    @patiently
    @given(st.text(max_size=40))
    def test_folded_words_are_single_words_apart_by_one_blank(self, text: str) -> None:
        folded = fold_words(text)
        assert folded == " ".join(folded.split())
        assert fold_words(folded) == folded


class TestNumbers:
    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("1200", 1200), ("1,200", 1200), ("1'200", 1200), ("1.200", 1200), ("1,250.50", 1250.5), ("22.50", 22.5),
            ("፭፻", 500), ("፲፪፻", 1200), ("፩፼", 10_000), ("፳፭", 25), ("፪፼፫፻፬", 20_304),
        ],
    )  # fmt: skip
    def test_amounts_are_read_however_thousands_are_parted(self, written: str, value: float) -> None:
        assert amount(written) == value

    @pytest.mark.parametrize("written", ["0", "0.00", "1000000000000", "9" * 400, str(MAX_AMOUNT + 1)])
    def test_nothing_and_too_much_are_no_amounts(self, written: str) -> None:
        assert amount(written) is None


class TestTokens:
    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("amoxa 500mg 10x10 💵615", [("500mg", "strength"), ("10x10", "pack"), ("615", "number")]),
            ("susp 228.5 mg/5m", [("228.5 mg/5m", "strength")]),
            ("cream 1% 15gm", [("1%", "strength"), ("15gm", "volume")]),
            ("malaria test box of 40", [("box of 40", "pack")]),
            ("antacid 150 chewable tablets", [("150 chewable tablets", "pack")]),
            ("ibuprofen 80 liquid gels", [("80 liquid gels", "pack")]),
            ("📦 130 / 260 units", [("📦 130 / 260 units", "carton")]),
            ("⏳jul-28", [("⏳jul-28", "expiry")]),
            ("exp: 05–06/2028", [("exp: 05–06/2028", "expiry")]),
            ("205 11/27📦 340", [("205", "number"), ("11/27", "expiry"), ("📦 340", "carton")]),
            ("syringe 5cc", [("5cc", "size")]),
            ("suture 2/0", [("2/0", "size")]),
            ("blade no.15,24", [("no.15,24", "size")]),
            ("22/01/26", [("22/01/26", "date")]),
            ("call 0900000011/0900000012", [("0900000011", "contact"), ("0900000012", "contact")]),
            ("☎ 09 00 00 00 11", [("09 00 00 00 11", "contact")]),
            ("t.me/sample and @sample", [("t.me/sample", "contact"), ("@sample", "contact")]),
            ("ከ80 - 350 ብር", [("80 - 350", "range")]),
            ("zinc 1 200 birr", [("1 200", "number")]),
        ],
    )
    def test_each_kind_is_told_from_the_others(self, line: str, found: list[tuple[str, str]]) -> None:
        assert [(line[token.start : token.end], token.kind.value) for token in tokens(line)] == found

    def test_tokens_never_overlap(self) -> None:
        line = "1,200 birr 10x10 of 50 exp 10/2028 📦 3 500mg/5ml @sample 0900000011 2/0 5cc"
        found = tokens(line)
        assert all(left.end <= right.start for left, right in pairwise(found))
        assert {token.kind for token in found} >= {TokenKind.PACK, TokenKind.STRENGTH, TokenKind.CONTACT}


class TestFields:
    @pytest.mark.parametrize(
        ("written", "month"),
        [
            ("⏳Jul-28", "2028-07"), ("exp: 10/2028", "2028-10"), ("08-27", "2027-08"), ("Feb28", "2028-02"),
            ("09/ 2027", "2027-09"), ("31/08/2028", "2028-08"), ("exp date may2029", "2029-05"),
            ("05–06/2028", "2028-05"), ("Nov/2026", "2026-11"), ("2028", None), ("6/3026", None), ("13/2028", None),
            ("31.08.28", "2028-08"), ("1-9-2027", "2027-09"), ("September 2027", "2027-09"),
            ("sept.27", "2027-09"), ("dec 2027", "2027-12"), ("0/2027", None), ("08/1999", None), ("soon", None),
        ],
    )  # fmt: skip
    def test_an_expiry_is_a_month_or_unknown(self, written: str, month: str | None) -> None:
        assert fields.expiry(written.lower()) == month

    @pytest.mark.parametrize(
        ("written", "strength"),
        [
            ("500 mg", "500mg"), ("156.25mg / 5 ml", "156.25mg/5ml"), ("228.5 mg/5m", "228.5mg/5ml"),
            ("1gm", "1g"), ("1,500 iu", "1500iu"), ("0,5%", "0.5%"), ("100ug", "100mcg"), ("1% w/w", "1%"),
        ],
    )  # fmt: skip
    def test_a_strength_is_written_in_one_way(self, written: str, strength: str) -> None:
        assert fields.strength(written) == strength

    def test_a_gram_and_a_thousand_milligrams_are_one_strength_of_a_product(self) -> None:
        assert fields.product_strength("1g") == fields.product_strength("1000mg") == "1000mg"
        assert fields.product_strength("500mcg") == "0.5mg"
        assert fields.product_strength("5%") == "5%"
        assert fields.product_strength(None) is None

    @pytest.mark.parametrize(
        ("line", "form"),
        [
            ("ketamine 50mg inj", "injection"), ("ampi cap", "capsule"), ("paracetamol syr", "syrup"),
            ("eye drop", "drops"), ("keto shampo", "shampoo"), ("soft gel caps", "softgel"), ("ሽሮፕ", "syrup"),
            ("fluconazole iv", "infusion"), ("iv cannula", None), ("syringe 5cc", None),
            ("artesunateinje", "injection"),
        ],
    )  # fmt: skip
    def test_a_form_is_read_from_its_usual_short_words(self, line: str, form: str | None) -> None:
        assert fields.form(line) == form

    @pytest.mark.parametrize(
        ("packs", "units"),
        [
            (["10x10"], 100),
            (["of 25"], 25),
            (["60 gummies"], 60),
            (["100 packs"], None),
            (["100ml"], None),
            (["8x25x30ml"], None),
            (["100ml", "of 12"], 12),
            (["1.36 Kg"], None),
            ([], None),
        ],
    )
    def test_units_are_counted_where_the_pack_says_so(self, packs: list[str], units: int | None) -> None:
        """A bottle of 100 ml is not a hundred of anything: its price per unit would be a hundredth."""
        assert fields.pack_units(packs) == units
