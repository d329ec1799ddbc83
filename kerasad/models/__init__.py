from kerasad.models.feature_head import FeatureHead as FeatureHead
from kerasad.models.model_one import ModelOne as ModelOne
from kerasad.models.ssae import SSAE as SSAE
from kerasad.models.vqvae import VQVAE as VQVAE
