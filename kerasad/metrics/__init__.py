"""How well scores and anomaly maps separate: numpy in, floats out.

Labels are 0 normal, 1 anomalous; higher scores are more anomalous; an image
or pixel is flagged when its score is strictly above the threshold. A metric
that is undefined for the given images is `None`, never NaN and no exception.
"""

from kerasad.metrics.classification import (
    average_precision as average_precision,
)
from kerasad.metrics.classification import confusion as confusion
from kerasad.metrics.classification import f1_floor as f1_floor
from kerasad.metrics.classification import f1_max as f1_max
from kerasad.metrics.classification import roc_auc as roc_auc
from kerasad.metrics.groups import by_defect_size as by_defect_size
from kerasad.metrics.groups import per_defect as per_defect
from kerasad.metrics.per_image import aupimo as aupimo
from kerasad.metrics.per_image import image_recalls as image_recalls
from kerasad.metrics.per_image import pixel_metrics as pixel_metrics
from kerasad.metrics.pixel_resampling import pixel_bootstrap as pixel_bootstrap
from kerasad.metrics.pixels import aupro as aupro
from kerasad.metrics.pixels import pixel_ap as pixel_ap
from kerasad.metrics.pixels import pixel_roc_auc as pixel_roc_auc
from kerasad.metrics.pixels import pro_curve as pro_curve
from kerasad.metrics.resampling import bootstrap as bootstrap
