"""How sure the figures are: groups of messages, reposts of one text, and confidence intervals."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from labelled_offers import Row, corrupted, labelled, message, predicted, random_labels, written
from medical_telegram_warehouse.offers.evaluation import evaluate
from medical_telegram_warehouse.offers.evaluation.labels import Key, read_labelled, read_predicted
from medical_telegram_warehouse.offers.evaluation.matching import paired
from medical_telegram_warehouse.offers.evaluation.measures import Counts, added, counts_of, figures_of
from medical_telegram_warehouse.offers.evaluation.reposts import clusters_of
from medical_telegram_warehouse.offers.evaluation.resampling import by_channel, each_cluster_once, intervals

LIST = [
    f"{name} {form} from stock"
    for name in ("zinc", "iron", "biotin", "aspirin", "losartan", "tinidazole")
    for form in ("tablets", "syrup")
]
FOOTER = "call us any time\nat the big market beside the bank\nwe deliver everywhere in town"


@pytest.fixture
def counts(tmp_path: Path) -> dict[Key, Counts]:
    chance = random.Random(3)
    labels = random_labels(chance, 120)
    gold = read_labelled(written(tmp_path / "gold.jsonl", labels))
    found = read_predicted(written(tmp_path / "predicted.jsonl", corrupted(chance, labels)))
    return {
        key: counts_of(each, found.get(key), paired(each.offers, found[key].offers if key in found else ()))
        for key, each in gold.items()
    }


def _clusters(*texts: str | None, channel: str = "sample_a") -> list[list[int]]:
    keys = [Key(channel, number) for number in range(len(texts))]
    known = {key: text for key, text in zip(keys, texts, strict=True) if text is not None}
    return [[key.message_id for key in cluster] for cluster in clusters_of(keys, known)]


def test_counts_of_groups_add_up_to_those_of_the_whole(counts: dict[Key, Counts]) -> None:
    groups: dict[str, list[Counts]] = {}
    for key, each in counts.items():
        groups.setdefault(key.channel_name, []).append(each)
    assert len(groups) == 3
    assert np.array_equal(added(added(group) for group in groups.values()), added(counts.values()))


def test_a_channel_is_measured_by_itself_and_against_all_others(counts: dict[Key, Counts]) -> None:
    channels = by_channel(counts)
    assert [channel.channel_name for channel in channels] == ["sample_a", "sample_b", "sample_c"]
    assert sum(channel.messages for channel in channels) == len(counts)
    for channel in channels:
        own = [each for key, each in counts.items() if key.channel_name == channel.channel_name]
        others = [each for key, each in counts.items() if key.channel_name != channel.channel_name]
        assert channel.own == figures_of(added(own))
        assert channel.others == figures_of(added(others))


def test_the_only_channel_has_no_others(tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", [message(1, labelled("Zinc", 85))])
    [channel] = evaluate(gold, []).channels
    assert set(channel.others) == {None}


def test_intervals_are_the_same_each_time_and_hold_the_figures(counts: dict[Key, Counts]) -> None:
    clusters = [[key] for key in counts]
    figures = figures_of(added(counts.values()))
    found = intervals(counts, clusters)
    assert intervals(counts, clusters) == found
    assert tuple(found) == figures._fields
    for name, (low, high) in found.items():
        value = getattr(figures, name)
        assert low is not None
        assert high is not None
        assert low < value < high


def test_intervals_are_wider_where_messages_hang_together(counts: dict[Key, Counts]) -> None:
    keys = list(counts)
    alone = intervals(counts, [[key] for key in keys])["genre_accuracy"]
    together = intervals(counts, [keys[start : start + 20] for start in range(0, len(keys), 20)])["genre_accuracy"]
    assert None not in (*alone, *together)
    assert together != alone


def test_a_single_text_has_an_interval_without_width(tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", [message(1, labelled("Zinc", 85), labelled("Iron", 60))])
    result = evaluate(gold, written(tmp_path / "predicted.jsonl", [message(1, predicted("Zinc", 85))]))
    assert result.intervals["offers_recall"] == (0.5, 0.5)
    assert result.intervals["strength_accuracy"] == (None, None)


def test_many_reposts_of_one_text_weigh_as_much_as_another_text(tmp_path: Path) -> None:
    """Otherwise a shop that posts a well read list every day would hide that all others are read badly."""
    gold: list[Row] = [message(number, labelled("Zinc", 85)) for number in range(10)]
    found = [message(number, predicted("Zinc", 85)) for number in range(9)]
    texts = [
        {"channel_name": "sample_a", "message_id": number, "text": "Zinc 85 birr" if number < 9 else "85, our Zn"}
        for number in range(10)
    ]
    result = evaluate(
        written(tmp_path / "gold.jsonl", gold),
        written(tmp_path / "predicted.jsonl", found),
        written(tmp_path / "texts.jsonl", texts),
    )
    assert (result.clusters, result.without_text) == (2, 0)
    assert result.figures.offers_recall == 0.9
    assert result.each_cluster_once.offers_recall == 0.5


def test_without_texts_each_message_is_a_text_of_its_own(tmp_path: Path) -> None:
    gold = written(tmp_path / "gold.jsonl", [message(number, labelled("Zinc", 85)) for number in range(4)])
    result = evaluate(gold, [])
    assert (result.clusters, result.without_text) == (4, 4)
    assert result.each_cluster_once == result.figures


def test_weights_of_clusters_of_one_are_one(counts: dict[Key, Counts]) -> None:
    assert each_cluster_once(counts, [[key] for key in counts]) == figures_of(added(counts.values()))


def test_texts_that_differ_in_numbers_dates_emoji_spacing_and_case_are_one() -> None:
    one = "🆕 PRICE LIST 12 Jan 2026\nZinc = 85\nIron = 60"
    assert _clusters(one, "Price list, 3 February 2026\nzinc=90 💵\n\nIRON = 61", "Price list\nZinc and iron") == [
        [0, 1],
        [2],
    ]


def test_ethiopian_dates_are_dates_too() -> None:
    assert _clusters("የዛሬ ዋጋ ጥር 8 ቀን 2018", "የዛሬ ዋጋ የካቲት 12 ቀን 2018") == [[0, 1]]


def test_a_list_with_a_line_changed_is_the_same_list() -> None:
    changed = [*LIST[:2], "paracetamol syrup arrived", *LIST[3:]]
    assert _clusters("\n".join(LIST), "\n".join(changed), "something else that is for sale") == [[0, 1], [2]]


def test_texts_hang_together_over_others_in_between() -> None:
    """The first and the last are too different to be one text, but each is nearly its neighbour."""
    words = [f"{a}{b}" for a in "abcdefgh" for b in "klmno"]
    steps = [" ".join(words[start : start + 30]) for start in (0, 4, 8)]
    assert _clusters(steps[0], steps[2]) == [[0], [1]]
    assert _clusters(*steps) == [[0, 1, 2]]


def test_different_products_above_one_signature_are_different_texts() -> None:
    advertisements = [f"{name} 30 tablets\nPrice 85 birr\n{FOOTER}" for name in ("Zinc", "Iron", "Biotin")]
    assert _clusters(*advertisements) == [[0], [1], [2]]


def test_a_list_posted_again_with_its_signature_is_one_text() -> None:
    posts = [f"{name}\nPrice 85 birr\n{FOOTER}" for name in ("Zinc", "Iron", "Biotin")]
    again = "\n".join([*LIST, FOOTER])
    assert _clusters(*posts, again, again.replace("zinc tablets", "zinc capsules")) == [[0], [1], [2], [3, 4]]


def test_messages_without_words_are_one_text_and_those_of_unknown_text_are_not() -> None:
    assert _clusters("", "💊 💊", None, "12.000", None) == [[0, 1, 3], [2], [4]]


def test_short_texts_are_compared_whole() -> None:
    assert _clusters("Zinc", "zinc!", "Zinc tablets", "Iron") == [[0, 1], [2], [3]]
