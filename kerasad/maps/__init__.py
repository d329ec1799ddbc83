"""One function an anomaly map, `(images, reconstructions) -> (B, H, W)`."""

from kerasad.maps.difference import mse_ssim_map as mse_ssim_map
from kerasad.maps.difference import squared_error_map as squared_error_map
from kerasad.maps.gradient import gradient_map as gradient_map
from kerasad.maps.upsample import upsample as upsample

# Of a reconstruction, by the name that a config has for it.
MAPS = {
    "squared-error": squared_error_map,
    "mse-ssim": mse_ssim_map,
    "gradient": gradient_map,
}
