"""Requests that wait while one is scored are scored together."""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass
class Job:
    """Photos of one request, for the version that was served as it came."""

    version: object
    photos: list
    answer: asyncio.Future


class Batches:
    """One thread that scores, and those who wait for it.

    Nobody waits for a batch to fill: what came while the last one was scored
    is the next one. So a lone client is answered at once, and many share.

    Args:
        executor: of one thread, where all scoring and loading takes place.
        size: images, at most, of several requests together.
        observe: callable that is told the number of images of each batch.
    """

    def __init__(self, executor, size, observe):
        self.executor = executor
        self.size = size
        self.observe = observe
        self.waiting = deque()
        self.filled = asyncio.Event()

    async def score(self, version, photos) -> list[dict]:
        """See `Version.score`. Cancelled while it waits, it costs nothing."""
        answer = asyncio.get_running_loop().create_future()
        self.waiting.append(Job(version, photos, answer))
        self.filled.set()
        return await answer

    async def run(self):
        """Scores jobs together, those that wait while others are computed."""
        loop = asyncio.get_running_loop()
        while True:
            await self.filled.wait()
            jobs = self.next_batch()
            if not jobs:
                self.filled.clear()
                continue
            photos = [photo for job in jobs for photo in job.photos]
            self.observe(len(photos))
            try:
                rows = await loop.run_in_executor(
                    self.executor, jobs[0].version.score, photos
                )
            except Exception as error:  # each client is told, the next served
                for job in jobs:
                    if not job.answer.done():
                        job.answer.set_exception(error)
                continue
            for job in jobs:
                own, rows = rows[: len(job.photos)], rows[len(job.photos) :]
                if not job.answer.done():
                    job.answer.set_result(own)

    def next_batch(self) -> list[Job]:
        """The oldest jobs of one version, as many as fit; none that nobody
        waits for any more."""
        batch, left, images = [], deque(), 0
        while self.waiting:
            job = self.waiting.popleft()
            if job.answer.done():
                continue
            same = not batch or job.version is batch[0].version
            fits = not batch or images + len(job.photos) <= self.size
            if same and fits:
                batch.append(job)
                images += len(job.photos)
            else:
                left.append(job)
        self.waiting = left
        return batch
