"""Photos to detections and an image category.

    scan, cache, pool, content           which photos are new, and what each content showed
    detector, letterbox, heads           a picture in, objects out
    rules, categories.toml, evaluation   what objects make of a photo, and how well that fits labels
    fingerprint, likeness                which pictures are the same one
    detections_csv, detections_read      the file that carries it all
    decoding/                            files of strangers to pictures
    models/, runtimes/                   model files, and what computes them
    drawn/                               previews and contact sheets

Nothing here knows Telegram, databases, settings or Dagster: paths and numbers are passed in. Importing this package
costs nothing: numpy, Pillow and the runtimes are imported by the modules that use them.
"""
