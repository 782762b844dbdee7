"""`python -m medical_telegram_warehouse.cli`: the same as `mtw`."""

from medical_telegram_warehouse.cli import main

main()
