from kerasad.losses.masked import masked_weights as masked_weights
from kerasad.losses.pixelwise import MaskLoss as MaskLoss
from kerasad.losses.ssim import MSESSIMLoss as MSESSIMLoss
from kerasad.losses.ssim import SSIMLoss as SSIMLoss
