"""Refuses hostile detector files before Keras sees them."""

from kerasad.vetting.archive import OpenedFile as OpenedFile
from kerasad.vetting.archive import vet as vet
from kerasad.vetting.config import too_new as too_new
