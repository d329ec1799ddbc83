"""An HTTP server of detectors: `kerasad serve`.

The Open Inference Protocol, version 2, over REST, and a plain `POST /predict`
with an image file. One thread scores, the requests that wait are scored
together, and a file that is replaced is served from then on.
"""
