"""Training of a network whose target is the image itself."""

from kerasad.data.augmentation import augmentation_of
from kerasad.data.datasets import VALIDATION_SEED, ImageDataset
from kerasad.sides import size_of
from kerasad.training.gradient import train_network


def train_autoencoder(network, build, losses, images, held_out, run):
    """Trains a twin of a network, and gives the network its weights.

    Args:
        network: `keras.Model`, in float32 whatever the training computes in.
        build: callable of settings, image size and a Keras dtype policy that
            returns the untrained twin.
        losses: dict, see `kerasad.training.gradient.train_network`.
        images, held_out, run: see `kerasad.Method.fit`.

    Returns:
        The history, a dict an epoch.
    """
    settings, size = run.settings, size_of(images.shape[1:3])
    weights, rows = train_network(
        lambda policy: build(settings, size, policy),
        losses,
        batches(images, settings, run.seed),
        batches(held_out, settings, run.seed, validation=True),
        run,
    )
    network.set_weights(weights)
    return rows


def batches(images, settings, seed, validation=False):
    """Images that are their own target; for validation as they are."""
    return ImageDataset(
        images,
        batch_size=settings.batch_size,
        seed=seed + (VALIDATION_SEED if validation else 0),
        augment=None if validation else augmentation_of(settings),
    )
