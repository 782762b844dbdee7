"""`mtw`: a thin command for every step.

Commands read the settings, call `steps` or `orchestration`, and print; they decide nothing. What takes long to import
is imported by the command that needs it: `mtw --help` answers at once.
"""

from medical_telegram_warehouse.cli.app import main

__all__ = ["main"]
