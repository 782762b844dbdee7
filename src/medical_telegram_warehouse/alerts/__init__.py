"""Who is told when something is wrong, and what: `look` finds it, `book` remembers it, `delivery` sends it.

    ops.runs, ops.step_runs, marts ─┐
    facts of the orchestrator       ├─► problems and events ─► book (SQLite) ─► messages ─► every URL of ALERT_URLS
    the analysts' file              ┘

Knows no orchestrator: what only that knows comes as plain data (`facts`). docs/alerts.md tells what is told, and when.
"""
