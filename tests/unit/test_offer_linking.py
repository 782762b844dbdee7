"""Names and the products that they mean; and the dictionary itself."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

import pytest

from medical_telegram_warehouse.offers.dictionary import FILES, dictionary
from medical_telegram_warehouse.offers.extraction import extract_offers
from medical_telegram_warehouse.offers.folding import fold_words
from medical_telegram_warehouse.offers.linking import link

CLASSES = {"medicine", "supplement", "baby food", "cosmetic", "device", "supply", "test", "other"}
FORMS = {
    *("tablet", "capsule", "syrup", "suspension", "injection", "infusion", "cream", "ointment", "gel", "drops"),
    *("inhaler", "suppository", "powder", "shampoo", "gummies", "softgel", "spray", "device", "supply", "test"),
    *("food", "cosmetic", "other", ""),
}
DATA = Path(str(resources.files("medical_telegram_warehouse.offers"))) / "data"


def rows(name: str) -> list[dict[str, str]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


class TestLinking:
    @pytest.mark.parametrize(
        ("names", "product"),
        [
            (("Omeprazole", "omeprazol", "Omperazole", "OMEPRAZOLE caps", "ኦሜፕራዞል", "የኦሜፕራዞል"), "omeprazole"),
            (("Salbutamol", "Sulbutamol tab", "albuterol", "Salbutamol puff"), "salbutamol"),
            (("Amoxicillin", "Amoxacillin", "Amoxa", "Amyn", "አሞክሲሲሊን", "amoxicilline"), "amoxicillin"),
            (("Augmentin", "amoxicillin + clavulanic acid", "Clavamyn"), "amoxicillin + clavulanic acid"),
            (("Paracetamol", "PCM tab", "acetaminophen", "Panadol"), "paracetamol"),
            (("Tinidazole", "Tindazole"), "tinidazole"),
            (("Metformin", "Glucophage"), "metformin"),
            (("Azithromycin", "Zithromax", "Azithromycyn", "Azithromicin"), "azithromycin"),
            (("Salbutamol", "Ventolin", "ሳልቡታሞል"), "salbutamol"),
        ],
    )
    def test_spellings_scripts_and_brands_meet_in_one_product(self, names: tuple[str, ...], product: str) -> None:
        assert {name: link(name).product for name in names} == dict.fromkeys(names, product)

    @pytest.mark.parametrize(
        "name", ["Amoxicillin Capsules BP", "AMOXICILLIN", " amoxicillin ", "Amoxicillin (India)", "*Amoxicillin*"]
    )
    def test_case_signs_and_words_around_it_do_not_change_the_product(self, name: str) -> None:
        linked = link(name)
        assert (linked.product, linked.generic, linked.product_class) == ("amoxicillin", "amoxicillin", "medicine")

    def test_an_exact_name_is_surer_than_a_spelling_and_a_spelling_surer_than_likeness(self) -> None:
        scores = [link(name).score for name in ("omeprazole", "omeprazol", "Azithromycyn", "Zorblaxin")]
        assert scores == sorted(scores, reverse=True)
        assert (scores[0], scores[-1]) == (1, 0)

    @pytest.mark.parametrize("name", ["zinq", "Bmoxicillin"])
    def test_a_short_word_and_another_first_letter_are_no_misspelling(self, name: str) -> None:
        assert link(name).method == "none"

    def test_a_brand_is_kept_beside_its_substance(self) -> None:
        linked = link("Nexap")
        assert (linked.brand, linked.generic, linked.product) == ("Nexap", "esomeprazole", "esomeprazole")

    def test_the_way_to_a_product_is_told(self) -> None:
        assert link("omeprazole").method == "exact"
        assert link("Omeprazole caps BP").method == "normalised"
        assert link("Azithromycyn").method == "fuzzy"
        assert link("Zorblaxin").method == "none"

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("prednisone", "prednisolone"), ("chlorpromazine", "chlorpropamide"), ("cefixime", "cefuroxime"),
            ("hydroxyzine", "hydralazine"), ("clonidine", "clozapine"), ("metformin", "metronidazole"),
            ("esomeprazole", "omeprazole"), ("amlodipine", "amiodarone"), ("vinblastine", "vincristine"),
            ("cefotaxime", "ceftazidime"), ("dopamine", "dobutamine"),
            ("doxorubicin", "daunorubicin"), ("chloroquine", "hydroxychloroquine"), ("enalapril", "captopril"),
            ("carbamazepine", "carbimazole"), ("ofloxacin", "levofloxacin"), ("loratadine", "desloratadine"),
            ("lamotrigine", "lamivudine"), ("losartan", "valsartan"), ("fluoxetine", "fluvoxamine"),
            ("artemether", "artesunate"), ("albendazole", "mebendazole"), ("epinephrine", "ephedrine"),
        ],
    )  # fmt: skip
    def test_drugs_that_look_alike_stay_apart(self, one: str, other: str) -> None:
        assert (link(one).product, link(other).product) == (one, other)

    def test_what_is_only_alike_must_have_the_dose_and_form(self) -> None:
        """A `glucometter` is misspelt; a 500 mg tablet of that name is something else."""
        assert link("glucometter").method == "fuzzy"
        assert link("glucometter", has_strength=True).method == "none"
        assert link("glucometter", form="tablet").method == "none"

    def test_sizes_tell_supplies_apart(self) -> None:
        names = (
            "Syringe 5cc",
            "Syringe 10cc",
            "IV cannula 18G",
            "IV cannula 20G",
            "Vicryl 2/0 tapered",
            "Vicryl 3/0 tapered",
        )
        assert len({link(name).product for name in names}) == len(names)
        assert link("Syring 5cc").product == link("Syringe 5cc").product
        assert {link(name).product_class for name in names} == {"supply"}

    def test_a_remedy_named_by_its_purpose_is_told_apart_by_its_other_words(self) -> None:
        first, second = link("Zorbavist eye drops"), link("Zorbaflam eye drop")
        assert (first.product, second.product) == ("eye drops zorbavist", "eye drops zorbaflam")
        assert (first.generic, first.product_class) == (None, "medicine")
        assert link("Bimatoprost eye drops").product == "bimatoprost"
        assert link("sleep aid with melatonin").product == "melatonin"

    def test_brands_without_a_substance_in_common_stay_apart(self) -> None:
        assert (link("Perfectil").product, link("Viviscal").product) == ("Perfectil", "Viviscal")

    def test_a_test_for_something_is_no_medicine(self) -> None:
        assert link("HCG test strip").product_class == "test"
        assert link("Examination glove powder free").product_class == "supply"

    def test_what_stands_in_brackets_tells_goods_apart(self) -> None:
        text = "• Kidney dish (plastic) = 100\n• Kidney dish (steel) = 300\n• Kidney dish = 200"
        found = [offer.product for offer in extract_offers(text).offers]
        assert found == ["kidney dish plastic", "kidney dish steel", "kidney dish"]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("bed pan plastic", "urinal plastic"),
            ("infusion pump", "syringe pump"),
            ("lead apron", "thyroid shield"),
            ("FSH test", "prolactin test"),
            ("TSH", "FT4"),
            ("bone file", "bone drill"),
            ("EDTA tube", "SST tube"),
            ("otoscope", "diagnostic set"),
            ("cold box", "vaccine carrier"),
        ],
    )
    def test_goods_of_one_shelf_are_not_one_product(self, one: str, other: str) -> None:
        assert link(one).product != link(other).product

    def test_an_unknown_name_is_its_own_product(self) -> None:
        first, second = link("Zorblaxin tab"), link("ZORBLAXIN")
        assert first.product == second.product == "zorblaxin"
        assert (first.method, first.generic, first.product_class) == ("none", None, "other")
        assert link("Zorblaxin", has_strength=True).product_class == "medicine"

    @pytest.mark.parametrize("name", ["", " ", "💊", "(", "ዝርዝር", "İİİ", "500"])
    def test_even_an_odd_name_gets_an_answer(self, name: str) -> None:
        assert link(name).method == "none"

    def test_several_substances_are_one_combination(self) -> None:
        assert link("Artemether + Lumefantrine").product == link("lumefantrine/artemether").product

    def test_a_name_in_brackets_links_where_the_other_does_not(self) -> None:
        (offer,) = extract_offers("Zorbulex (Ibuprofen) Tablet 💵265").offers
        assert (offer.product, offer.name) == ("ibuprofen", "Zorbulex (Ibuprofen) Tablet")


class TestDictionary:
    @pytest.mark.parametrize("name", [*FILES, "words.toml"])
    def test_each_file_names_a_licence_that_allows_to_ship_it(self, name: str) -> None:
        assert (DATA / name).read_text("utf-8").startswith("# SPDX-License-Identifier: CC0-1.0")

    def test_classes_and_forms_are_those_of_the_documents(self) -> None:
        every = [row for name in FILES for row in rows(name)]
        assert {row["product_class"] for row in every} == CLASSES
        assert {row.get("form", "") for row in every} <= FORMS

    def test_every_brand_holds_a_substance_that_is_listed(self) -> None:
        substances = {row["name"] for row in rows("substances.csv")}
        assert {row["generic"] for row in rows("brands.csv")} - {""} <= substances

    def test_no_spelling_means_two_products(self) -> None:
        """The second meaning would be lost without a word."""
        meanings: dict[str, set[tuple[str, str]]] = {}
        for name in FILES:
            for row in rows(name):
                entry = row.get("name") or row["brand"]
                for written in (entry, *row["spellings"].split("|"), *row["amharic"].split("|")):
                    if written:
                        meanings.setdefault(fold_words(written), set()).add((name, entry))
        assert {text: found for text, found in meanings.items() if len(found) > 1} == {}

    def test_every_name_of_it_links_to_its_own_entry(self) -> None:
        wrong = {}
        for text, spelling in dictionary().by_text.items():
            linked = link(text)
            expected = spelling.entry.generic or spelling.entry.name
            if linked.product != expected and not linked.product.startswith(expected):
                wrong[text] = (linked.product, expected)
        assert wrong == {}
