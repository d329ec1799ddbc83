import threading
from concurrent.futures import ThreadPoolExecutor

import keras

AHEAD = 2  # batches made while the network learns


class Endless(keras.utils.PyDataset):
    """Epoch after epoch of a data set, as one stream for `fit`.

    ```python
    with Endless(dataset) as stream:
        model.fit(stream, steps_per_epoch=len(dataset), epochs=10)
    ```

    Batch `i` is batch `i % n` of epoch `i // n`, so the data set needs no
    callback that tells it the epoch. On TensorFlow, Keras 3.15 makes two new
    iterators an epoch for a data set with a length, and to drop one whose
    next batch is under way takes 1.6 seconds in which nothing is computed: a
    third of an epoch of `default`.

    The next batches are made by a thread of its own: Keras does that on
    TensorFlow only. Its `workers` would, but see `ImageDataset`.

    Args:
        dataset: `kerasad.data.datasets.ImageDataset`.
        first: int. Batch to begin with.
    """

    def __init__(self, dataset, first=0, **kwargs):
        super().__init__(**kwargs)
        self.dataset = dataset
        self.first = first
        self.pool = ThreadPoolExecutor(1, "batches")
        self.lock = threading.Lock()
        self.coming = {}

    @property
    def num_batches(self):
        return None  # without end

    def __getitem__(self, index):
        with self.lock:
            if self.pool is None:
                return self.batch(index)
            wanted = range(index, index + 1 + AHEAD)
            for other in set(self.coming) - set(wanted):
                self.coming.pop(other).cancel()
            for i in wanted:
                if i not in self.coming:
                    self.coming[i] = self.pool.submit(self.batch, i)
            batch = self.coming.pop(index)
        return batch.result()

    def batch(self, index):
        """The batch after `first + index`, counted over all passes."""
        return self.dataset.batch(
            *divmod(self.first + index, len(self.dataset))
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with self.lock:  # TensorFlow may still read ahead, and after
            pool, self.pool = self.pool, None
        pool.shutdown()
