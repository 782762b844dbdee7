"""Copies files into the `raw` schema; loading the same files again changes nothing.

`messages` takes lakes, `detections` takes the scan's CSV. Both copy into a temporary table and merge it with one
statement each, in a transaction that also records how far the file has been read: a kill loses no record and a second
run repeats none.
"""
