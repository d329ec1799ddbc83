"""Exported detectors, run with numpy, Pillow and one small runtime.

What `kerasad export` wrote for ONNX Runtime or OpenVINO predicts here without
Keras, and gives what `kerasad predict` gives:

```python
detector = kerasad.runtime.load("part.onnx")
for line in detector.predict_files(["photos"]):
    print(line["path"], line["is_anomalous"])
```
"""

from kerasad.runtime.exported import ExportedDetector as ExportedDetector
from kerasad.runtime.exported import load as load
