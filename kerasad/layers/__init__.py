from kerasad.layers.convex_combination import (
    ConvexCombination as ConvexCombination,
)
from kerasad.layers.resize import Resize as Resize
from kerasad.layers.sdc import SDCBlock as SDCBlock
from kerasad.layers.space_to_depth import DepthToSpace as DepthToSpace
from kerasad.layers.space_to_depth import SpaceToDepth as SpaceToDepth
