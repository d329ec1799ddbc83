from kerasad.losses.masked import masked_weights as masked_weights
from kerasad.losses.pixelwise import MaskLoss as MaskLoss
from kerasad.losses.pixelwise import SquaredError as SquaredError
