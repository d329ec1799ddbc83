"""What a method may need besides images while it learns."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kerasad.data.textures import TextureBank, builtin_textures
from kerasad.settings import Settings


@dataclass
class Run:
    """Handed to `Method.fit`.

    Args:
        settings: the method's own `Config`.
        seed: int. Root of all randomness.
        textures: foreign textures for artificial defects; `None` for those
            built in.
        checkpoint: path of the file that an interrupted training goes on
            from; `None` for no such file.
        resume: bool. Whether to go on from it, where it is there.
        identity: dict. What a resumed run must share with the one begun.
        seconds: float. Time for the steps, those before a resumption
            included; `None` for as long as the settings say.
        shifted: `kerasad.domain.copies.Shifted`, the images to learn from as
            they are after a normalisation of other conditions; `None` where
            images are taken as they come.
        progress: callable `(epochs, epoch, step, steps, row)`, called after
            each batch with `row=None` and after each epoch with its row of
            the history.
        say: called with one line of commentary at a time.
        callbacks: `keras.callbacks.Callback` objects of the person's own,
            called around the epochs of each network that is trained.
        facts: dict that `fit` may fill with what the detector should
            remember of how it was made, as plain values.
    """

    settings: Settings
    seed: int = 0
    textures: TextureBank | None = None
    checkpoint: Path | None = None
    resume: bool = False
    identity: dict = field(default_factory=dict)
    seconds: float | None = None
    shifted: object = None
    progress: Callable | None = None
    say: Callable[[str], None] = lambda text: None
    callbacks: tuple = ()
    facts: dict = field(default_factory=dict)

    def bank(self, side: int) -> TextureBank:
        """The foreign textures, or those built in, of `side` pixels."""
        return self.textures or builtin_textures(self.seed, side)

    def part(self, name: str, settings=None, **changes) -> "Run":
        """The same for a part of the work, with a checkpoint of its own."""
        if self.checkpoint is not None:
            stem = f"{self.checkpoint.stem}-{name}"
            changes["checkpoint"] = self.checkpoint.with_name(f"{stem}.npz")
        return dataclasses.replace(
            self, settings=settings or self.settings, **changes
        )
