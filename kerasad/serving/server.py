"""What the routes share: detectors, the thread that scores, the watcher."""

import asyncio
import contextlib
import io
import time
from concurrent.futures import ThreadPoolExecutor

from PIL import Image
from starlette.requests import ClientDisconnect

from kerasad.data.decoding import decode
from kerasad.data.images import to_rgb
from kerasad.errors import InputError
from kerasad.lines import alarming
from kerasad.serving.batching import Batches
from kerasad.serving.journal import Journal
from kerasad.serving.limits import Limits, Refused
from kerasad.serving.measures import Measures
from kerasad.serving.recent import SIDE
from kerasad.serving.served import Photo, Served

WATCH = 0.5  # seconds between looks at the files
DECODERS = 2  # threads, so whole photos in memory at a time


class Server:
    """Detectors by name, and everything that is kept of their requests.

    Args:
        detectors: dict of `Served` by name.
        limits: `Limits`.
        journal: `Journal`.
        scoring: executor of one thread, the one that loaded the detectors:
            some backends keep state by thread.
    """

    def __init__(self, detectors, limits=None, journal=None, scoring=None):
        self.detectors: dict[str, Served] = detectors
        self.limits = limits or Limits()
        self.journal = journal or Journal()
        self.scoring = scoring or ThreadPoolExecutor(1)
        self.decoding = ThreadPoolExecutor(DECODERS)
        self.measures = Measures()
        self.open = 0
        self.ready = False
        self.batches = None

    @contextlib.asynccontextmanager
    async def running(self):
        """From the first request that may come to the last one answered."""
        self.batches = Batches(
            self.scoring, self.limits.batch_size, self.measures.batch.observe
        )
        tasks = [
            asyncio.create_task(self.batches.run()),
            asyncio.create_task(self.watch()),
        ]
        self.ready = True
        try:
            yield
        finally:
            self.ready = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.scoring.shutdown()
            self.decoding.shutdown()
            self.journal.close()

    async def watch(self):
        """Loads what was replaced: with Keras between two batches, for the
        backends keep state by thread; an exported one beside them."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(WATCH)
            for served in self.detectors.values():
                if served.changed():
                    place = self.decoding if served.exported else self.scoring
                    done = await loop.run_in_executor(place, served.reload)
                    outcome = "loaded" if done else "failed"
                    self.measures.reloads.labels(served.name, outcome).inc()

    def find(self, name) -> Served:
        """The detector of a name; the only one, if there is one, of `None`."""
        if name is None and len(self.detectors) == 1:
            return next(iter(self.detectors.values()))
        if name in self.detectors:
            return self.detectors[name]
        names = ", ".join(self.detectors)
        if name is None:
            raise Refused(400, f"say which detector: /predict/NAME of {names}")
        raise Refused(404, f"there is no detector {name!r}; there are {names}")

    @contextlib.asynccontextmanager
    async def request(self, served, **facts):
        """One request: counted, bounded in time, in the log in the end.

        Yields a dict; what the body adds to it is logged as well.
        """
        started, status = time.monotonic(), 200
        try:
            if self.open >= self.limits.queue:
                raise Refused(
                    503,
                    f"{self.open} requests are open, as many as are allowed; "
                    "ask again, or start the server with a larger --queue",
                )
            self.open += 1
            self.measures.open.set(self.open)
            try:
                async with asyncio.timeout(self.limits.seconds):
                    yield facts
            finally:
                self.open -= 1
                self.measures.open.set(self.open)
        except TimeoutError as error:
            status = 504
            raise Refused(
                504,
                f"not answered within {self.limits.seconds:g} s; ask less "
                "often, or start the server with a larger --timeout",
            ) from error
        except Refused as error:
            status, facts["error"] = error.status, error.text
            raise
        except (ClientDisconnect, asyncio.CancelledError):
            status = 499
            raise
        except Exception as error:
            status, facts["error"] = 500, f"{type(error).__name__}: {error}"
            raise
        finally:
            seconds = time.monotonic() - started
            self.measures.requests.labels(served.name, str(status)).inc()
            self.measures.seconds.labels(served.name).observe(seconds)
            self.journal.add(
                detector=served.name,
                status=status,
                milliseconds=round(1000 * seconds, 1),
                **facts,
            )

    async def photo(self, version, content, name, page) -> Photo:
        """An image file as a `Photo`; decoded beside the scoring."""
        loop = asyncio.get_running_loop()

        def read():
            try:
                whole = opened(content, name, page)
                return shown(whole, version, name)
            except InputError as error:
                raise Refused(400, str(error)) from error

        return await loop.run_in_executor(self.decoding, read)

    async def photos(self, version, images) -> list[Photo]:
        """Arrays as photos of the size that a detector takes."""
        loop = asyncio.get_running_loop()

        def read():
            try:
                return [
                    shown(Image.fromarray(image), version, "an image")
                    for image in images
                ]
            except InputError as error:
                raise Refused(400, str(error)) from error

        return await loop.run_in_executor(self.decoding, read)

    async def score(self, served, version, photos) -> list[dict]:
        """The rows of photos, remembered for the operator."""
        try:
            rows = await self.batches.score(version, photos)
        except InputError as error:  # a damaged detector
            raise Refused(500, str(error)) from error
        flagged = 0
        for photo, row in zip(photos, rows, strict=True):
            version.drift.add(row["line"])
            served.recent.add(photo, row, version)
            flagged += alarming(row["line"])
        self.measures.images.labels(served.name).inc(len(rows))
        self.measures.flagged.labels(served.name).inc(flagged)
        return rows


def opened(content, name, page):
    """A Pillow image of the bytes of a file.

    Raises:
        InputError: it is none, or has pages and nobody said which.
    """
    if page is None and page_count(content) > 1:
        raise InputError(
            f"{name}: has {page_count(content)} pages; say which, from 0: "
            "?page=0"
        )
    image = decode(name, page or 0, file=io.BytesIO(content))
    return to_rgb(image, name)


def page_count(content) -> int:
    """Of a TIFF; the frames of an animation are not pages."""
    if content[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(content)) as tiff:
            return sum(not page.is_reduced for page in tiff.pages)
    except Exception:  # tifffile raises almost anything; its reader says so
        return 1


def shown(image, version, name) -> Photo:
    """An image as the detector takes it, with a small one to look at."""
    fitting = version.detector.fitting(image, name)
    sides = image.height, image.width
    small = image.copy()
    small.thumbnail((SIDE, SIDE))
    return Photo(fitting, sides, small)
