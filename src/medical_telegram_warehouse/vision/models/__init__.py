"""Model files: where they come from, what is in them, and other forms of them.

names, downloads, checksums   `weights`, `model_files`, `pip_download`, `release_download`
a file that is safe to run    `onnx_file`, `model_facts`
made from checkpoints         `convert_yolov7` with `checkpoint`; `ultralytics_export` with its child process,
`ultralytics_checkpoint` and `inert_values`
8 bits                        `quantize`, with photos of `photo_choice`
how fast                      `speed`
"""
