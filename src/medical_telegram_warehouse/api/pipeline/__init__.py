"""How the pipeline fares: its runs, how fresh the warehouse is, what was rejected; and whether the service works."""
