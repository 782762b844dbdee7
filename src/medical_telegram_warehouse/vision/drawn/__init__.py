"""Pictures for people: thumbnails, previews with boxes, contact sheets.

Colours and letters (`colours`, `lettering`), boxes (`drawing`), encoding and files (`pictures`), which previews there
are and are wanted (`preview_folder`, `previews`, `preview_making`), and one picture of a channel (`sheet`,
`sheet_cells`). Reads the detections file; knows no model.
"""
