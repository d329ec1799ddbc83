from kerasad.models.ssae import SSAE as SSAE
