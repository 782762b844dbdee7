"""The seed of answers: what people said of names that no dictionary knows. dbt reads it; people may edit it too."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.offers.folding import fold_words


class Answer(NamedTuple):
    """What a name means. The columns of the seed."""

    name: str
    product: str
    generic: str
    brand: str
    product_class: str


def save_answer(path: Path, answer: Answer) -> bool:
    """Add an answer, or replace the one for the same name; say which of both.

    Raises:
        PermanentError: the file cannot be read or written, or the name or product is empty.
    """
    if not fold_words(answer.name) or not answer.product.strip():
        raise PermanentError("an answer needs a name and a product, in letters or digits")
    try:
        answers = [Answer(**row) for row in csv.DictReader(io.StringIO(path.read_text("utf-8")))]
        kept = [known for known in answers if fold_words(known.name) != fold_words(answer.name)]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Answer._fields)
        writer.writerows([*kept, answer])
        partial = path.with_suffix(".part")
        partial.write_text(text.getvalue(), "utf-8")
        partial.replace(path)
    except (OSError, TypeError) as error:
        raise PermanentError(
            f"{path} cannot be changed: {error}; its columns are {', '.join(Answer._fields)}"
        ) from error
    return len(kept) < len(answers)
