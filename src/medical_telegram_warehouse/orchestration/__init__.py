"""The only room that knows Dagster: assets, the job, its schedule, its instance.

One file a concept. The work itself is in `steps`; here it gets lineage, retries, a history and a UI. `definitions`
puts everything together.
"""
