"""How good an extractor of offers is: its predictions against labels that people made.

`labels` reads the files; `matching` finds which predicted offer is which labelled one; `measures` counts and makes
figures of the counts; `reposts` and `resampling` say how far these can be trusted; `mistakes` lists what is wrong;
`report` and `rendering` tell it. Nothing here knows how predictions are made.
"""

from medical_telegram_warehouse.offers.evaluation.comparison import Evaluation, evaluate
from medical_telegram_warehouse.offers.evaluation.labels import PredictedMessage, PredictedOffer
from medical_telegram_warehouse.offers.evaluation.rendering import markdown, printable

__all__ = ["Evaluation", "PredictedMessage", "PredictedOffer", "evaluate", "markdown", "printable"]
