"""Photos to detections and an image category: weights, runtime, rules.

A photo's bytes are decoded (`decode`), a detector finds objects in them (`detector`, `heads`), rules turn the objects
into a category (`rules`), and every content is scanned once (`scan`, `cache`); the result is one CSV
(`detections_csv`). `weights` gets the model files, `convert_yolov7` makes the default one. Nothing here knows
Telegram, databases, settings or Dagster: paths and numbers are passed in.

Importing this package costs nothing: numpy, Pillow and onnxruntime are imported by the modules that use them.
"""
