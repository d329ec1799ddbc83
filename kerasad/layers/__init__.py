from kerasad.layers.causal import CausalAttention as CausalAttention
from kerasad.layers.causal import MaskedConv2D as MaskedConv2D
from kerasad.layers.cbam import CBAM as CBAM
from kerasad.layers.cbam import ChannelAttention as ChannelAttention
from kerasad.layers.cbam import SpatialAttention as SpatialAttention
from kerasad.layers.codebook import Codebook as Codebook
from kerasad.layers.context import Context as Context
from kerasad.layers.context import PlaceFeatures as PlaceFeatures
from kerasad.layers.convex_combination import (
    ConvexCombination as ConvexCombination,
)
from kerasad.layers.dropout import Dropout as Dropout
from kerasad.layers.feature_gaussian import FeatureGaussian as FeatureGaussian
from kerasad.layers.feature_grid import FeatureGrid as FeatureGrid
from kerasad.layers.feature_memory import FeatureMemory as FeatureMemory
from kerasad.layers.feature_mixture import FeatureMixture as FeatureMixture
from kerasad.layers.lean_convolution import Conv2D as Conv2D
from kerasad.layers.lean_convolution import LeanConv2D as LeanConv2D
from kerasad.layers.lean_convolution import (
    LeanDepthwiseConv2D as LeanDepthwiseConv2D,
)
from kerasad.layers.luminance import AppendLightness as AppendLightness
from kerasad.layers.patch_features import PatchFeatures as PatchFeatures
from kerasad.layers.patch_memory import PatchMemory as PatchMemory
from kerasad.layers.place_bias import PlaceBias as PlaceBias
from kerasad.layers.residual import ResidualDown as ResidualDown
from kerasad.layers.residual import ResidualUp as ResidualUp
from kerasad.layers.resize import Resize as Resize
from kerasad.layers.sdc import SDCBlock as SDCBlock
from kerasad.layers.space_to_depth import DepthToSpace as DepthToSpace
from kerasad.layers.space_to_depth import SpaceToDepth as SpaceToDepth
